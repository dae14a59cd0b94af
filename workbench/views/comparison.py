"""Two runs side by side: prototypes matched, what changed of each pair, rows that moved, figures and parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.views.agreement import (
    ONLY_FIRST,
    ONLY_SECOND,
    PartAgreement,
    cells_agreement,
    jaccard,
    part_agreements,
    verdicts,
)
from workbench.views.comparable import applies as applies
from workbench.views.comparable import beside, offered, too_large
from workbench.views.comparison_figure import figure as figure
from workbench.views.first_look import NOT_YET, without_test_part
from workbench.views.matching import Codes, Floats, Matching, match, match_maps
from workbench.views.model_answers import nearest, predict_codes
from workbench.views.moves import Moved, moves_of
from workbench.views.pictures import range_of
from workbench.views.planes import finite, principal_axes
from workbench.views.scene import PARTS, Array, Scene
from workbench.views.tiles import Tiles, tiles_of
from workbench.views.wording import MISSING, counted, metric_title, number, percent, shorten, with_unit

MOST_LISTED = 60
"""So many pairs at most are listed with their pictures."""
_MOST_NAMED = 2


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two runs.

    Attributes
    ----------
    name, title : str
        Of the run; of its engine.
    iteration : int
    places : (M, 2) float64
        Of its prototypes in the plane.
    codes : (M,) int64
        Class codes of its prototypes; -1 for none.
    cells : (m,) int64
        Prototype of each row.
    counts : (M,) int64
        Rows of each prototype, of those that are compared.
    alone : tuple of int
        Prototypes without a partner.
    moved : (M,) int64
        Rows of each prototype that are with no partner of it in the other run.
    """

    name: str
    title: str
    iteration: int
    places: Floats
    codes: Codes
    cells: Codes
    counts: Codes
    alone: tuple[int, ...]
    moved: Codes


@dataclass(frozen=True, eq=False)
class ComparisonData:
    """This run, which is the first, and the other one.

    Attributes
    ----------
    first, second : Side
    others : tuple of str
        Names of all runs that this one can be compared with.
    rows : (m,) int64
        Row numbers of what is compared: rows of the sample in which nothing is missing.
    points : (m, 2) float64
        The rows in the plane.
    limits : (left, right, bottom, top)
        Around rows and prototypes of both.
    x_label, y_label : str
    pair_first, pair_second : (p,) int64
        Partners, the farthest from each other first; all arrays of pairs are in this order.
    distances : (p,) float64
        Between partners, in training units.
    changes : (p, d') float64
        The second less the first, in original units.
    common : (p,) float64
        Rows in both cells by rows in either; NaN for two empty cells.
    tiles_first, tiles_second : Tiles
        Pictures or bars of the first `MOST_LISTED` pairs.
    captions : tuple of str
        What changed most in each of these.
    moved : (m,) bool
        Whether the prototypes of a row are no partners.
    moves : Moved
        From where to where these rows went.
    verdicts : (m,) int8
        Of classifiers, as in `agreement`; (0,) otherwise.
    rand_index, mutual_information : float
        Adjusted Rand index and normalised mutual information of the cells.
    parts : tuple of PartAgreement
        Of classifiers.
    figures, parameters : tuple of (name, first, second)
        In words; of the parameters those that differ.
    method : str
        How partners were found.
    disparity : float
        Of maps; NaN otherwise.
    headline, note, left_out : str
        `left_out` says which runs are too large to choose; "" where none is.
    """

    first: Side
    second: Side
    others: tuple[str, ...]
    rows: NDArray[np.int64]
    points: Floats
    limits: tuple[float, float, float, float]
    x_label: str
    y_label: str
    pair_first: Codes
    pair_second: Codes
    distances: Floats
    changes: Floats
    common: Floats
    tiles_first: Tiles
    tiles_second: Tiles
    captions: tuple[str, ...]
    moved: NDArray[np.bool_]
    moves: Moved
    verdicts: NDArray[np.int8]
    rand_index: float
    mutual_information: float
    parts: tuple[PartAgreement, ...]
    figures: tuple[tuple[str, str, str], ...]
    parameters: tuple[tuple[str, ...], ...]
    method: str
    disparity: float
    headline: str
    note: str
    left_out: str

    @property
    def agreements(self) -> tuple[str, ...]:
        """Agreement of the runs, one sentence each."""
        said = [
            f"{int(self.moved.sum()):,} of {counted(len(self.moved), 'row')} moved to a prototype that is no partner.",
            f"Adjusted Rand index of the cells {number(self.rand_index, 3)}, "
            f"normalised mutual information {number(self.mutual_information, 3)}.",
        ]
        for part in self.parts:
            said.append(
                f"{part.part.capitalize()}: {counted(part.only_first, 'row')} right in the first run alone, "
                f"{part.only_second:,} in the second alone; McNemar's exact p = {number(part.p, 3)}."
            )
        return tuple(said)

    @property
    def tile_changes(self) -> tuple[Floats, float]:
        """The second less the first tile of each listed pair, (k, h, w) as pictures or (k, b) as bars, and the most."""
        first, second = self.tiles_first, self.tiles_second
        if first.images is None:
            change: Floats = second.placed - first.placed
        else:
            difference: Floats = second.values - first.values
            change = difference.reshape(len(difference), *first.images.shape[1:3], -1).mean(axis=3)
        return change, float(np.abs(change).max(initial=0.0)) or 1.0

    def has_moved(self, k: int) -> bool:
        """Whether a row of either prototype of pair `k` is not with the other one."""
        return bool(self.first.moved[self.pair_first[k]] or self.second.moved[self.pair_second[k]])

    def told(self, k: int) -> str:
        """Pair `k` in words, line by line."""
        a, b = int(self.pair_first[k]), int(self.pair_second[k])
        common = percent(float(self.common[k]), 0)
        lines = [
            f"#{a} and #{b}: {number(float(self.distances[k]), 3)} apart",
            f"{self.first.counts[a]:,} and {counted(int(self.second.counts[b]), 'row')}, {common} in common",
        ]
        if self.has_moved(k):
            lines.append(f"{counted(int(self.first.moved[a]), 'row')} left, {int(self.second.moved[b]):,} came")
        return "\n".join([*lines, *([self.captions[k]] if k < len(self.captions) and self.captions[k] else [])])


def compute(scene: Scene) -> ComparisonData:
    """This run beside the one that is asked for by name; else beside the newest of the same engine, or the newest."""
    return compare(scene, beside(scene), tuple(other.name for other in offered(scene)))


def compare(first: Scene, second: Scene, others: tuple[str, ...]) -> ComparisonData:
    """Two runs on the same sample."""
    A, B = (finite(np.asarray(scene.prototypes, float)) for scene in (first, second))
    found = _matching(first, second, A, B)
    whole = first.whole
    points, labels, placed = _plane(first, (A, B))
    cells = _cells(first), _cells(second)
    partners = found.partners(len(A))
    moved = partners[cells[0]] != cells[1]
    sides = tuple(
        _side(scene, places, mine, paired, moved)
        for scene, places, mine, paired in zip((first, second), placed, cells, (found.first, found.second), strict=True)
    )
    order = np.argsort(-found.squares, kind="stable")
    pair_first, pair_second = found.first[order], found.second[order]
    changes = np.asarray(second.to_original(B[pair_second]) - first.to_original(A[pair_first]), float)
    said, parts = _classified(first, second)
    rand_index, mutual_information = cells_agreement(*cells)
    listed = order[:MOST_LISTED]
    n_total = first.sample.n_total
    rows = np.asarray(first.sample.rows)[whole]
    return ComparisonData(
        first=sides[0],
        second=sides[1],
        others=others,
        rows=rows,
        points=points,
        limits=_limits(points, *placed),
        x_label=labels[0],
        y_label=labels[1],
        pair_first=pair_first,
        pair_second=pair_second,
        distances=np.sqrt(found.squares[order]),
        changes=changes,
        common=jaccard(*cells, pair_first, pair_second),
        tiles_first=tiles_of(first, A[found.first[listed]]),
        tiles_second=tiles_of(second, B[found.second[listed]]),
        captions=tuple(_change_words(first, change) for change in changes[:MOST_LISTED]),
        moved=moved,
        moves=Moved(moves_of(rows, cells, partners), partners, None if first.is_whole else (first, second)),
        verdicts=said,
        rand_index=rand_index,
        mutual_information=mutual_information,
        parts=parts,
        figures=_figures(first, second, A, B, cells),
        parameters=differing(first, second),
        method=found.method,
        disparity=found.disparity,
        headline=_headline(moved, said),
        note=(counted(len(rows), "row") if len(rows) == n_total else f"{len(rows):,} of {n_total:,} rows")
        + without_test_part(first.every.n_sealed),
        left_out=too_large(first),
    )


def _matching(first: Scene, second: Scene, A: Floats, B: Floats) -> Matching:
    if first.has_grid and second.has_grid and first.model.grid == second.model.grid:
        return match_maps(A, B, first.model.grid)
    return match(A, B, first.prototype_codes, second.prototype_codes)


def _side(scene: Scene, places: Floats, cells: Codes, paired: Codes, moved: NDArray[np.bool_]) -> Side:
    n = len(places)
    return Side(
        name=scene.name or "this run",
        title=scene.engine.title,
        iteration=scene.snapshot.iteration,
        places=places,
        codes=scene.prototype_codes,
        cells=cells,
        counts=np.bincount(cells, minlength=n).astype(np.int64),
        alone=tuple(np.setdiff1d(np.arange(n), paired).tolist()),
        moved=np.bincount(cells[moved], minlength=n).astype(np.int64),
    )


def _rows(scene: Scene) -> Array:
    """The rows that are compared, (m, d) in training units."""
    X = np.asarray(scene.sample.X)
    return X if len(scene.whole) == len(X) else X[scene.whole]


def _cells(scene: Scene) -> Codes:
    if len(scene.whole) == len(scene.sample.rows):
        return np.asarray(scene.winners, np.int64)
    return nearest(scene.model, _rows(scene))[0] if len(scene.whole) else np.empty(0, np.int64)


def _predictions(scene: Scene) -> Codes:
    if len(scene.whole) == len(scene.sample.rows):
        return scene.predicted
    return predict_codes(scene.model, _rows(scene), scene.classes) if len(scene.whole) else np.empty(0, np.int64)


def _classified(first: Scene, second: Scene) -> tuple[NDArray[np.int8], tuple[PartAgreement, ...]]:
    """What became of each row under two classifiers, and their agreement part by part."""
    codes = first.sample.codes
    if codes is None or not (first.engine.supervised and second.engine.supervised):
        return np.empty(0, np.int8), ()
    true = np.asarray(codes, np.int64)[first.whole]
    one, other = _predictions(first), _predictions(second)
    return verdicts(one, other, true), part_agreements(one, other, true, first.split[first.whole])


def _plane(scene: Scene, books: tuple[Floats, ...]) -> tuple[Floats, tuple[str, str], tuple[Floats, ...]]:
    """Rows and codebooks in the plane of the rows' principal components; one feature has its own values across."""
    X = np.asarray(_rows(scene), float)
    if X.shape[1] > 1:
        axes = principal_axes(scene)
        return axes.place(X), axes.labels, tuple(axes.place(W) for W in books)
    spread = np.modf(np.arange(1, len(X) + 1) * 0.6180339887498949)[0] - 0.5
    across = [np.asarray(scene.to_original(W), float)[:, 0] for W in (X, *books)]
    name = with_unit(shorten(scene.original_names[0], 40), scene.units[0])
    places = tuple(np.column_stack([values, np.zeros(len(values))]) for values in across[1:])
    return np.column_stack([across[0], spread]), (name, "spread for reading, without meaning"), places


def _limits(*clouds: Floats) -> tuple[float, float, float, float]:
    points = np.concatenate(clouds)
    low, high = points.min(axis=0), points.max(axis=0)
    margin = np.where(high > low, 0.04 * (high - low), np.maximum(0.5, 0.05 * np.abs(high)))
    (left, bottom), (right, top) = (low - margin).tolist(), (high + margin).tolist()
    return left, right, bottom, top


def _change_words(scene: Scene, change: Floats) -> str:
    """The features that changed most of their range, with how much; "" for pixels."""
    if scene.image_shape is not None:
        return ""
    low, high = range_of(scene)
    width = np.where(high > low, high - low, 1.0)
    most = np.argsort(-np.abs(change) / width, kind="stable")[:_MOST_NAMED]
    named = [
        f"{shorten(scene.original_names[j], 14)} {'+' if change[j] > 0 else ''}{number(float(change[j]), 3)}"
        for j in most.tolist()
        if change[j] != 0
    ]
    return ", ".join(named)


def _headline(moved: NDArray[np.bool_], said: NDArray[np.int8]) -> str:
    share = percent(float(moved.mean())) if len(moved) else "none"
    words = f"{share} of the rows moved"
    if len(said):
        only_first, only_second = int((said == ONLY_FIRST).sum()), int((said == ONLY_SECOND).sum())
        words += f"; {only_first:,} are right in the first run alone, {only_second:,} in the second alone"
    return words


def _figures(
    first: Scene, second: Scene, A: Floats, B: Floats, cells: tuple[Codes, Codes]
) -> tuple[tuple[str, str, str], ...]:
    """Figures of both runs: of their snapshots, then of the rows part by part."""
    pairs: list[tuple[str, str, str]] = [("prototypes", f"{len(A):,}", f"{len(B):,}")]
    told = [{"cost": scene.snapshot.cost, **scene.snapshot.metrics} for scene in (first, second)]
    nothing = float("nan")
    for name in dict.fromkeys([*told[0], *told[1]]):
        one, other = (number(float(side.get(name, nothing)), 5) for side in told)
        pairs.append((metric_title(name), one, other))
    X, split = np.asarray(_rows(first), float), first.split[first.whole]
    errors = [((X - W[mine]) ** 2).sum(axis=1) for W, mine in ((A, cells[0]), (B, cells[1]))]
    for code, part in enumerate(PARTS):
        mine = split == code
        if mine.any():
            one, other = (number(float(error[mine].mean()), 5) for error in errors)
            pairs.append((f"squared error, {part} rows", one, other))
    sealed = [(NOT_YET, NOT_YET)] if first.every.n_sealed else []
    pairs += [("squared error, test rows", *words) for words in sealed]
    codes = first.sample.codes
    if codes is not None:
        true = np.asarray(codes, np.int64)[first.whole]
        right = [_predictions(scene) == true if scene.engine.supervised else None for scene in (first, second)]
        for code, part in enumerate(PARTS):
            mine = (split == code) & (true >= 0)
            if mine.any() and any(side is not None for side in right):
                one, other = (percent(nothing if side is None else float(side[mine].mean())) for side in right)
                pairs.append((f"accuracy, {part} rows", one, other))
        if any(side is not None for side in right):
            pairs += [("accuracy, test rows", *words) for words in sealed]
    return tuple(pairs)


def differing(*scenes: Scene) -> tuple[tuple[str, ...], ...]:
    """Engine and parameters, as far as they differ among runs: the name, and the value in each run in words.

    One that is not a parameter of all engines is told where it has another value than by default.
    """
    told = [{"engine": scene.engine.title} | in_force(scene) for scene in scenes]
    defaults = {parameter.name: parameter.default for scene in scenes for parameter in scene.engine.parameters}
    found = []
    for name in dict.fromkeys(name for side in told for name in side):
        known = {in_words(side[name]) for side in told if name in side}
        is_chosen = name not in defaults or known != {in_words(defaults[name])}
        if len(known) > 1 or (is_chosen and not all(name in side for side in told)):
            found.append((name, *(in_words(side[name]) if name in side else MISSING for side in told)))
    return tuple(found)


def in_force(scene: Scene) -> dict[str, Any]:
    """The parameters of a run, with the defaults of those that it was not given."""
    return {parameter.name: parameter.default for parameter in scene.engine.parameters} | dict(scene.parameters)


def in_words(value: Any) -> str:
    """A parameter in a few letters."""
    return "none" if value is None else shorten(str(value), 40)
