"""Figures in a PDF: SVG of ours placed as drawings, with their letters as letters; what is pixels keeps its holes."""

from __future__ import annotations

import io

from reportlab.graphics import renderPDF
from reportlab.graphics.renderbase import Renderer
from reportlab.graphics.shapes import DirectDraw, Group, Image, String
from reportlab.lib.utils import ImageReader
from reportlab.platypus import Flowable, Paragraph
from svglib.svglib import svg2rlg

from workbench.reports.pdf_letters import marked, style, visual

SMALLEST = 0.8
"""A figure is made smaller by no more than that to fit on what is left of a page."""
_AIR = 6.0
"""Points above and below a figure."""
_GAP = 3.0
"""Points above its caption."""


class Figure(Flowable):  # type: ignore[misc]
    """A drawing with what it shows in words under it; somewhat smaller where it then fits on the page.

    Attributes
    ----------
    drawing : Drawing
    caption : Paragraph
    room : float
        Points that the caption takes.
    natural : float
        Scale at which it is as wide as the page, or as tall, but not larger than it was made.
    """

    def __init__(self, svg: bytes, words: str, width: float, height: float) -> None:
        super().__init__()
        self.spaceBefore, self.spaceAfter = _AIR, _AIR
        self.drawing = svg2rlg(io.BytesIO(svg))
        _adapt(self.drawing)
        self.caption = Paragraph(marked(words), style("caption"))
        self.room = self.caption.wrap(width, height)[1] + _GAP
        self.natural = min(1.0, width / self.drawing.width, (height - self.room - 1) / self.drawing.height)

    def wrap(self, width: float, height: float) -> tuple[float, float]:
        fitting = (height - self.room - 1) / self.drawing.height
        self.width = width
        self.scale = fitting if SMALLEST * self.natural <= fitting < self.natural else self.natural
        return width, self.scale * self.drawing.height + self.room

    def draw(self) -> None:
        self.caption.drawOn(self.canv, 0, 0)
        self.canv.translate((self.width - self.scale * self.drawing.width) / 2, self.room)
        self.canv.scale(self.scale, self.scale)
        renderPDF.draw(self.drawing, self.canv, 0, 0)


def _adapt(drawing: Group) -> None:
    """Put letters into the order in which they stand, and pixels into a form that may be transparent."""
    for k, part in enumerate(drawing.contents):
        if isinstance(part, String):
            part.text = visual(part.text)
        elif isinstance(part, Image):
            drawing.contents[k] = _Pixels(part)
        elif isinstance(part, Group):
            _adapt(part)


class _Pixels(DirectDraw):  # type: ignore[misc]
    """An image that shows what is under it where it is transparent, which those of the library do not."""

    def __init__(self, image: Image) -> None:
        self._image = image

    def drawDirectly(self, renderer: Renderer) -> None:  # noqa: N802
        image = self._image
        renderer._canvas.drawImage(ImageReader(image.path), image.x, image.y, image.width, image.height, mask="auto")
