"""One code and what each of its bits does: its reconstruction, and how that changes as a bit is flipped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.views import canvas
from workbench.views.bits import Bits, cells_image, cells_of, decoded, flipped, text_of
from workbench.views.reconstructions import common_unit
from workbench.views.scene import Scene
from workbench.views.theme import Theme
from workbench.views.tiles import Tiles, changes, painted, painted_changes, scale_of, tiles_of
from workbench.views.wording import counted, number, shorten, with_unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_FLIPS = 48
_ACROSS, _MOST_TOLD = 8, 8


@dataclass(frozen=True, eq=False)
class FlipsData:
    """A code of L bits, and the bits that change most.

    Attributes
    ----------
    title : str
        Whose code it is.
    bits : (L,) int64
    cells : (a, b) int8
        The same as a table, -1 where there is none.
    order : (m,) int64
        Bits, the one of most effect first; up to `MOST_FLIPS`.
    effects : (L,) float64
        Root mean squared change of a component as the bit is flipped, in original units.
    tiles : Tiles
        The row itself where there is one, what the code decodes to, and what it does with each bit of `order` flipped.
    has_row : bool
    changes : (m, h, w) or (m, b) float64
        By each flip: of pixels in original units, or of bars.
    limit : float
        Greatest size of a change.
    names, units : tuple of d str
        Of the features.
    note : str
    """

    title: str
    bits: Bits
    cells: NDArray[np.int8]
    order: NDArray[np.int64]
    effects: NDArray[np.float64]
    tiles: Tiles
    has_row: bool
    changes: NDArray[np.float64]
    limit: float
    names: tuple[str, ...]
    units: tuple[str, ...]
    note: str

    @property
    def captions(self) -> tuple[str, ...]:
        """Of each flip: which bit, from what to what."""
        return tuple(f"bit {bit + 1}: {self.bits[bit]} → {1 - self.bits[bit]}" for bit in self.order.tolist())

    def told(self, which: int) -> str:
        """Everything about one flip in words, line by line; of features that are no pixels, which change most."""
        effect = number(float(self.effects[self.order[which]]), 3)
        lines = [self.captions[which], f"changes a feature by {effect} (RMS)"]
        if self.tiles.images is None:
            before, after = self.tiles.values[int(self.has_row)], self.tiles.values[1 + int(self.has_row) + which]
            for j in np.argsort(-np.abs(after - before), kind="stable")[:_MOST_TOLD].tolist():
                name = with_unit(shorten(self.names[j], 30), self.units[j])
                lines.append(f"{name}: {number(float(before[j]))} → {number(float(after[j]))}")
        return "\n".join(lines)


def flips_of(scene: Scene, title: str, bits: Bits, row: NDArray[Any] | None) -> FlipsData:
    """What the bits of a code (L,) do.

    Parameters
    ----------
    scene : Scene
    title : str
    bits : (L,) int64
    row : (d,) or None
        The row whose code it is, in training units.
    """
    rows = decoded(scene.model, flipped(bits))
    values = np.asarray(scene.to_original(rows), float)
    effects = np.sqrt(np.mean((values[1:] - values[0]) ** 2, axis=1))
    order = np.argsort(-effects, kind="stable")[:MOST_FLIPS]
    shown = np.concatenate([rows[:1], rows[1 + order]])
    has_row = row is not None
    tiles = tiles_of(scene, shown if row is None else np.concatenate([row[None].astype(rows.dtype), shown]))
    first = int(has_row)
    change = changes(tiles, first, slice(first + 1, None))
    limit = float(np.abs(change).max(initial=0.0)) or 1.0
    shown_bits = f", the first {len(order)} of them" if len(order) < len(bits) else ""
    unit = common_unit(scene.units) if tiles.images is not None else " of the range of the data"
    note = (
        f"{counted(len(bits), 'bit')} by falling effect{shown_bits}: the reconstruction with that bit flipped, and "
        f"what changes (blue up to +{number(limit, 3)}{unit}, orange down to −{number(limit, 3)}{unit}); "
        f"{scale_of(scene, tiles)}"
    )
    return FlipsData(
        title=title,
        bits=bits,
        cells=cells_of(bits[None])[0],
        order=order.astype(np.int64),
        effects=effects,
        tiles=tiles,
        has_row=has_row,
        changes=change,
        limit=limit,
        names=scene.original_names,
        units=scene.units,
        note=note,
    )


def heads_of(data: FlipsData) -> tuple[str, ...]:
    """Names of the tiles that come before the flips, with the code between row and reconstruction."""
    return (*(("row",) if data.has_row else ()), "code", "reconstruction")


def head_images(data: FlipsData, theme: Theme) -> list[NDArray[np.uint8]]:
    """Their pictures (h, w, 3)."""
    images = list(painted(data.tiles, theme)[: 1 + int(data.has_row)])
    images.insert(len(images) - 1, cells_image(data.cells, theme, images[0].shape[0] / images[0].shape[1]))
    return images


def figure(data: FlipsData, theme: Theme) -> Figure:
    """Row, code and reconstruction over a grid of flips."""
    flips = painted(data.tiles, theme)[1 + int(data.has_row) :]
    wrong = painted_changes(data.changes, data.limit, theme)
    aspect = flips.shape[1] / flips.shape[2]
    n_down = -(-len(flips) // _ACROSS)
    tile, gap, large = 0.46, 0.02, 1.2
    pitch, top = tile * aspect + 0.22, large * aspect + 0.34
    made = canvas.new_figure(theme, 10.5, 1.3 * (top + n_down * pitch) + 0.5)
    axes = made.subplots()
    canvas.dress(axes, theme, frame=False)
    axes.set_axis_off()
    small: dict[str, Any] = {"fontsize": 7.5, "color": theme.text, "ha": "left", "va": "bottom", "in_layout": False}
    for k, (name, image) in enumerate(zip(heads_of(data), head_images(data, theme), strict=True)):
        _put(axes, image, k * (large + 0.2), 0.0, large, large * aspect)
        axes.text(k * (large + 0.2), -0.03, canvas.plain(name), **small)
    for k, caption in enumerate(data.captions):
        x, y = k % _ACROSS * 1.0, top + (k // _ACROSS) * pitch
        for which, image in enumerate((flips[k], wrong[k])):
            _put(axes, image, x + which * (tile + gap), y, tile, tile * aspect)
        axes.text(x, y - 0.02, canvas.plain(caption), **small)
    axes.set_xlim(0, _ACROSS)
    axes.set_ylim(top + n_down * pitch, -0.2)
    axes.set_aspect("equal")
    lines = (f"{data.title}: {text_of(data.bits)}" if len(data.bits) <= 64 else data.title, data.note)
    made.supxlabel("\n".join(map(canvas.plain, lines)), fontsize=8, color=theme.muted)
    return made


def _put(axes: Any, image: NDArray[np.uint8], x: float, y: float, width: float, height: float) -> None:
    axes.imshow(image, extent=(x, x + width, y + height, y), interpolation="nearest").set_in_layout(False)
