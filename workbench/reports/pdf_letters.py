"""Any text in the fonts of a PDF: styles, which font has a letter, order and shape of letters from right to left.

The PDF library sets letters one after another from left to right, in one font. Here are a fallback for letters that
the font lacks, and the part of Unicode's bidirectional algorithm (UAX #9) and of Arabic joining that names need.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from reportlab.lib.colors import HexColor
from reportlab.lib.enums import TA_CENTER, TA_RIGHT
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfbase.ttfonts import TTFont
from svglib.svglib import register_font

from workbench.views import theme

PLAIN, BOLD, MONO = "DejaVu Sans", "DejaVu Sans Bold", "DejaVu Sans Mono"
_FILES = {PLAIN: "DejaVuSans.ttf", BOLD: "DejaVuSans-Bold.ttf", MONO: "DejaVuSansMono.ttf"}
_EAST_ASIAN = (
    ("HeiseiMin-W3", re.compile("[\u3040-\u30ff]")),
    ("HYSMyeongJo-Medium", re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]")),
    ("STSong-Light", re.compile("[\u2e80-\u303f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff00-\uffef]")),
)
"""Fonts that readers of PDF bring along; they are named in the file, not embedded."""
_RIGHT_TO_LEFT = ("R", "AL")
_BRACKETS = ("()", "[]", "{}", "<>", "«»")
_MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")

_PERCENT = re.compile(r"(?<=\d) %")

_STYLES: dict[str, tuple[float, str, str, dict[str, Any]]] = {
    "h1": (20, BOLD, "text", {"spaceAfter": 4}),
    "h2": (14, BOLD, "text", {"spaceBefore": 18, "spaceAfter": 5}),
    "h3": (10.5, BOLD, "text", {"spaceBefore": 11, "spaceAfter": 4}),
    "summary": (9, BOLD, "muted", {"spaceBefore": 11, "spaceAfter": 4}),
    "p": (9, PLAIN, "text", {"spaceBefore": 3, "spaceAfter": 3}),
    "muted": (9, PLAIN, "muted", {"spaceBefore": 3, "spaceAfter": 3}),
    "li": (9, PLAIN, "text", {"leftIndent": 12, "bulletIndent": 2, "spaceAfter": 2}),
    "pre": (7.5, MONO, "text", {"borderPadding": 5, "spaceBefore": 8, "spaceAfter": 10, "leftIndent": 5}),
    "caption": (7.5, PLAIN, "muted", {"alignment": TA_CENTER}),
    "card": (15, BOLD, "text", {}),
    "card name": (8.5, PLAIN, "text", {"spaceBefore": 2}),
    "card note": (7, PLAIN, "muted", {"spaceBefore": 1}),
    "listed": (9.5, PLAIN, "text", {"spaceBefore": 4, "rightIndent": 30}),
    "listed below": (8.5, PLAIN, "muted", {"leftIndent": 14, "rightIndent": 30}),
    "foot": (7, PLAIN, "muted", {}),
    "number": (7, PLAIN, "muted", {"alignment": TA_RIGHT}),
}
"""Points, font, colour, and the rest, of each."""


def make_ready() -> None:
    """Make the fonts known, those of figures too."""
    if PLAIN in pdfmetrics.getRegisteredFontNames():
        return
    from matplotlib import get_data_path

    folder = Path(get_data_path()) / "fonts" / "ttf"
    for name, file in _FILES.items():
        pdfmetrics.registerFont(TTFont(name, str(folder / file)))
    for name, _ in _EAST_ASIAN:
        pdfmetrics.registerFont(UnicodeCIDFont(name))
    register_font(PLAIN, str(folder / _FILES[PLAIN]), rlgFontName=PLAIN)
    register_font(PLAIN, str(folder / _FILES[BOLD]), weight="bold", rlgFontName=BOLD)


def color(name: str) -> HexColor:
    """A colour of the theme that is for print."""
    return HexColor(getattr(theme("print"), name))


@cache
def style(name: str) -> ParagraphStyle:
    """How text is set: as an element of the page of that name, or for one of the places in `_STYLES`."""
    size, font, ink, options = _STYLES[name]
    leading = options.get("leading", 1.35 * size)
    return ParagraphStyle(
        name,
        fontName=font,
        fontSize=size,
        textColor=color(ink),
        embeddedHyphenation=0,
        **{**options, "leading": leading},
    )


def is_simple(text: str) -> bool:
    """Whether the plain font has all letters of `text`, all of them from left to right."""
    return text.isascii() or (all(ord(c) in _known(PLAIN) for c in text) and not _is_right_to_left(text))


def marked(text: str, font: str = PLAIN) -> str:
    """`text` as the markup of a paragraph set in `font`, every letter shown as it is or spelled as U+0000."""
    if is_simple(text) and font == PLAIN:
        return escape(text)
    parts = []
    for chosen, letters in groupby(visual(text), key=lambda letter: _font_of(letter, font)):
        run = "".join(letters)
        if chosen is None:
            run = "".join(f"[U+{ord(letter):04X}]" for letter in run)
        parts.append(escape(run) if chosen in (None, font) else f'<font name="{chosen}">{escape(run)}</font>')
    return "".join(parts)


def unbroken(text: str) -> str:
    """`text` in which no line ends between a number and its percent sign."""
    return _PERCENT.sub("\N{NO-BREAK SPACE}%", text)


def visual(text: str) -> str:
    """`text` with its letters in the order and shape in which they stand on a line, from left to right.

    The line is English, in which names may run from right to left; a number after such a name is none of its letters.
    """
    if not _is_right_to_left(text):
        return text
    letters = _clusters(_joined(text))
    kinds = "".join(_kind(letter[0]) for letter in letters)
    shown: list[str] = []
    done = 0
    for run in re.finditer(r"R(?:[RN.,]*R)?", kinds):
        end = _closed(letters, run.start(), run.end())
        shown += [*letters[done : run.start()], *_turned(letters[run.start() : end], kinds[run.start() : end])]
        done = end
    return "".join([*shown, *letters[done:]])


def _closed(letters: list[str], start: int, end: int) -> int:
    """Where the run ends if brackets that open in it close there too."""
    for opening, closing in _BRACKETS:
        run = letters[start:end]
        if run.count(opening) > run.count(closing) and letters[end : end + 1] == [closing]:
            end += 1
    return end


def _turned(letters: list[str], kinds: str) -> Iterator[str]:
    """`letters` from the last to the first, but numbers as they are."""
    end = len(letters)
    for number in reversed(list(re.finditer(r"N(?:,?N)*", kinds))):
        yield from (letter.translate(_MIRRORED) for letter in reversed(letters[number.end() : end]))
        yield from letters[number.start() : number.end()]
        end = number.start()
    yield from (letter.translate(_MIRRORED) for letter in reversed(letters[:end]))


def _is_right_to_left(text: str) -> bool:
    return any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in text)


def _kind(letter: str) -> str:
    """R from right to left, L from left to right, N a digit, a comma within numbers, and . whatever is neutral."""
    found = unicodedata.bidirectional(letter)
    return {"R": "R", "AL": "R", "L": "L", "EN": "N", "AN": "N", "CS": ",", "ES": ","}.get(found, ".")


def _clusters(text: str) -> list[str]:
    """Letters, each with the marks that stand on it."""
    found: list[str] = []
    for letter in text:
        if found and unicodedata.category(letter) in ("Mn", "Me"):
            found[-1] += letter
        else:
            found.append(letter)
    return found


def _joined(text: str) -> str:
    """`text` with each Arabic letter in the form that it has between its neighbours."""
    forms = _forms()
    base = [k for k, letter in enumerate(text) if unicodedata.category(letter) != "Mn"]
    shown = list(text)
    for place, k in enumerate(base):
        before = text[base[place - 1]] if place else ""
        after = text[base[place + 1]] if place + 1 < len(base) else ""
        is_tied = ("initial", before) in forms and ("final", text[k]) in forms
        ties = ("initial", text[k]) in forms and ("final", after) in forms
        form = ("medial" if ties else "final") if is_tied else ("initial" if ties else "isolated")
        shown[k] = forms.get((form, text[k]), text[k])
    return "".join(shown)


@cache
def _forms() -> dict[tuple[str, str], str]:
    """Arabic presentation forms by how they join, and their letter."""
    found = {}
    for code in (*range(0xFB50, 0xFE00), *range(0xFE70, 0xFF00)):
        how, _, letters = unicodedata.decomposition(chr(code)).partition(" ")
        if how in ("<isolated>", "<initial>", "<medial>", "<final>") and " " not in letters:
            found[how[1:-1], chr(int(letters, 16))] = chr(code)
    return found


def _font_of(letter: str, font: str) -> str | None:
    """The font that has `letter`: `font` if it can be, else another; None where none has it."""
    for name in (font, PLAIN):
        if ord(letter) in _known(name):
            return name
    return next((name for name, letters in _EAST_ASIAN if letters.match(letter)), None)


@cache
def _known(font: str) -> frozenset[int]:
    """Code points that an embedded font has."""
    return frozenset(pdfmetrics.getFont(font).face.charToGlyph)
