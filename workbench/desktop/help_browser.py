"""Shows pages of the help that are in memory: their Markdown, pictures and links, in the theme's colours."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from PySide6.QtCore import QByteArray, Qt, QUrl, Slot
from PySide6.QtGui import QImage, QResizeEvent
from PySide6.QtWidgets import QFrame, QTextBrowser

from workbench.desktop import theme
from workbench.desktop.help_pages import Pages, addressed, filled
from workbench.desktop.help_typesetting import MARGIN, fit_pictures, heading_top, typeset


class HelpBrowser(QTextBrowser):
    """Shows a page out of `pages`, set in the theme's colours."""

    def __init__(self, pages: Pages, keys: Callable[[], Mapping[str, str]]) -> None:
        super().__init__(openExternalLinks=True, frameShape=QFrame.Shape.NoFrame)
        self._pages = pages
        self._keys = keys
        self.setAccessibleName("Help page")
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)  # else pictures that fit would call it
        self.sourceChanged.connect(self._arrive)

    def loadResource(self, kind: int, name: QUrl) -> object:  # noqa: N802
        path = name.path().lstrip("/")
        if path in self._pages.texts:
            return addressed(filled(self._pages.texts[path], self._keys()), path)
        return self._picture(path)

    def reload(self) -> None:  # Qt's would set the page and tell nobody
        """Show the page anew, where it was."""
        at = self.verticalScrollBar().value()
        super().reload()
        self._set()
        self.verticalScrollBar().setValue(at)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802
        super().resizeEvent(event)
        self._fit()

    def _picture(self, path: str) -> QImage | None:
        """A picture of the help, in its dark version where there is one and it is dark."""
        dark = path.replace(".png", "_dark.png")
        wanted = dark if theme.current().name == "dark" and dark in self._pages.pictures else path
        content = self._pages.pictures.get(wanted)
        return None if content is None else QImage.fromData(QByteArray(content))

    def _set(self) -> None:
        typeset(self.document(), theme.current())
        self._fit()

    def _fit(self) -> None:
        room = self.viewport().width() - 2 * MARGIN
        fit_pictures(self.document(), room, self.devicePixelRatioF(), self._picture_at)

    def _picture_at(self, address: str) -> QImage | None:
        return self._picture(QUrl(address).path().lstrip("/"))

    @Slot(QUrl)
    def _arrive(self, url: QUrl) -> None:
        self._set()
        top = heading_top(self.document(), url.fragment())
        if top is not None:
            self.verticalScrollBar().setValue(round(top) - MARGIN // 2)
