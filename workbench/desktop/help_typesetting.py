"""How a page of the help is set: room around text, headings and tables in the theme's colours, pictures to fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import (
    QBrush,
    QColor,
    QImage,
    QTextBlock,
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextDocument,
    QTextFragment,
    QTextFrameFormat,
    QTextLength,
    QTextTable,
)

from workbench.desktop.help_pages import anchor
from workbench.desktop.theme import Colours

MARGIN = 28
LINE_HEIGHT, HEADING_HEIGHT = 135, 110
"""Percent of what the font asks for."""


def typeset(document: QTextDocument, colours: Colours) -> None:
    """Set a page that was just read from Markdown."""
    document.setDocumentMargin(MARGIN)
    size = document.defaultFont().pointSizeF()
    for block in _blocks(document):
        level = block.blockFormat().headingLevel()
        form = QTextBlockFormat()
        if not any(fragment.charFormat().isImageFormat() for fragment in _fragments(block)):
            height = HEADING_HEIGHT if level else LINE_HEIGHT
            form.setLineHeight(height, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        if level:
            form.setTopMargin(size * (0.4 if level == 1 else 1.8))
            form.setBottomMargin(size * 0.7)
        elif block.textList() is not None:
            form.setBottomMargin(size * 0.3)
        cursor = QTextCursor(block)
        cursor.mergeBlockFormat(form)
        if level:
            inks = QTextCharFormat()
            inks.setForeground(QColor(colours.text))
            inks.setFontPointSize(size * {1: 1.75, 2: 1.25}.get(level, 1.1))
            cursor.select(QTextCursor.SelectionType.BlockUnderCursor)
            cursor.mergeCharFormat(inks)
    for frame in document.rootFrame().childFrames():
        if isinstance(frame, QTextTable):
            _set_table(frame, colours)


def heading_top(document: QTextDocument, fragment: str) -> float | None:
    """Where the heading begins that `fragment` names, in pixels from the top; None where there is none."""
    for block in _blocks(document):
        if block.blockFormat().headingLevel() and anchor(block.text()) == fragment.lower():
            return document.documentLayout().blockBoundingRect(block).top()
    return None


def fit_pictures(document: QTextDocument, room: float, ratio: float, picture: Callable[[str], QImage | None]) -> None:
    """Make pictures no wider than `room` pixels, of which each is `ratio` of the screen's; `picture` finds one."""
    for block in _blocks(document):
        for fragment in _fragments(block):
            form = fragment.charFormat().toImageFormat()
            image = picture(form.name()) if form.isValid() else None
            if image is None:
                continue
            form.setWidth(min(image.width(), round(room)))
            form.setHeight(round(image.height() * form.width() / image.width()))
            shown = image.scaledToWidth(round(form.width() * ratio), Qt.TransformationMode.SmoothTransformation)
            shown.setDevicePixelRatio(ratio)
            document.addResource(QTextDocument.ResourceType.ImageResource.value, QUrl(form.name()), shown)
            cursor = QTextCursor(document)
            cursor.setPosition(fragment.position())
            cursor.setPosition(fragment.position() + fragment.length(), QTextCursor.MoveMode.KeepAnchor)
            cursor.setCharFormat(form)


def _set_table(table: QTextTable, colours: Colours) -> None:
    form = table.format()
    form.setBorder(1)
    form.setBorderCollapse(True)
    form.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_Solid)
    form.setBorderBrush(QBrush(QColor(colours.border)))
    form.setCellPadding(5)
    form.setCellSpacing(0)
    form.setTopMargin(6)
    form.setBottomMargin(10)
    form.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
    table.setFormat(form)
    for column in range(table.columns()):
        cell = table.cellAt(0, column)
        head = cell.format()
        head.setBackground(QColor(colours.hover))
        cell.setFormat(head)


def _blocks(document: QTextDocument) -> Iterator[QTextBlock]:
    block = document.begin()
    while block.isValid():
        yield block
        block = block.next()


def _fragments(block: QTextBlock) -> list[QTextFragment]:
    found = []
    at = block.begin()
    while not at.atEnd():
        found.append(at.fragment())
        at += 1
    return found
