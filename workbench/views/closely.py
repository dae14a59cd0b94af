"""One prototype closely: its rows, its rivals, rows that it nearly wins, and what becomes of it along a direction."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from workbench.views import canvas
from workbench.views.pictures import contact_sheet, pictures, range_of
from workbench.views.scene import Array, Scene
from workbench.views.theme import Theme, rgb
from workbench.views.wording import counted, number, percent, shorten, with_unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
EACH = 6
"""So many rivals, and rows of each kind, are shown."""
MOST_FEATURES = 12
MOST_DIRECTIONS = 200
REACH = 3.0
"""The slider goes so many standard deviations to either side."""
N_BINS = 20
GROUPS = ("nearest rows", "furthest rows", "impostors")


@dataclass(frozen=True)
class Asked:
    """Where a person moves the prototype to: along which direction, by how many standard deviations."""

    direction: str = ""
    step: float = 0.0

    def __str__(self) -> str:
        return urlencode({"direction": self.direction, "step": f"{self.step:.4g}"})

    @classmethod
    def parse(cls, text: str) -> Asked:
        """What `str` gave; what is not understood stays where the prototype is."""
        told = dict(parse_qsl(text))
        try:
            step = float(told.get("step", "0"))
        except ValueError:
            step = 0.0
        return cls(told.get("direction", ""), min(max(step, -REACH), REACH) if math.isfinite(step) else 0.0)


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Rows of the sample, or other prototypes, near a prototype.

    Attributes
    ----------
    numbers : (k,) int64
        Of rows of the data, or of prototypes.
    distances : (k,) float64
        As the engine measures.
    codes : (k,) int64
        Class codes; -1 for none.
    images : (k, h, w[, 3]) uint8, or None
    """

    numbers: Ints
    distances: Floats
    codes: Ints
    images: NDArray[np.uint8] | None


@dataclass(frozen=True, eq=False)
class Cell:
    """What holds of a prototype wherever a person moves it.

    Attributes
    ----------
    members : (r,) int64
        Places in the sample of the rows that it wins.
    rivals : Neighbours
        The nearest other prototypes.
    groups : tuple of Neighbours
        As in `GROUPS`: its nearest and furthest rows, and the nearest rows that it should not win, or does not: of
        another class than its own, or without classes those of its rivals.
    margins : (20,) int64
        Of its rows, how many lie how surely in the cell: (d₂ - d₁)/(d₂ + d₁) from 0 to 1.
    classes : tuple of (name, k, share)
        Of its rows.
    apart : (f,) int64
        Features in which it differs most from its nearest rival.
    shares : (f,) float64
        Of the squared distance between the two, as the engine measures; may be negative with a full metric.
    directions : dict of str to (title, (d,) vector of one standard deviation)
        In training units.
    """

    members: Ints
    rivals: Neighbours
    groups: tuple[Neighbours, ...]
    margins: Ints
    classes: tuple[tuple[str, int, float], ...]
    apart: Ints
    shares: Floats
    directions: dict[str, tuple[str, Floats]]


@dataclass(frozen=True, eq=False)
class CloselyData:
    """A prototype, and what it would be elsewhere.

    Attributes
    ----------
    which : int
        Number of the prototype; -1 for none.
    title : str
    cell : Cell or None
    asked : Asked
    values, moved : (d',) float64
        Of the prototype, and where a person moved it, in original units.
    names : tuple of d' str
        With units.
    image, moved_image : (h, w[, 3]) uint8, or None
    verdict : str
        What the model makes of it there.
    class_names : tuple of str
    note : str
    """

    which: int
    title: str
    cell: Cell | None
    asked: Asked
    values: Floats
    moved: Floats
    names: tuple[str, ...]
    image: NDArray[np.uint8] | None
    moved_image: NDArray[np.uint8] | None
    verdict: str
    class_names: tuple[str, ...]
    note: str

    @property
    def told(self) -> Ints:
        """(f,) the features to tell of: those that moved most, else those in which it differs from its rival."""
        assert self.cell is not None
        change = np.abs(np.nan_to_num(self.moved - self.values))
        if not change.any():
            return self.cell.apart
        return np.argsort(-change, kind="stable")[: min(MOST_FEATURES, int((change > 0).sum()))]


def applies(scene: Scene) -> bool:
    """Whatever has prototypes among the rows."""
    return scene.has_prototypes


def compute(scene: Scene) -> CloselyData:
    """The first of the prototypes that are picked."""
    asked = Asked.parse(scene.asked)
    chosen = sorted(k for k in (scene.picked.prototypes if scene.picked else ()) if k < len(scene.prototypes))
    none = np.empty(0)
    if not chosen:
        note = "Click a prototype in any view: it is looked at closely here."
        return CloselyData(-1, "", None, asked, none, none, (), None, None, "", scene.class_names, note)
    which = chosen[0]
    cell = _cell(scene, which)
    place = np.asarray(scene.prototypes[which], np.float64)
    moved = place + asked.step * cell.directions[asked.direction][1] if asked.direction in cell.directions else place
    both = np.asarray(scene.to_original(np.stack([place, moved]).astype(scene.prototypes.dtype)), float)
    images = _images(scene, both)
    code = int(scene.prototype_codes[which])
    title = f"prototype {which}" + (f" · class {scene.class_names[code]}" if code >= 0 else "")
    more = f"; {len(chosen) - 1} more picked" if len(chosen) > 1 else ""
    return CloselyData(
        which=which,
        title=title,
        cell=cell,
        asked=asked,
        values=both[0],
        moved=both[1],
        names=tuple(with_unit(shorten(n, 40), u) for n, u in zip(scene.original_names, scene.units, strict=True)),
        image=None if images is None else images[0],
        moved_image=None if images is None else images[1],
        verdict=_verdict(scene, which, moved),
        class_names=scene.class_names,
        note=_note(scene, cell) + more,
    )


def _note(scene: Scene, cell: Cell) -> str:
    n, of = len(cell.members), len(scene.sample.rows)
    of_sample = "" if scene.is_whole else " of the sample"
    return f"wins {counted(n, 'row')}{of_sample} ({percent(n / max(1, of))})"


def _verdict(scene: Scene, which: int, place: Floats) -> str:
    """What the model makes of a row there."""
    row = place[None].astype(scene.prototypes.dtype)
    winner = int(scene.nearest_to(row)[0])
    words = "still its own" if winner == which else f"won by prototype {winner}"
    if scene.engine.supervised and scene.classes:
        code = int(scene.predict(row)[0])
        words += f", class {scene.class_names[code]}" if code >= 0 else ""
    return words


_known: WeakKeyDictionary[Any, dict[int, Cell]] = WeakKeyDictionary()


def _cell(scene: Scene, which: int) -> Cell:
    """Looked at once for each model."""
    cells = _known.setdefault(scene.model, {})
    if which not in cells:
        cells[which] = _look(scene, which)
    return cells[which]


def _look(scene: Scene, which: int) -> Cell:
    X, codes = np.asarray(scene.sample.X), _row_codes(scene)
    to_it, to_others = _distances(scene, which)
    members = np.flatnonzero(scene.winners == which)
    nearest_first = members[np.argsort(to_it[members], kind="stable")]
    with np.errstate(invalid="ignore", divide="ignore"):  # an only prototype has no border; where both are 0, all has
        margins = (to_others - to_it)[members] / (to_others + to_it)[members]
    margins = np.nan_to_num(margins, nan=1.0 if len(scene.prototypes) == 1 else 0.0)
    rivals = _rivals(scene, which)
    near = _neighbours_of(scene, to_it, codes)
    known = codes[members][codes[members] >= 0]
    counts = np.bincount(known, minlength=len(scene.class_names))
    most = [k for k in np.argsort(-counts, kind="stable")[:EACH].tolist() if counts[k]]
    apart, shares = _apart(scene, which, int(rivals.numbers[0])) if len(rivals.numbers) else _nothing()
    return Cell(
        members=members,
        rivals=rivals,
        groups=(
            near(nearest_first[:EACH]),
            near(nearest_first[::-1][:EACH]),
            near(_impostors(scene, which, to_it, codes)),
        ),
        margins=np.histogram(np.clip(margins, 0, 1), N_BINS, (0, 1))[0].astype(np.int64),
        classes=tuple((scene.class_names[k], int(counts[k]), float(counts[k] / max(1, len(members)))) for k in most),
        apart=apart,
        shares=shares,
        directions=_directions(scene, X[members] if len(members) > 1 else X),
    )


def _nothing() -> tuple[Ints, Floats]:
    return np.empty(0, np.int64), np.empty(0)


def _row_codes(scene: Scene) -> Ints:
    codes = scene.sample.codes
    return np.full(len(scene.sample.rows), -1, np.int64) if codes is None else np.asarray(codes, np.int64)


def _neighbours_of(scene: Scene, distances: Floats, codes: Ints) -> Callable[[Ints], Neighbours]:
    """What makes neighbours of places in the sample."""

    def made(places: Ints) -> Neighbours:
        rows = np.asarray(scene.sample.rows)[places]
        images = _images(scene, np.asarray(scene.to_original(np.asarray(scene.sample.X)[places]), float))
        return Neighbours(rows, distances[places], codes[places], images)

    return made


def _distances(scene: Scene, which: int) -> tuple[Floats, Floats]:
    """(m,) distance of each row of the sample to the prototype, and to the nearest other one; inf where none is."""
    X, places = np.asarray(scene.sample.X), np.flatnonzero(scene.winners >= 0)
    to_it, to_others = np.full((2, len(X)), np.inf)
    step = max(1, 4_000_000 // max(1, len(scene.prototypes)))
    for start in range(0, len(places), step):
        here = places[start : start + step]
        block = np.asarray(scene.model.transform(X[here]), np.float64)
        to_it[here] = block[:, which]
        if block.shape[1] > 1:
            to_others[here] = np.delete(block, which, axis=1).min(axis=1)
    return to_it, to_others


def _rivals(scene: Scene, which: int) -> Neighbours:
    """The other prototypes, the nearest first."""
    place = scene.prototypes[which : which + 1].astype(np.asarray(scene.sample.X).dtype)
    distances = np.asarray(scene.model.transform(place), np.float64)[0]
    order = np.argsort(distances, kind="stable")
    order = order[order != which][:EACH]
    images = _images(scene, np.asarray(scene.to_original(scene.prototypes[order]), float))
    return Neighbours(order, distances[order], scene.prototype_codes[order], images)


def _impostors(scene: Scene, which: int, distances: Floats, codes: Ints) -> Ints:
    """Places of the nearest rows that should not, or do not, belong to the prototype."""
    code = int(scene.prototype_codes[which])
    others = (codes != code) & (codes >= 0) if code >= 0 else scene.winners != which
    others &= np.isfinite(distances)
    places = np.flatnonzero(others)
    return places[np.argsort(distances[places], kind="stable")[:EACH]]


def _apart(scene: Scene, which: int, rival: int) -> tuple[Ints, Floats]:
    """Which features make up the distance to the nearest rival most, and their shares of it: δⱼ(Λδ)ⱼ / δᵀΛδ."""
    difference = np.asarray(scene.prototypes[which] - scene.prototypes[rival], np.float64)
    if len(difference) != len(scene.original_names) or scene.feature_names != scene.original_names:
        return _nothing()
    turned = difference if scene.omega is None else scene.omega.T @ (scene.omega @ difference)
    parts = difference * turned
    shares = parts / (parts.sum() or 1.0)
    most = np.argsort(-np.abs(shares), kind="stable")[:MOST_FEATURES]
    return most, shares[most]


def _directions(scene: Scene, rows: Array) -> dict[str, tuple[str, Floats]]:
    """Directions to move the prototype in, each one standard deviation of its rows long."""
    X = np.asarray(rows, np.float64)
    X = X[np.isfinite(X).all(axis=1)]
    made: dict[str, tuple[str, Floats]] = {}
    if len(X) > 1:
        _, sizes, axes = np.linalg.svd((X - X.mean(axis=0))[:2000], full_matrices=False)
        for k in range(min(3, len(axes))):
            if sizes[k] > 0:
                made[f"axis:{k}"] = (
                    f"direction {k + 1} of its rows",
                    axes[k] * sizes[k] / math.sqrt(min(len(X), 2000)),
                )
    if scene.omega is not None and len(X) > 1:
        _, _, directions = np.linalg.svd(scene.omega, full_matrices=False)
        for k, direction in enumerate(directions[:3]):
            made[f"metric:{k}"] = (f"eigen-direction {k + 1} of Λ", direction * float((X @ direction).std()))
    if scene.feature_names == scene.original_names:
        deviations = X.std(axis=0) if len(X) > 1 else np.ones(X.shape[1])
        for j, name in enumerate(scene.feature_names[:MOST_DIRECTIONS]):
            direction = np.zeros(X.shape[1])
            direction[j] = deviations[j]
            made[f"feature:{j}"] = (name, direction)
    return made


def _images(scene: Scene, values: Floats) -> NDArray[np.uint8] | None:
    """(k, h, w[, 3]) uint8 of values (k, d') in original units, where rows are pictures."""
    if scene.image_shape is None or math.prod(scene.image_shape) != values.shape[1] or scene.kind == "spd":
        return None
    return pictures(values, scene.image_shape, *range_of(scene))[0]


def figure(data: CloselyData, theme: Theme) -> Figure:
    """Margins of its rows, what sets it apart from its rival, and its neighbours."""
    wide = canvas.room(theme, 7.4)
    if data.cell is None:
        made = canvas.new_figure(theme, wide, 2.0)
        axes = made.subplots()
        canvas.dress(axes, theme, frame=False)
        axes.set_axis_off()
        canvas.remark(axes, data.note, theme)
        return made
    cell = data.cell
    sheets = _sheets(cell) if data.image is not None else ()
    n_across = canvas.across(theme, 2, 2.6)
    heights = [1.1 + 0.2 * max(8, len(cell.apart))] * (2 // n_across)
    heights += [wide / n_across / EACH + 0.4] * (len(sheets) // n_across)
    made = canvas.new_figure(theme, wide, sum(heights))
    first, second, *below = made.subplots(len(heights), n_across, squeeze=False, height_ratios=heights).ravel()
    for axes in (first, second):
        canvas.dress(axes, theme, grid=True)
    middles = (np.arange(N_BINS) + 0.5) / N_BINS
    first.bar(middles, cell.margins, width=0.9 / N_BINS, color=theme.accent)
    canvas.label(first, x="margin of its rows (0 at the border)", y="rows", title=f"{data.title}, {data.note}")
    places = np.arange(len(cell.apart))
    second.barh(places, cell.shares, color=theme.accent)
    second.set_yticks(places, [canvas.plain(shorten(data.names[j], 24)) for j in cell.apart.tolist()])
    second.invert_yaxis()
    rival = f"prototype {cell.rivals.numbers[0]}" if len(cell.rivals.numbers) else "no rival"
    canvas.label(second, x="share of the squared distance", title=f"what sets it apart from {rival}")
    for axes, title, images in zip(below, ("rivals", "nearest rows")[: len(below)], sheets, strict=True):
        if images is not None and len(images):
            axes.imshow(contact_sheet(images, EACH, 1.0, rgb(theme.surface))[0], interpolation="nearest")
        axes.set_axis_off()
        canvas.label(axes, title=title)
    return made


def _sheets(cell: Cell) -> tuple[NDArray[np.uint8] | None, ...]:
    return (cell.rivals.images, cell.groups[0].images) if cell.rivals.images is not None else ()


def margin_words(cell: Cell) -> str:
    """How surely the rows lie in the cell, in words."""
    n = int(cell.margins.sum())
    if not n:
        return "no rows of the sample"
    close = int(cell.margins[:2].sum())
    return f"{counted(close, 'row')} ({percent(close / n, 0)}) nearly as near to another prototype"


def share_words(data: CloselyData, place: int) -> str:
    """How much a feature sets the prototype apart from its rival, in words."""
    assert data.cell is not None
    j = int(data.cell.apart[place])
    rival = int(data.cell.rivals.numbers[0])
    return (
        f"{data.names[j]}: {number(float(data.values[j]))}; "
        f"{percent(float(data.cell.shares[place]))} of the distance to prototype {rival}"
    )
