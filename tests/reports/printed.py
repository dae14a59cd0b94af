"""A PDF as whoever reads it sees it, for tests of what is printed."""

from __future__ import annotations

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
