"""A PDF as whoever reads it sees it, and the headings of the page that it was made of; no tests."""

from __future__ import annotations

from html.parser import HTMLParser

import pypdfium2 as pdfium


class Printed:
    """What a reader of PDF makes of one."""

    def __init__(self, source: bytes) -> None:
        self.source = source
        self.file = pdfium.PdfDocument(source)
        self.texts = [" ".join(page.get_textpage().get_text_bounded().split()) for page in self.file]
        self.outline = [(mark.get_title(), mark.get_dest().get_index()) for mark in self.file.get_toc()]

    @property
    def text(self) -> str:
        return " ".join(self.texts)

    def count(self, page: int, kind: int) -> int:
        return sum(item.type == kind for item in self.file[page].get_objects(max_depth=8))


class Headings(HTMLParser):
    """The headings of a web page, and how many figures it has."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.n_figures = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.n_figures += tag == "img"
        if tag in ("h1", "h2", "h3", "summary"):
            self.found.append((tag, ""))
            self.is_open = True

    def handle_endtag(self, tag: str) -> None:
        if tag in ("h1", "h2", "h3", "summary"):
            self.is_open = False

    def handle_data(self, text: str) -> None:
        if self.found and self.is_open:
            tag, before = self.found[-1]
            self.found[-1] = (tag, before + text)
