"""Codes that are bits: as numbers, texts and cells, and what they decode to; views say what is shown of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.views.model_answers import flat
from workbench.views.scene import Scene
from workbench.views.theme import Theme, rgb

Bits = NDArray[np.int64]
"""0 or 1; bit j of a code is column j."""

_MOST_ROWS, _MOST_DECODED = 200, 20_000


def numbers_of(bits: Bits) -> NDArray[np.int64]:
    """Codes (k, L), L up to 62, as numbers (k,) in which bit j counts 2^j, the first being bit 0."""
    return bits @ (1 << np.arange(bits.shape[1], dtype=np.int64))


def bits_of_numbers(numbers: NDArray[np.int64], n_bits: int) -> Bits:
    """The codes (k, L) that `numbers_of` made numbers of."""
    return np.asarray(numbers[:, None] >> np.arange(n_bits, dtype=np.int64) & 1, np.int64)


def decoded(model: Any, bits: NDArray[Any]) -> NDArray[Any]:
    """What codes (k, L) decode to, (k, d) in training units."""
    return flat(model.decode(np.where(bits > 0, np.int8(1), np.int8(-1))))


def text_of(bits: Bits) -> str:
    """A code (L,) as "0110 1001 01": the first bit first, by fours."""
    digits = "".join(map(str, bits.tolist()))
    return " ".join(digits[k : k + 4] for k in range(0, len(digits), 4))


def cells_of(bits: Bits) -> NDArray[np.int8]:
    """Codes (k, L) as (k, a, b) nearly square tables, row by row; -1 where a table is longer than the code."""
    k, n_bits = bits.shape
    across = math.ceil(math.sqrt(n_bits))
    down = -(-n_bits // across)
    table = np.full((k, down * across), -1, np.int8)
    table[:, :n_bits] = bits
    return table.reshape(k, down, across)


def cells_image(cells: NDArray[np.int8], theme: Theme, aspect: float = 1.0) -> NDArray[np.uint8]:
    """A table of bits as a picture (h, w, 3) about `aspect` times as high as wide: 1 in the accent, 0 pale."""
    down, across = cells.shape
    size = (max(3, round(96 * aspect / down)), max(3, round(96 / across)))
    inks = np.array([rgb(theme.grid), rgb(theme.accent), rgb(theme.surface)], np.uint8)
    grid = np.repeat(np.repeat(inks[cells], size[0], axis=0), size[1], axis=1)
    grid[:: size[0]] = grid[:, :: size[1]] = rgb(theme.surface)
    return grid


def effects(scene: Scene) -> NDArray[np.float64]:
    """(L,) root of the mean squared change of a component, in training units, as a bit of a row is flipped.

    The mean is over up to 200 rows of the sample, fewer where codes are long; NaN without rows.
    """
    codes, n_bits = scene.codes, len(scene.model.code_sizes)
    most = max(1, min(_MOST_ROWS, _MOST_DECODED // n_bits))
    chosen = codes[np.linspace(0, len(codes) - 1, min(most, len(codes))).astype(np.int64)]
    total = np.zeros(n_bits)
    for row in chosen:
        rows = decoded(scene.model, flipped(row)).astype(np.float64)
        total += np.mean((rows[1:] - rows[0]) ** 2, axis=1)
    return np.sqrt(total / len(chosen)) if len(chosen) else np.full(n_bits, np.nan)


def flipped(code: Bits) -> NDArray[np.int8]:
    """(1 + L, L): a code (L,), and it with bit 0, bit 1 ... flipped."""
    rows = np.repeat(code[None].astype(np.int8), len(code) + 1, axis=0)
    rows[np.arange(1, len(code) + 1), np.arange(len(code))] ^= 1
    return rows
