"""Pictures put together again from the patches that rows are, and what a codebook makes of them, place by place."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.views import canvas
from workbench.views.cell_colours import cell_table
from workbench.views.model_answers import flat
from workbench.views.patchwork import Patchwork, owners
from workbench.views.picking import RowTest
from workbench.views.reconstructions import common_unit
from workbench.views.scene import Scene, per_sample
from workbench.views.scene_rows import Block
from workbench.views.sources_data import MODES, Asked, SourcesData, codeword_colour, pixels
from workbench.views.theme import Theme
from workbench.views.wording import counted, percent, shorten

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from workbench.data import Places

MOST_PIXELS = 32_000_000
MOST_PICTURES = 1000
"""So many pictures of a dataset are offered."""
OWN_COLOURS = 10
"""Up to so many codewords have colours of their own."""
_BLOCK_NUMBERS = 2_000_000
_LETTERS_AN_INCH = 14
"""Of a remark of 8 or 9 points."""
_MOST_DRAWN = 1200
"""Pixels along a side of a picture in a figure."""

NOT_KEPT = (
    "It was not kept where these patches come from: import the pictures again, and leave the column “file” the role id."
)
NOT_WHOLE = (
    "Pixels of these patches were left out, so they cannot be put together: "
    "import the pictures again with every pixel as a feature."
)


@dataclass(frozen=True, eq=False)
class _Source:
    """One picture as the data alone tell it."""

    places: Places
    rows: NDArray[np.int64]
    top: NDArray[np.int32]
    left: NDArray[np.int32]
    owners: NDArray[np.int32]
    covered: NDArray[np.bool_]
    values: NDArray[np.float64]
    image_range: tuple[float, float]
    n_dropped: int


@dataclass(frozen=True, eq=False)
class _Coded:
    """What the codebook of a scene makes of one picture."""

    values: NDArray[np.float64]
    errors: NDArray[np.float64]
    mse: float


def applies(scene: Scene) -> bool:
    """Rows that were cut from larger pictures."""
    return scene.patches is not None


def compute(scene: Scene) -> SourcesData:
    """Put the picture together that was asked for, and code it where that is to be shown."""
    places = None if scene.patches is None else scene.patches.find()
    shape = scene.image_shape
    if shape is None or math.prod(shape) != scene.every.raw.shape[1]:
        return SourcesData(NOT_WHOLE)
    if places is None:
        return SourcesData(NOT_KEPT)
    asked = Asked.parse(scene.asked)
    which = asked.picture if asked.picture < min(len(places.pictures), MOST_PICTURES) else 0
    offered = _modes(scene)
    told = SourcesData(
        pictures=tuple(places.pictures[:MOST_PICTURES]),
        shown=which,
        modes=offered,
        mode=asked.mode if asked.mode in dict(offered) else offered[0][0],
    )
    height, width = places.sizes[which].tolist()
    if height * width > MOST_PIXELS:
        trouble = f"{told.name} has {height:,} × {width:,} pixels, which are too many to put together."
        return replace(told, trouble=trouble)
    return _of_picture(scene, places, told)


def _of_picture(scene: Scene, places: Places, told: SourcesData) -> SourcesData:
    assert scene.image_shape is not None
    source = _source(scene, places, told.shown)
    coded = _coded(scene, source, told.shown) if told.mode in ("reconstruction", "error") else None
    if coded is not None:
        told = replace(
            told,
            reconstruction=_as_bytes(coded.values, source.image_range),
            errors=coded.errors,
            mse=coded.mse,
            psnr=_psnr(coded.mse, source.image_range),
        )
    if scene.has_prototypes:
        told = replace(
            told,
            winners=_winners(scene, source, told.shown),
            n_codewords=len(scene.prototypes),
            likeness=_likeness(scene) if len(scene.prototypes) > OWN_COLOURS else np.empty(0),
        )
    return replace(
        told,
        side=(scene.image_shape[0], scene.image_shape[1]),
        rows=source.rows,
        corners=np.column_stack([source.top, source.left]).astype(np.int64),
        owners=source.owners,
        original=_as_bytes(source.values, source.image_range),
        image_range=source.image_range,
        unit=common_unit(scene.units).strip() or "grey levels",
        note=_note(scene, source, told.mode),
    )


def _psnr(mse: float, ends: tuple[float, float]) -> float:
    """Peak signal-to-noise ratio in decibels; the peak is the whole scale."""
    return 10 * math.log10((ends[1] - ends[0]) ** 2 / mse) if mse else math.inf


def _modes(scene: Scene) -> tuple[tuple[str, str], ...]:
    """What can be shown of the scene."""
    names = {"original"}
    if scene.has_prototypes:
        names.add("codewords")
    if scene.of_run and scene.has_codes:
        names |= {"reconstruction", "error"}
    return tuple((name, title) for name, title in MODES.items() if name in names)


@per_sample
def _known(scene: Scene) -> dict[int, _Source]:
    """Pictures of the data that were put together before; the newest alone."""
    return {}


def _source(scene: Scene, places: Places, which: int) -> _Source:
    """The picture, put together once for each sample of the data."""
    known = _known(scene)
    found = known.get(which)
    if found is None or found.places is not places:
        known.clear()
        found = known[which] = _put_together(scene, places, which)
    return found


def _put_together(scene: Scene, places: Places, which: int) -> _Source:
    assert scene.image_shape is not None
    mine = places.picture == which
    rows = np.flatnonzero(mine & scene.every.kept)
    height, width = places.sizes[which].tolist()
    size, side = (height, width), (scene.image_shape[0], scene.image_shape[1])
    top, left = places.top[rows], places.left[rows]
    made = Patchwork(size, scene.image_shape)
    for part in _parts(rows, scene.every.raw.shape[1]):
        made.add(top[part], left[part], scene.every.take_raw(rows[part]))
    covered, values = made.covered, made.picture
    return _Source(
        places=places,
        rows=rows,
        top=top,
        left=left,
        owners=owners(size, side, top, left),
        covered=covered,
        values=values,
        image_range=_range(values[covered], is_bytes=scene.every.raw.dtype == np.uint8),
        n_dropped=int(mine.sum()) - len(rows),
    )


def _parts(rows: NDArray[np.int64], width: int) -> Iterator[slice]:
    """Consecutive parts of rows of so many numbers."""
    step = max(256, _BLOCK_NUMBERS // max(1, width))
    for start in range(0, len(rows), step):
        yield slice(start, min(start + step, len(rows)))


def _range(values: NDArray[np.float64], *, is_bytes: bool) -> tuple[float, float]:
    """The scale of a picture: that of bytes, or from its least to its greatest value."""
    known = values[np.isfinite(values)]
    if is_bytes or not len(known):
        return 0.0, 255.0
    low, high = float(known.min()), float(known.max())
    return low, high if high > low else low + 1.0


def _as_bytes(values: NDArray[np.float64], ends: tuple[float, float]) -> NDArray[np.uint8]:
    scaled = (np.nan_to_num(values) - ends[0]) * 255.0 / (ends[1] - ends[0])
    made = np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)
    return made if made.ndim == 2 or made.shape[2] == 3 else made[..., 0]


def _winners(scene: Scene, source: _Source, which: int) -> NDArray[np.int64]:
    """(k,) the codeword of each patch, by the engine's own distance."""
    key = ("sources", "winners", which)
    if key not in scene.memo:
        found = [scene.nearest_to(scene.every.take(source.rows[part])) for part in _parts_of(scene, source)]
        scene.memo[key] = np.concatenate([*found, np.empty(0, np.int64)])
    return np.asarray(scene.memo[key])


def _coded(scene: Scene, source: _Source, which: int) -> _Coded:
    """The picture after coding and decoding each patch."""
    key = ("sources", "coded", which)
    if key not in scene.memo:
        scene.memo[key] = _code(scene, source)
    found: _Coded = scene.memo[key]
    return found


def _code(scene: Scene, source: _Source) -> _Coded:
    assert scene.image_shape is not None
    assert scene.patches is not None
    size = (source.owners.shape[0], source.owners.shape[1])
    work = Patchwork(size, scene.image_shape)
    errors = np.full(len(source.rows), np.nan)
    for part in _parts_of(scene, source):
        X = np.asarray(scene.every.take(source.rows[part]))
        whole = np.flatnonzero(np.isfinite(X).all(axis=1))
        if not len(whole):
            continue
        raw = scene.every.take_raw(source.rows[part][whole])
        decoded = flat(scene.model.decode(scene.model.encode(X[whole])))
        made = np.asarray(scene.patches.to_own(decoded, raw), np.float64)
        errors[part.start + whole] = np.sqrt(((made - raw) ** 2).mean(axis=1))
        work.add(source.top[part][whole], source.left[part][whole], made)
    covered, values = work.covered, work.picture
    difference = values[covered] - source.values[covered]
    return _Coded(values, errors, float((difference**2).mean()) if covered.any() else math.nan)


def _parts_of(scene: Scene, source: _Source) -> Iterator[slice]:
    return _parts(source.rows, scene.every.raw.shape[1])


def _likeness(scene: Scene) -> NDArray[np.float64]:
    """(M,) codewords in the order of the first principal component of all, evenly from 0 to 1."""
    centred = np.nan_to_num(scene.prototypes - np.nanmean(scene.prototypes, axis=0)).astype(np.float64)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    first = directions[0] * np.sign(directions[0][np.argmax(np.abs(directions[0]))])
    place = np.empty(len(centred))
    place[np.argsort(centred @ first, kind="stable")] = np.linspace(0, 1, len(centred))
    return place


def _note(scene: Scene, source: _Source, mode: str) -> str:
    assert scene.image_shape is not None
    height, width = source.owners.shape
    h, w = scene.image_shape[:2]
    parts = [f"{height:,} × {width:,} pixels from {counted(len(source.rows), 'patch').replace('patchs', 'patches')}"]
    parts[0] += f" of {h}\u00a0×\u00a0{w}"
    share = float(source.covered.mean()) if source.covered.size else 0.0
    if share < 1:
        parts.append(f"{percent(share)} covered, the rest is empty")
    if source.n_dropped:
        parts.append(f"{counted(source.n_dropped, 'dropped patch').replace('patchs', 'patches')} left out")
    if len(source.rows) * h * w > int(source.covered.sum()):
        whose = "; it counts for the patch whose middle is nearest" if mode in ("codewords", "error") else ""
        parts.append(f"where patches overlap, a pixel is the mean of theirs{whose}")
    if mode == "codewords" and scene.has_prototypes and len(scene.prototypes) > OWN_COLOURS:
        parts.append("codewords alike in colours alike, along their first principal component")
    if mode in ("reconstruction", "error") and scene.patches is not None and scene.patches.own_contrast:
        parts.append("brightness and contrast of each patch, which the recipe takes off, are given back to it")
    return " · ".join(parts)


def within(outline: NDArray[np.float64], which: int) -> RowTest:
    """The patches of picture number `which` whose middle lies inside an outline (k, 2) of (x, y) in pixels."""
    from matplotlib.path import Path

    path = Path(np.concatenate([outline, outline[:1]]), closed=True)

    def of(scene: Scene) -> Callable[[Block], NDArray[np.bool_]]:
        places = None if scene.patches is None else scene.patches.find()
        h, w = (1, 1) if scene.image_shape is None else scene.image_shape[:2]

        def test(block: Block) -> NDArray[np.bool_]:
            mine = np.zeros(len(block.X), bool)
            if places is not None:
                part = slice(block.start, block.start + len(block.X))
                mine = places.picture[part] == which
                middles = np.column_stack([places.left[part] + w / 2, places.top[part] + h / 2])
                mine[mine] = path.contains_points(middles[mine])
            return mine

        return test

    return of


def figure(data: SourcesData, theme: Theme) -> Figure:
    """The picture, and beside it what is shown of it."""
    if data.trouble:
        made, (axes,) = canvas.panels(theme, 1, 6.0, 1.6)
        axes.set_axis_off()
        style: dict[str, Any] = {"color": theme.muted, "ha": "center", "va": "center", "fontsize": 9}
        axes.text(0.5, 0.5, _lines(made, data.trouble), transform=axes.transAxes, **style)
        return made
    modes = ["original"] if data.mode == "original" else ["original", data.mode]
    height, width = data.owners.shape
    wide = 4.0
    aspect = min(2.5, height / max(1, width))
    made, panels = canvas.panels(theme, len(modes), wide, wide * aspect + 0.5, beside=0.9)
    step = math.ceil(max(height, width, 1) / _MOST_DRAWN)
    for axes, mode in zip(panels, modes, strict=True):
        canvas.dress(axes, theme, frame=False)
        axes.set_xticks([])
        axes.set_yticks([])
        if data.owners.size:
            axes.imshow(pixels(data, mode, theme, step), interpolation="nearest")
        canvas.label(axes, title=_title(data, mode))
    if data.mode == "error" and data.owners.size:
        _error_bar(made, panels[-1], data, theme)
    if data.mode == "codewords" and not len(data.likeness):
        _codeword_legend(panels[-1], data, theme)
    made.supxlabel(_lines(made, data.quality, data.note), fontsize=8, color=theme.muted)
    return made


def _lines(made: Figure, *texts: str) -> str:
    """Texts broken into lines that are no wider than the figure."""
    across = max(20, int(made.get_figwidth() * _LETTERS_AN_INCH))
    return "\n".join(canvas.plain(line) for text in texts for line in wrap(text, across))


def _title(data: SourcesData, mode: str) -> str:
    return shorten(data.name, 34) if mode == "original" else dict(data.modes)[mode].lower()


def _error_bar(made: Figure, axes: Any, data: SourcesData, theme: Theme) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    scale = ScalarMappable(Normalize(0, data.limit), canvas.color_map(cell_table(theme), theme.neutral))
    canvas.color_bar(made, scale, axes, theme, data.scale)


def _codeword_legend(axes: Any, data: SourcesData, theme: Theme) -> None:
    from matplotlib.patches import Patch

    counts = np.bincount(data.winners[data.winners >= 0], minlength=data.n_codewords)
    handles = [
        Patch(color=codeword_colour(data, codeword, theme), label=f"prototype {codeword} ({count:,})")
        for codeword, count in enumerate(counts.tolist())
    ]
    canvas.legend(axes, theme, outside=True, handles=handles)
