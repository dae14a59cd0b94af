"""The planes that rows are laid out in: principal components, discriminants, the learned metric, two features."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from workbench.views.borders import NONE, Borders, borders_of, cut
from workbench.views.crowd import Crowd, crowd_in
from workbench.views.model_answers import flat
from workbench.views.scene import Array, Scene, per_sample
from workbench.views.wording import percent, shorten, with_unit

_WIDE = 60
_MOST_TURNED = 5000


@dataclass(frozen=True, eq=False)
class Plane:
    """One projection.

    Attributes
    ----------
    name : str
        "pca", "lda", "features", or "metric": in which distances are those of the engine.
    title, x_label, y_label : str
    points : (m, 2) float64
        The rows of the sample.
    prototypes : (M, 2) float64
    crowd : Crowd or None
        All rows there, to be drawn as a density; None where they are few, or the plane changes with the snapshot.
    limits : (left, right, bottom, top)
        Around all of them; they do not move while the prototypes do (in the plane "pca").
    borders : Borders
        Where the cells of the prototypes meet the plane through the mean of the rows.
    """

    name: str
    title: str
    x_label: str
    y_label: str
    points: NDArray[np.float64]
    prototypes: NDArray[np.float64]
    crowd: Crowd | None
    limits: tuple[float, float, float, float]
    borders: Borders


Place = Callable[[Array], NDArray[np.float64]]
"""Lays rows (k, d) in training units out in a plane, (k, 2)."""


def offered(scene: Scene) -> tuple[tuple[str, str], ...]:
    """(name, title) of every plane of the scene, that of principal components first."""
    if np.shape(scene.sample.X)[1] == 1:
        return (("pca", "The only feature"),)
    made = [("pca", "Principal components")]
    if len(np.unique(row_codes(scene)[row_codes(scene) >= 0])) > 1:
        made.append(("lda", "Linear discriminants"))
    if scene.of_run and scene.omega is not None:
        made.append(("metric", "In the learned metric"))
    if "log_prototypes" in scene.snapshot.arrays:
        made.append(("metric", "In logarithms of the matrices"))
    if len(scene.original_names) > 1:
        made.append(("features", "Two features"))
    return tuple(made)


def plane_called(scene: Scene, name: str, features: tuple[int, int]) -> Plane:
    """The plane that is offered under `name`; of principal components where no other can be made."""
    if np.shape(scene.sample.X)[1] == 1:
        return _single(scene)
    if name == "lda" and (axes := discriminant_axes(scene)) is not None:
        cloud = _crowded(axes.cloud, scene, "lda", axes.place)
        return _plane("lda", "Linear discriminants", axes.labels, cloud, scene, axes.place)
    if name == "metric":
        return _logarithmic(scene) if "log_prototypes" in scene.snapshot.arrays else _metric(scene)
    return _features(scene, features) if name == "features" else _principal(scene)


def place_in(scene: Scene, name: str, features: tuple[int, int]) -> Place:
    """What lays rows out in the plane that `plane_called` gives for the same."""
    if np.shape(scene.sample.X)[1] == 1:
        return _only_value(scene)
    if name == "lda" and (axes := discriminant_axes(scene)) is not None:
        return axes.place
    if name == "metric" and "log_prototypes" in scene.snapshot.arrays:
        of_logarithms = _logarithmic_axes_of(scene)
        return lambda rows: of_logarithms.place(np.asarray(scene.model.project(rows)))
    if name == "metric":
        return _metric_turn(scene).place
    return _values_of(scene, features) if name == "features" else principal_axes(scene).place


def place_of_moment(
    scene: Scene, name: str, features: tuple[int, int]
) -> Callable[[Mapping[str, Array]], NDArray[np.float64]]:
    """What lays prototypes out in the same plane by the arrays of any moment of the run, (M, 2).

    The plane stays that of the scene, also where the metric of the moment was another one.
    """
    if name == "metric" and "log_prototypes" in scene.snapshot.arrays:
        of_logarithms = _logarithmic_axes_of(scene)
        return lambda arrays: of_logarithms.place(np.asarray(arrays["log_prototypes"]))
    place = place_in(scene, name, features)
    return lambda arrays: place(flat(arrays["prototypes"]))


def telling_features(scene: Scene, wanted: Collection[int] = ()) -> tuple[int, int]:
    """The two features that the learned metric weighs most, or else those of most variance in training units.

    Those that are `wanted` come before all others.
    """
    metric = scene.omega if scene.of_run and scene.feature_names == scene.original_names else None
    if metric is not None:
        weights = (np.asarray(metric) ** 2).sum(axis=0)
    elif scene.feature_names == scene.original_names:
        weights = np.var(whole_rows(scene), axis=0)
    else:
        weights = -np.arange(len(scene.original_names))
    order = sorted(np.argsort(-weights, kind="stable").tolist(), key=lambda j: j not in wanted)
    first, second = sorted(order[:2])
    return first, second


@dataclass(frozen=True, eq=False)
class Cloud:
    """Rows in a plane, as far as no snapshot changes them."""

    points: NDArray[np.float64]
    crowd: Crowd | None
    limits: tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class PrincipalAxes:
    """Two directions of one sample: mean (d,), components (2, d), labels of the axes, and the rows there."""

    mean: NDArray[np.float64]
    components: NDArray[np.float64]
    labels: tuple[str, str]
    cloud: Cloud

    def place(self, X: Array) -> NDArray[np.float64]:
        """Where rows (k, d) in training units lie in the plane, (k, 2)."""
        return np.asarray((finite(X) - self.mean) @ self.components.T)


def _principal(scene: Scene) -> Plane:
    axes = principal_axes(scene)
    cloud = _crowded(axes.cloud, scene, "pca", axes.place)
    borders = borders_of(scene, axes.mean, axes.components, cloud.limits) if _has_borders(scene) else NONE
    return _plane("pca", "Principal components", axes.labels, cloud, scene, axes.place, borders)


def _has_borders(scene: Scene) -> bool:
    """Whether borders of cells are drawn: not with the lines of a map, nor over hardly two dimensions."""
    return scene.of_run and not scene.has_grid and len(scene.sample.rows) > 2


@per_sample
def principal_axes(scene: Scene) -> PrincipalAxes:
    """The axes belong to the sample alone, so they never jump while prototypes move."""
    return _axes_of(whole_rows(scene).astype(np.float64), row_codes(scene))


@per_sample
def discriminant_axes(scene: Scene) -> PrincipalAxes | None:
    """The two directions that part the classes best (Fisher 1936); None without labels of at least two classes.

    Of two classes there is one such direction; the second is then the direction of most variance across it.
    """
    from sklearn.decomposition import PCA
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

    codes = row_codes(scene)
    X = whole_rows(scene).astype(np.float64)[codes >= 0]
    known, counts = np.unique(codes[codes >= 0], return_counts=True)
    if len(known) < 2 or counts.max() < 2 or X.shape[1] < 2 or len(X) <= len(known):
        return None
    mean, n_directions = X.mean(axis=0), min(2, len(known) - 1)
    turn = np.eye(X.shape[1])
    if X.shape[1] > _WIDE:  # of so many, those of most variance have what parts the classes, and it takes no second
        turn = PCA(min(_WIDE, len(X) - 1), svd_solver="randomized", random_state=0).fit(X).components_
    turned, directions = (X - mean) @ turn.T, np.zeros((1, X.shape[1]))
    for shrinkage in (
        None,
        "auto",
    ):  # a scatter without inverse is shrunk (Ledoit & Wolf)
        solver = LinearDiscriminantAnalysis(solver="eigen", shrinkage=shrinkage, n_components=n_directions)
        try:
            directions = solver.fit(turned, codes[codes >= 0]).scalings_[:, :n_directions].T @ turn
            break
        except (np.linalg.LinAlgError, ValueError):
            continue
    if not np.isfinite(directions).all() or not directions.any():
        return None
    names = ["first discriminant", "second discriminant"]
    if len(directions) == 1:
        across = X - mean - np.outer((X - mean) @ directions[0], directions[0]) / (directions[0] @ directions[0])
        directions = np.vstack([directions, np.linalg.svd(across[:_MOST_TURNED], full_matrices=False)[2][:1]])
        names[1] = "most variance across it"
    cloud = _cloud((whole_rows(scene).astype(np.float64) - mean) @ directions.T)
    return PrincipalAxes(mean, directions, (names[0], names[1]), cloud)


def _axes_of(X: NDArray[np.float64], codes: NDArray[np.int64]) -> PrincipalAxes:
    """The axes of rows (m, d) of these class codes."""
    from sklearn.decomposition import PCA

    mean = X.mean(axis=0) if len(X) else np.zeros(X.shape[1])
    total = float(((X - mean) ** 2).sum())
    if len(X) > 2 and total > 0:
        found = PCA(2, random_state=0).fit(X)
        components, shares = found.components_, found.explained_variance_ratio_
    else:
        components = np.eye(2, X.shape[1])
        shares = (((X - mean) @ components.T) ** 2).sum(axis=0) / (total or 1.0)
    first, second = (f"principal component {i + 1} ({percent(float(shares[i]))} of the variance)" for i in (0, 1))
    cloud = _cloud((X - mean) @ components.T)
    return PrincipalAxes(mean, components, (first, second), cloud)


@dataclass(frozen=True, eq=False)
class _Turn:
    """Ω turned to the leading directions of Λ: values (m,) and directions (m, d) of Ω, matrix (2, d), center (d,)."""

    values: NDArray[np.float64]
    directions: NDArray[np.float64]
    matrix: NDArray[np.float64]
    center: NDArray[np.float64]

    def place(self, X: Array) -> NDArray[np.float64]:
        return np.asarray((finite(X) @ self.matrix.T.astype(X.dtype)).astype(float) - self.center @ self.matrix.T)


def _metric_turn(scene: Scene) -> _Turn:
    if "metric turn" not in scene.memo:
        assert scene.omega is not None
        _, values, directions = np.linalg.svd(scene.omega, full_matrices=False)
        strongest = np.abs(directions).argmax(axis=1)
        directions = directions * np.where(directions[np.arange(len(directions)), strongest] < 0, -1.0, 1.0)[:, None]
        matrix = np.zeros((2, scene.omega.shape[1]))
        matrix[: len(values)] = (directions * values[:, None])[:2]
        scene.memo["metric turn"] = _Turn(values, directions, matrix, _center(scene))
    found: _Turn = scene.memo["metric turn"]
    return found


def _metric(scene: Scene) -> Plane:
    """Coordinates Ωx turned to the leading directions of Λ: distances in the plane are the metric's own, cut to 2-D."""
    turn = _metric_turn(scene)
    values = turn.values
    shares = values**2 / max(float((values**2).sum()), np.finfo(float).tiny)
    labels = [f"direction {i + 1} of Λ ({percent(float(shares[i]))} of the relevance)" for i in range(len(values))]
    first, second = (*labels, "no second direction")[:2]
    cloud, borders = _cloud(turn.place(whole_rows(scene))), NONE
    if len(values) > 1 and values[1] > 1e-6 * values[0] and _has_borders(scene):
        borders = borders_of(scene, turn.center, turn.directions[:2] / values[:2, None], cloud.limits)
    return _plane("metric", "In the learned metric", (first, second), cloud, scene, turn.place, borders)


def _logarithmic(scene: Scene) -> Plane:
    """Principal components of the logarithms of SPD matrices, whose distances are the engine's."""
    axes, logarithms = _logarithmic_axes_of(scene), np.asarray(scene.snapshot.arrays["log_prototypes"])
    borders = cut(scene, logarithms, None, axes.mean, axes.components, axes.cloud.limits)
    title, cloud = "In logarithms of the matrices", axes.cloud
    prototypes = axes.place(logarithms)
    return Plane("metric", title, *axes.labels, cloud.points, prototypes, cloud.crowd, cloud.limits, borders)


def _logarithmic_axes_of(scene: Scene) -> PrincipalAxes:
    known, shrinkage = _logarithmic_axes(scene), float(scene.model.regularization)
    if shrinkage not in known:
        logarithms = scene.model.project(np.asarray(scene.sample.X))
        known[shrinkage] = _axes_of(np.asarray(logarithms, np.float64), row_codes(scene))
    return known[shrinkage]


@per_sample
def _logarithmic_axes(scene: Scene) -> dict[float, PrincipalAxes]:
    """The axes by regularization, filled as runs ask for them: logarithms of a whole sample take a while."""
    return {}


def _only_value(scene: Scene) -> Place:
    """Lays rows of one feature out along a line, by their value in original units."""

    def place(rows: Array) -> NDArray[np.float64]:
        told = np.asarray(scene.to_original(finite(rows)), dtype=float)[:, 0]
        return np.column_stack([told, np.zeros(len(told))])

    return place


def _single(scene: Scene) -> Plane:
    """One feature: its value along the plane, and rows spread upwards for reading only."""
    values = np.asarray(scene.to_original(whole_rows(scene)), dtype=float)[:, 0]
    spread = np.modf(np.arange(1, len(values) + 1) * 0.6180339887498949)[0] - 0.5
    cloud = _cloud(np.column_stack([values, spread]))
    labels = (_feature_name(scene, 0), "spread for reading, without meaning")
    return _plane("pca", "The only feature", labels, cloud, scene, _only_value(scene))


def _values_of(scene: Scene, features: tuple[int, int]) -> Place:
    """Lays rows out by two features in original units."""
    which = list(features)
    return lambda rows: np.asarray(scene.to_original(finite(rows)), dtype=float)[:, which]


def _features(scene: Scene, features: tuple[int, int]) -> Plane:
    place = _values_of(scene, features)
    cloud = _crowded(_cloud(place(np.asarray(scene.sample.X))), scene, features, place)
    labels = (_feature_name(scene, features[0]), _feature_name(scene, features[1]))
    return _plane("features", "Two features", labels, cloud, scene, place)


def _feature_name(scene: Scene, which: int) -> str:
    return with_unit(shorten(scene.original_names[which], 40), scene.units[which])


def _plane(
    name: str,
    title: str,
    labels: tuple[str, str],
    cloud: Cloud,
    scene: Scene,
    place: Place,
    borders: Borders = NONE,
) -> Plane:
    prototypes = place(scene.prototypes) if len(scene.prototypes) else np.empty((0, 2))
    return Plane(name, title, *labels, cloud.points, prototypes, cloud.crowd, cloud.limits, borders)


def _cloud(points: NDArray[np.float64]) -> Cloud:
    low, high = (points.min(axis=0), points.max(axis=0)) if len(points) else (np.zeros(2), np.ones(2))
    return Cloud(points, None, _around(low, high))


def _crowded(cloud: Cloud, scene: Scene, plane: object, place: Place) -> Cloud:
    """The same rows with all the others, in a plane of the sample."""
    crowd = crowd_in(scene, plane, place)
    if crowd is None:
        return cloud
    left, right, bottom, top = crowd.limits
    return replace(cloud, crowd=crowd, limits=_around(np.array([left, bottom]), np.array([right, top])))


def _around(low: NDArray[np.float64], high: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Limits with a margin around what lies between."""
    margin = np.where(high > low, 0.04 * (high - low), np.maximum(0.5, 0.05 * np.abs(high)))
    (left, bottom), (right, top) = (low - margin).tolist(), (high + margin).tolist()
    return left, right, bottom, top


@per_sample
def row_codes(scene: Scene) -> NDArray[np.int64]:
    codes = scene.sample.codes
    return np.full(len(scene.sample.rows), -1, np.int64) if codes is None else np.asarray(codes, np.int64)


@per_sample
def whole_rows(scene: Scene) -> Array:
    """The sample in its own precision, with nothing missing."""
    return finite(np.asarray(scene.sample.X))


@per_sample
def _center(scene: Scene) -> NDArray[np.float64]:
    return np.asarray(whole_rows(scene).mean(axis=0, dtype=np.float64))


def finite(X: Array) -> Array:
    """`X` with what is not finite replaced by the mean of its column, for drawing only."""
    known = np.isfinite(X)
    if known.all():
        return X
    mean = np.where(known, X, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return np.where(known, X, mean).astype(X.dtype)
