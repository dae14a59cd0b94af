"""All codes of a few bits on one sheet, decoded, where neighbours differ by one bit; shaded by use."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from workbench.views import canvas
from workbench.views.bits import bits_of_numbers, decoded, numbers_of, text_of
from workbench.views.scene import Scene
from workbench.views.theme import Theme, rgb
from workbench.views.tiles import Tiles, painted, scale_of, tiles_of
from workbench.views.wording import counted

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_BITS = 10
_SIDE = 1100
"""Pixels of a sheet, about."""


@dataclass(frozen=True, eq=False)
class SheetData:
    """Every code, row by row of the sheet.

    Attributes
    ----------
    codes : (a, b) int64
        As numbers in which bit j counts 2^j. Neighbours on the sheet, also over its edges, differ by one bit.
    texts : tuple of a·b str
        The codes bit by bit.
    counts : (a, b) int64
        Rows of each.
    tiles : Tiles
        What each decodes to.
    note : str
    """

    codes: NDArray[np.int64]
    texts: tuple[str, ...]
    counts: NDArray[np.int64]
    tiles: Tiles
    note: str


def sheet_of(scene: Scene) -> SheetData:
    """All codes of a scene of at most `MOST_BITS` bits."""
    n_bits = len(scene.model.code_sizes)
    codes = gray_sheet(n_bits)
    bits = bits_of_numbers(codes.ravel(), n_bits)
    counts = np.bincount(numbers_of(scene.codes), minlength=2**n_bits)[codes]
    tiles = tiles_of(scene, decoded(scene.model, bits))
    rows = "rows" if scene.is_whole else "rows of the sample"
    note = (
        f"{counted(codes.size, 'code')}, {np.count_nonzero(counts):,} in use; neighbours differ by one bit; "
        f"the stronger the frame, the more of the {len(scene.codes):,} {rows}, up to {counts.max():,}; "
        f"faded where there is none; {scale_of(scene, tiles)}"
    )
    return SheetData(codes, tuple(map(text_of, bits)), counts, tiles, note)


def gray_sheet(n_bits: int) -> NDArray[np.int64]:
    """All codes as numbers (2^⌊L/2⌋, 2^⌈L/2⌉), in the reflected order of Gray (1953) down and across."""
    down = n_bits // 2
    rows, columns = np.arange(1 << down, dtype=np.int64), np.arange(1 << (n_bits - down), dtype=np.int64)
    return (rows ^ rows >> 1)[:, None] | (columns ^ columns >> 1)[None, :] << down


def sheet_image(data: SheetData, theme: Theme) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """The sheet (H, W, 3), and the shares (a·b, 4) of its width and height where each tile begins and ends.

    A tile is framed in the sequential colours by the logarithm of its rows, and half faded where it has none.
    """
    tiles = painted(data.tiles, theme).astype(np.float64)
    n_down, n_across = data.codes.shape
    h, w = tiles.shape[1:3]
    scale = max(1, _SIDE // (n_across * (w + 2)))
    frame = max(1, math.ceil(scale * w / 10))
    cell_h, cell_w = h * scale + 2 * frame + 1, w * scale + 2 * frame + 1
    surface = np.asarray(rgb(theme.surface), np.float64)
    counts = data.counts.ravel()
    tiles[counts == 0] = 0.35 * tiles[counts == 0] + 0.65 * surface
    shade = np.rint(255 * np.log1p(counts) / max(1e-9, math.log1p(int(counts.max())))).astype(np.int64)
    cells = np.empty((len(tiles), cell_h, cell_w, 3), np.uint8)
    cells[:] = theme.sequential[shade, :3][:, None, None]
    cells[:, -1] = cells[:, :, -1] = surface
    large = np.rint(np.repeat(np.repeat(tiles, scale, axis=1), scale, axis=2))
    cells[:, frame : frame + h * scale, frame : frame + w * scale] = large
    sheet = cells.reshape(n_down, n_across, cell_h, cell_w, 3).swapaxes(1, 2).reshape(n_down * cell_h, -1, 3)
    row, column = np.divmod(np.arange(len(tiles)), n_across)
    places = np.column_stack([column / n_across, row / n_down, (column + 1) / n_across, (row + 1) / n_down])
    return sheet, places


def figure(data: SheetData, theme: Theme) -> Figure:
    """The sheet as one picture."""
    sheet, _ = sheet_image(data, theme)
    aspect = sheet.shape[0] / sheet.shape[1]
    width = 9.0 if aspect <= 1.2 else 9.0 / aspect
    wide = canvas.room(theme, max(4.0, width))
    made = canvas.new_figure(theme, wide, max(1.2, min(wide, width) * aspect) + 0.7)
    axes = made.subplots()
    canvas.dress(axes, theme, frame=False)
    axes.set_axis_off()
    axes.imshow(sheet, interpolation="nearest")
    text = "\n".join(canvas.plain(part) for part in _lines(data.note, 60 if width < 7 else 110))
    made.supxlabel(text, fontsize=8, color=theme.muted)
    return made


def _lines(note: str, most: int) -> list[str]:
    """A note broken at its semicolons into lines of about `most` letters."""
    lines = [""]
    for part in note.split("; "):
        if lines[-1] and len(lines[-1]) + len(part) > most:
            lines[-1] += ";"
            lines.append(part)
        else:
            lines[-1] += ("; " if lines[-1] else "") + part
    return lines
