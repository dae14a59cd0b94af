"""A page of ours as a PDF: set on A4 with contents, bookmarks and page numbers, its drawings still drawings.

What a page says, and in which order, is its template's affair alone: what is set here is the finished page, element
by element. Tables and letters have their own modules.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable, Iterable, Iterator

from lxml.html import HtmlElement, document_fromstring
from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import (
    BaseDocTemplate,
    CondPageBreak,
    Flowable,
    Frame,
    PageBreak,
    PageTemplate,
    Paragraph,
    Table,
    TableStyle,
)
from reportlab.platypus.tableofcontents import TableOfContents

from workbench.reports.pdf_figures import SMALLEST, Figure
from workbench.reports.pdf_letters import BOLD, MONO, color, make_ready, marked, style, unbroken
from workbench.reports.pdf_tables import set_table
from workbench.views.wording import shorten

MARGIN, FOOT = 18 * mm, 10 * mm
WIDTH, HEIGHT = A4[0] - 2 * MARGIN, A4[1] - 2 * MARGIN
MOST_CODE = 60
"""Lines of code are cut at that many."""
_LEVELS = {"h1": 0, "h2": 0, "h3": 1, "summary": 2}
_LISTED = ("h2", "h3")
"""Headings in the contents, which a page has that can be leafed through; all are bookmarks."""
_LEAD = 3
"""So many paragraphs may stay between a heading and what comes below, all on one page."""
_FIRST = 28 * mm
"""Of a long table, what stays with its heading."""
_LONGEST = 300
"""Letters of a heading, which must fit on a page; its bookmark has all of them."""
_CARDS = 4
"""At most so many beside one another."""
_UNSEEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def pdf_of(page: str) -> bytes:
    """The PDF of a web page that our templates made, with SVG figures; the same page gives the same bytes."""
    make_ready()
    root = document_fromstring(_UNSEEN.sub("□", page))
    blocks = list(_blocks(root.find("body")))
    _number(block for block in blocks if isinstance(block, _Heading))
    sections = [k for k, block in enumerate(blocks) if isinstance(block, _Heading) and block.tag == "h2"]
    if root.find(".//nav") is not None:
        blocks[sections[0] : sections[0]] = [*_contents(), PageBreak()]
    out = io.BytesIO()
    _Document(out, _words(root.find(".//title"))).multiBuild(list(_kept(blocks)))
    return out.getvalue()


class _Heading(Paragraph):  # type: ignore[misc]
    """A heading, which is a bookmark too.

    Attributes
    ----------
    tag, words : str
    key : str
        What links to it.
    level : int
        Among the bookmarks.
    """

    key, level = "", 0

    def __init__(self, element: HtmlElement) -> None:
        self.tag = element.tag
        self.words = _words(element)
        super().__init__(marked(shorten(self.words, _LONGEST), BOLD), style(self.tag))

    def draw(self) -> None:
        self.canv.bookmarkHorizontal(self.key, 0, self.height)
        self.canv.addOutlineEntry(self.words, self.key, self.level)
        super().draw()


def _number(headings: Iterable[_Heading]) -> None:
    level = 0
    for n, heading in enumerate(headings):
        level = min(_LEVELS[heading.tag], level + 1)
        heading.key, heading.level = f"heading-{n}", level


class _Document(BaseDocTemplate):  # type: ignore[misc]
    """Lists its headings in the contents, and knows how many pages it has.

    Attributes
    ----------
    named : str
        What stands at the foot of each page.
    total : int
        Pages that it had when it was set before; it is set until they are as many again.
    """

    def __init__(self, out: io.BytesIO, title: str) -> None:
        about = {"title": title, "author": "VQ Workbench", "creator": "VQ Workbench", "lang": "en"}
        super().__init__(out, pagesize=A4, invariant=1, **about)
        frame = Frame(MARGIN, MARGIN, WIDTH, HEIGHT, 0, 0, 0, 0)
        self.addPageTemplates(PageTemplate("page", [frame], onPageEnd=_foot))
        self.named = shorten(title, 80)
        self.total = 0

    def afterFlowable(self, flowable: Flowable) -> None:  # noqa: N802
        if isinstance(flowable, _Heading) and flowable.tag in _LISTED:
            self.notify(
                "TOCEntry", (flowable.level, marked(shorten(flowable.words, _LONGEST)), self.page, flowable.key)
            )

    def _allSatisfied(self) -> bool:  # noqa: N802
        before, self.total = self.total, self.page
        return bool(super()._allSatisfied()) and before == self.total


def _foot(canvas: Canvas, document: _Document) -> None:
    """The line at the foot of a page: what it is a page of, and which."""
    for text, name in ((document.named, "foot"), (f"{document.page} of {document.total}", "number")):
        line = Paragraph(marked(text), style(name))
        line.wrap(WIDTH, MARGIN)
        line.drawOn(canvas, MARGIN, FOOT)


def _contents() -> list[Flowable]:
    listed = TableOfContents(levelStyles=[style("listed"), style("listed below")], dotsMinLevel=0)
    listed.tableStyle = TableStyle([(f"{side}PADDING", (0, 0), (-1, -1), 0) for side in ("LEFT", "RIGHT")])
    return [Paragraph("Contents", style("h2")), listed]


def _kept(blocks: Iterable[Flowable]) -> Iterator[Flowable]:
    """`blocks`, where a heading goes to the next page if what comes below would not begin on its own."""
    held: list[Flowable] = []
    for block in blocks:
        is_lead = isinstance(block, Paragraph) and block.style.name in ("p", "muted") and 0 < len(held) <= _LEAD
        if isinstance(block, _Heading) or is_lead:
            held.append(block)
            continue
        if held:
            height = _height(block)
            yield from _together(held, SMALLEST * height if isinstance(block, Figure) else min(height, _FIRST))
            held = []
        yield block
    yield from _together(held, 0.0)


def _together(held: list[Flowable], below: float) -> Iterator[Flowable]:
    if held:
        yield CondPageBreak(min(sum(map(_height, held)) + below, HEIGHT - 1))
    yield from held


def _height(block: Flowable) -> float:
    return float(block.wrap(WIDTH, HEIGHT)[1]) + block.getSpaceBefore() + block.getSpaceAfter()


def _blocks(element: HtmlElement) -> Iterator[Flowable]:
    """What is to be set of `element`, in its order."""
    for child in element.iterchildren("*"):
        make = _MAKERS.get(child.get("class", "")) or _MAKERS.get(child.tag)
        yield from _blocks(child) if make is None else make(child)


def _heading(element: HtmlElement) -> list[Flowable]:
    return [_Heading(element)]


def _paragraph(element: HtmlElement) -> list[Flowable]:
    return [Paragraph(marked(unbroken(_words(element))), style(element.get("class", "p")))]


def _items(element: HtmlElement) -> list[Flowable]:
    return [
        Paragraph(marked(unbroken(_words(item))), style("li"), bulletText="•") for item in element.iterchildren("li")
    ]


def _code(element: HtmlElement) -> list[Flowable]:
    lines = element.text_content().splitlines()
    if len(lines) > MOST_CODE:
        lines[MOST_CODE:] = [f"… {len(lines) - MOST_CODE:,} more lines are in the report as a web page"]
    text = "<br/>".join(_indented(line.expandtabs(4)) for line in lines)
    return [Paragraph(text, style("pre"))]


def _indented(line: str) -> str:
    words = line.lstrip(" ")
    return "\N{NO-BREAK SPACE}" * (len(line) - len(words)) + marked(words, MONO)


def _notes(element: HtmlElement) -> list[Flowable]:
    """Warnings, with a bar beside them."""
    lines = [[Paragraph(marked(unbroken(_words(note))), style("p"))] for note in element.iterchildren("p")]
    bar = TableStyle([("LINEBEFORE", (0, 0), (0, -1), 2.5, color("danger")), ("LEFTPADDING", (0, 0), (0, -1), 9)])
    return [Table(lines, [WIDTH], style=bar, spaceBefore=10)]


def _cards(element: HtmlElement) -> list[Flowable]:
    """Figures of the first glance, beside one another."""
    styles = {"b": style("card"), "span": style("card name"), "small": style("card note")}
    cards = [
        [
            Paragraph(marked(unbroken(_words(part)), styles[part.tag].fontName), styles[part.tag])
            for part in card.iterchildren("*")
        ]
        for card in element.iterchildren("div")
    ]
    n_across = min(len(cards), _CARDS)
    cards += [[]] * (-len(cards) % n_across)
    lines = [cards[k : k + n_across] for k in range(0, len(cards), n_across)]
    look = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEABOVE", (0, 0), (-1, -1), 1.5, color("accent")),
        ("TOPPADDING", (0, 0), (-1, -1), 5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 10),
    ]
    return [Table(lines, [WIDTH / n_across] * n_across, style=TableStyle(look), spaceBefore=14)]


def _figure(element: HtmlElement) -> list[Flowable]:
    image = element.find(".//img")
    _, _, content = image.get("src").partition(";base64,")
    return [Figure(base64.b64decode(content), image.get("alt"), WIDTH, HEIGHT)]


def _table(element: HtmlElement) -> list[Flowable]:
    return [set_table(element, WIDTH)]


def _nothing(element: HtmlElement) -> list[Flowable]:
    return []


def _words(element: HtmlElement) -> str:
    return " ".join(element.text_content().split())


_MAKERS: dict[str, Callable[[HtmlElement], list[Flowable]]] = {
    **dict.fromkeys(_LEVELS, _heading),
    "p": _paragraph,
    "ul": _items,
    "pre": _code,
    "table": _table,
    "figure": _figure,
    "cards": _cards,
    "notes": _notes,
    "nav": _nothing,
}
"""What sets an element, by its class or its name; of any other, what is in it is set."""
