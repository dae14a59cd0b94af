"""Tables of a page in a PDF: widths of the columns, lines over several pages under repeated heads, shares as bars."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from lxml.html import HtmlElement
from reportlab.graphics.shapes import Drawing, Rect
from reportlab.lib.colors import linearlyInterpolatedColor
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase.pdfmetrics import stringWidth
from reportlab.platypus import LongTable, Paragraph, TableStyle

from workbench.reports.pdf_letters import BOLD, PLAIN, color, is_simple, marked, unbroken
from workbench.views.wording import shorten

SIZES = (8.0, 7.0, 6.0, 5.0)
"""Points of the letters: the largest in which every word has room."""
_PAD = 3.5
"""Points on either side of a cell."""
_BAR = 45 * mm
_LONGEST_WORD = 40 * mm
"""Words are broken that are longer."""
_MOST_LINES = 24
"""A cell is cut at about that many: one must fit on a page."""
_LETTER = 0.6
"""Width of a letter in the mean, to its size."""


@dataclass(frozen=True)
class Cell:
    """One cell of a page's table.

    Attributes
    ----------
    text : str
    is_bold : bool
    align : str
        LEFT, CENTER or RIGHT.
    share : float or None
        From 0 to 1: of a bar, or of the colour behind a count.
    is_bar : bool
    """

    text: str
    is_bold: bool
    align: str
    share: float | None
    is_bar: bool

    @property
    def font(self) -> str:
        return BOLD if self.is_bold else PLAIN

    def width(self, size: float) -> float:
        """Points that it would like to have."""
        return _BAR if self.is_bar else stringWidth(self.text, self.font, size) + 2 * _PAD

    def least(self, size: float) -> float:
        """Points below which words would be broken."""
        if self.is_bar:
            return _BAR / 3
        words = [stringWidth(word, self.font, size) for word in self.text.split(" ")]
        return min(max(words, default=0.0), _LONGEST_WORD) + 2 * _PAD


def set_table(element: HtmlElement, room: float) -> LongTable:
    """The table of a page, at most `room` points wide."""
    kind = element.get("class", "")
    lines = [_line(line, kind) for line in element.iter("tr")]
    columns = list(zip_longest(*lines, fillvalue=Cell("", False, "LEFT", None, False)))
    size, widths = _fitted(columns, room)
    heads = len(element.xpath("./thead/tr"))
    shown = [[_set(cell, widths[k], size) for k, cell in enumerate(line)] for line in lines]
    return LongTable(
        shown,
        widths,
        repeatRows=heads,
        hAlign="LEFT",
        style=_look(lines, heads, kind, size),
        spaceBefore=2,
        spaceAfter=6,
    )


def _line(line: HtmlElement, kind: str) -> list[Cell]:
    look = line.get("class", "")
    is_head = line.getparent().tag == "thead"
    cells = []
    for place, cell in enumerate(line.iterchildren("td", "th")):
        stressed = (look == "changed" and place < 2) or look == "chosen"
        is_left = kind == "facts" or place == 0 or cell.get("class") == "text"
        align = "CENTER" if kind == "matrix" and place else "LEFT" if is_left else "RIGHT"
        is_bar = cell.get("class") == "bar" and not is_head
        share = re.search(r"(?:--rate|width): ([\d.]+)", (cell[0] if is_bar else cell).get("style", ""))
        text = unbroken(" ".join(cell.text_content().split()))
        part = float(share.group(1)) / 100 if share else None
        cells.append(Cell(text, cell.tag == "th" or stressed, align, part, is_bar))
    return cells


def _fitted(columns: list[tuple[Cell, ...]], room: float) -> tuple[float, list[float]]:
    """Size of the letters, and the widths of the columns."""
    for size in SIZES:
        least = [max(cell.least(size) for cell in column) for column in columns]
        if sum(least) <= room:
            break
    else:
        return size, [room * width / sum(least) for width in least]
    wishes = [max(cell.width(size) for cell in column) for column in columns]
    if sum(wishes) <= room:
        return size, wishes
    more = [min(wish, room) - width for wish, width in zip(wishes, least, strict=True)]
    spare = (room - sum(least)) / sum(more)
    return size, [width + spare * wish for width, wish in zip(least, more, strict=True)]


def _set(cell: Cell, width: float, size: float) -> Any:
    """What stands in a cell: bare text where it fits on a line, which is the quickest to set."""
    if cell.is_bar:
        bar = Drawing(width - 2 * _PAD, 0.7 * size)
        bar.add(Rect(0, 0, bar.width * (cell.share or 0.0), bar.height, fillColor=color("accent"), strokeColor=None))
        return bar
    if is_simple(cell.text) and cell.width(size) <= width + 0.01:
        return cell.text
    text = shorten(cell.text, max(12, int(_MOST_LINES * (width - 2 * _PAD) / (_LETTER * size))))
    alignment = {"LEFT": 0, "CENTER": 1, "RIGHT": 2}[cell.align]
    style = ParagraphStyle(
        "cell", fontName=cell.font, fontSize=size, leading=1.25 * size, textColor=color("text"), alignment=alignment
    )
    return Paragraph(marked(text, cell.font), style)


def _look(lines: list[list[Cell]], heads: int, kind: str, size: float) -> TableStyle:
    commands: list[tuple[Any, ...]] = [
        ("FONT", (0, 0), (-1, -1), PLAIN, size, 1.25 * size),
        ("TEXTCOLOR", (0, 0), (-1, -1), color("text")),
        ("VALIGN", (0, 0), (-1, -1), "MIDDLE" if kind == "matrix" else "TOP"),
        ("LEFTPADDING", (0, 0), (-1, -1), _PAD),
        ("RIGHTPADDING", (0, 0), (-1, -1), _PAD),
        ("TOPPADDING", (0, 0), (-1, -1), 2),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
    ]
    if kind == "matrix":
        commands.append(("GRID", (0, 0), (-1, -1), 0.4, color("grid")))
    elif kind != "facts":
        commands.append(("LINEBELOW", (0, 0), (-1, -1), 0.4, color("grid")))
    if heads:
        commands.append(("LINEBELOW", (0, heads - 1), (-1, heads - 1), 0.9, color("muted")))
        commands.append(("VALIGN", (0, 0), (-1, heads - 1), "BOTTOM"))
    for y, line in enumerate(lines):
        for x, cell in enumerate(line):
            commands.append(("ALIGN", (x, y), (x, y), cell.align))
            if cell.is_bold:
                commands.append(("FONTNAME", (x, y), (x, y), BOLD))
            if cell.share is not None and not cell.is_bar:
                shade = linearlyInterpolatedColor(color("surface"), color("accent"), 0, 1, 0.55 * cell.share)
                commands.append(("BACKGROUND", (x, y), (x, y), shade))
    return TableStyle(commands)
