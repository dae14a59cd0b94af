"""The codes of engines of bits: all of them where they are few, or one code bit by bit, as a person asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.views import bit_flips, code_sheet
from workbench.views.bit_flips import FlipsData, flips_of
from workbench.views.bits import text_of
from workbench.views.code_sheet import MOST_BITS, SheetData, sheet_of
from workbench.views.scene import Scene
from workbench.views.theme import Theme
from workbench.views.wording import shorten

if TYPE_CHECKING:
    from matplotlib.figure import Figure

ALL_CODES, BY_HAND = "All codes", "A code by hand"
_MOST_ROWS = 12


@dataclass(frozen=True, eq=False)
class AtlasData:
    """What is shown, and what else may be asked for.

    Attributes
    ----------
    choices : tuple of str
        What `Scene.asked` may be; besides, any L digits 0 or 1 are a code.
    current : str
        Which of these is shown; `BY_HAND` for such a code.
    sheet : SheetData or None
    flips : FlipsData or None
        One of both.
    """

    choices: tuple[str, ...]
    current: str
    sheet: SheetData | None
    flips: FlipsData | None


def applies(scene: Scene) -> bool:
    """Engines whose code is bits."""
    return scene.has_bits


def compute(scene: Scene) -> AtlasData:
    """All codes or one, as asked for; unasked, all where they are at most 2^10, else that of the first offered row."""
    n_bits = len(scene.model.code_sizes)
    rows = _offered(scene)
    choices = (*((ALL_CODES,) if n_bits <= MOST_BITS else ()), *rows)
    digits = scene.asked.replace(" ", "")
    by_hand = len(digits) == n_bits and set(digits) <= {"0", "1"}
    if by_hand or not choices:
        bits = np.array(list(digits) if by_hand else [0] * n_bits, np.int64)
        return AtlasData((*choices, BY_HAND), BY_HAND, None, flips_of(scene, BY_HAND, bits, None))
    current = scene.asked if scene.asked in choices else choices[0]
    if current == ALL_CODES:
        return AtlasData(choices, current, sheet_of(scene), None)
    row = np.asarray(scene.sample.X)[scene.whole[rows[current]]]
    code = scene.model.indices(scene.model.encode(row[None]))[0]
    return AtlasData(choices, current, None, flips_of(scene, current, code, row))


def figure(data: AtlasData, theme: Theme) -> Figure:
    """The sheet, or the flips."""
    if data.sheet is not None:
        return code_sheet.figure(data.sheet, theme)
    assert data.flips is not None
    return bit_flips.figure(data.flips, theme)


def with_bit_flipped(bits: NDArray[np.int64], bit: int) -> str:
    """What to ask for to see a code with one bit flipped."""
    other = bits.copy()
    other[bit] ^= 1
    return text_of(other)


def _offered(scene: Scene) -> dict[str, int]:
    """Rows that may be looked at, with their places among `scene.whole`: one of each class, or a dozen."""
    n = len(scene.whole)
    places = np.linspace(0, n - 1, min(n, _MOST_ROWS)).astype(np.int64)
    numbers = np.asarray(scene.sample.rows)[scene.whole]
    if scene.sample.codes is None or not scene.classes:
        return {f"Row {numbers[place] + 1:,}": place for place in places.tolist()}
    codes = np.asarray(scene.sample.codes)[scene.whole]
    classes, first = np.unique(codes, return_index=True)
    first = first[classes >= 0][:_MOST_ROWS]
    places = np.concatenate([first, np.setdiff1d(places, first)])[: max(_MOST_ROWS, len(first))]
    names = [shorten(scene.class_names[code], 30) if code >= 0 else "no class" for code in codes[places].tolist()]
    return {f"Row {numbers[place] + 1:,} ({name})": place for place, name in zip(places.tolist(), names, strict=True)}
