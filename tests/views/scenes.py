"""Scenes for the tests of views: real engines over small data, friendly and hostile; no tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits, load_iris, make_blobs

from engines import Snapshot, engine_info
from engines.lvq.refits import Resampling
from engines.lvq.stability import Stability
from engines.rows import ArrayRows
from tests.signals import two_kinds_of_matrices
from workbench.data import Places
from workbench.session import DataSample
from workbench.session.stability import MeasuredStability
from workbench.views import Scene
from workbench.views.others import OtherRun
from workbench.views.scene_rows import EveryRow, Patches

HOSTILE = (
    "<script>alert('x')</script>",
    "$_{x}^",
    "100 $ and 200 $",
    "naïve Größe 漢字 🦊 \u202e\x00 end",
    "line one\nline two\ttab",
    r"\alpha \$ %s {0}",
    "a name so long that nobody would ever want to read it in a plot, yet here it is, number 1",
    "a name so long that nobody would ever want to read it in a plot, yet here it is, number 2",
)


def history(n: int = 12, **columns: Any) -> dict[str, NDArray[Any]]:
    """Curves of n steps."""
    steps = np.arange(n, dtype=float)
    return {"iteration": steps, "cost": 100 * np.exp(-steps / 3) + 5, **columns}


def make_scene(
    X: NDArray[Any],
    codes: NDArray[Any] | None = None,
    classes: Sequence[Any] = (),
    *,
    prototypes: NDArray[Any] | None = None,
    codes_of_prototypes: NDArray[Any] | None = None,
    omega: NDArray[Any] | None = None,
    names: Sequence[str] | None = None,
    units: Sequence[str] | None = None,
    image_shape: tuple[int, ...] | None = None,
    curves: dict[str, NDArray[Any]] | None = None,
    to_original: Callable[[NDArray[Any]], NDArray[Any]] = lambda W: W,
    split: NDArray[Any] | None = None,
    n_total: int | None = None,
    extra: dict[str, NDArray[Any]] | None = None,
) -> Scene:
    """A scene of GMLVQ where an `omega` is given, of KMeans otherwise; prototypes default to the first rows."""
    X = np.asarray(X)
    W = X[: min(3, len(X))].astype(float) if prototypes is None else prototypes
    arrays: dict[str, NDArray[Any]] = {"prototypes": W, **(extra or {})}
    if omega is not None:
        assert codes_of_prototypes is not None
        arrays |= {"omega": omega, "classes": np.asarray(classes)}
        arrays["prototype_labels"] = np.asarray(classes)[codes_of_prototypes]
    else:
        winners = ((np.asarray(X, float)[:, None] - W[None]) ** 2).sum(axis=2).argmin(axis=1)
        arrays.setdefault("counts", np.bincount(winners, minlength=len(W)).astype(float))
    split = np.zeros(len(X)) if split is None else split
    names = tuple(names or (f"feature {i}" for i in range(X.shape[1])))
    curves = curves or history(accuracy=np.linspace(0.3, 0.9, 12))
    last = len(curves["cost"]) - 1
    return Scene(
        engine=engine_info("GMLVQ" if omega is not None else "KMeans"),
        parameters={},
        snapshot=Snapshot(last, None, float(curves["cost"][-1]), {}, "", lambda: arrays),
        history=curves,
        sample=DataSample(X, codes, np.arange(len(X)), n_total or len(X)),
        every=EveryRow(
            ArrayRows(X),
            codes,
            np.zeros(len(X), np.uint8) if split is None else split,
            lambda rows: X[rows],
            ArrayRows(X),
            np.ones(len(X), bool),
        ),
        feature_names=names,
        original_names=names,
        units=tuple(units or [""] * X.shape[1]),
        classes=tuple(classes),
        image_shape=image_shape,
        to_original=to_original,
    )


def supervised(X: NDArray[Any], codes: NDArray[Any], classes: Sequence[Any], *, seed: int = 0, **more: Any) -> Scene:
    """One prototype a class at its mean, a random metric, and a fifth of the rows for testing."""
    rng = np.random.default_rng(seed)
    means = np.stack([X[codes == code].mean(axis=0) for code in range(len(classes))])
    omega = rng.normal(size=(min(10, X.shape[1]), X.shape[1]))
    split = np.where(np.arange(len(X)) % 5 == 4, 2, 0).astype(np.uint8)
    options: dict[str, Any] = {
        "prototypes": means,
        "codes_of_prototypes": np.arange(len(classes)),
        "omega": omega / np.linalg.norm(omega),
        "split": split if len(X) >= 5 else None,
    }
    return make_scene(X, codes.astype(np.int32), classes, **(options | more))


@cache
def iris() -> Scene:
    data = load_iris()
    names = [name.removesuffix(" (cm)") for name in data.feature_names]
    return supervised(data.data, data.target, data.target_names.tolist(), names=names, units=["cm"] * 4)


@cache
def iris_clusters() -> Scene:
    data = load_iris()
    return make_scene(data.data, data.target.astype(np.int32), data.target_names.tolist())


@cache
def digits() -> Scene:
    data = load_digits()
    curves = history(accuracy=np.linspace(0.2, 0.95, 12), validation_accuracy=np.linspace(0.2, 0.9, 12))
    return supervised(data.data[:600], data.target[:600], range(10), image_shape=(8, 8), curves=curves)


@cache
def color_patches() -> Scene:
    patches = np.random.default_rng(0).normal(size=(80, 4 * 5 * 3))
    return make_scene(patches, prototypes=patches[:16], image_shape=(4, 5, 3))


@cache
def source_patches() -> Scene:
    """Overlapping patches of one picture, cut from it on a grid, and a corner that none covers."""
    image = np.random.default_rng(0).integers(0, 256, (30, 44), np.uint8)
    windows = np.lib.stride_tricks.sliding_window_view(image, (6, 6))[::3, ::4]
    top, left = (np.indices(windows.shape[:2]).reshape(2, -1).T * (3, 4)).T
    rows = windows.reshape(-1, 36)[:-12]
    places = Places(
        ("a picture with a name that is rather long for what it is.png",),
        np.array([[30, 44]]),
        *np.stack([0 * top, top, left]).astype(np.int32)[:, : len(rows)],
    )
    made = make_scene(rows, prototypes=rows[::9].astype(float), image_shape=(6, 6))
    return replace(made, patches=Patches(lambda: places, lambda W, raw: W))


@cache
def many_tiles() -> Scene:
    tiles = np.random.default_rng(0).integers(0, 256, size=(450, 36)).astype(np.uint8)
    return make_scene(tiles, prototypes=tiles[:410].astype(float), image_shape=(6, 6), n_total=60_000)


@cache
def fifty_classes() -> Scene:
    X, y = make_blobs(500, 20, centers=50, random_state=0, cluster_std=4)
    return supervised(X, y, [f"class number {i}" for i in range(50)])


@cache
def many_rows() -> Scene:
    X, y = make_blobs(6000, 13, centers=4, random_state=0)
    return supervised(X, y, list("abcd"))


@cache
def many_features() -> Scene:
    X = np.random.default_rng(0).normal(size=(60, 1000))
    return supervised(X, np.arange(60) % 2, ["no", "yes"])


@cache
def hostile_names() -> Scene:
    X, y = make_blobs(80, len(HOSTILE), centers=len(HOSTILE), random_state=0)
    curves = history(**{"weird $_{ metric <b>": np.ones(12)})
    options: dict[str, Any] = {"names": HOSTILE, "units": ["µg/l", "$", "<i>", *[""] * 5], "curves": curves}
    scene = supervised(X, y, HOSTILE, **options)
    drawn = supervised(X, y, HOSTILE, prototypes=np.roll(X, 7, axis=0)[: len(HOSTILE)], **options)
    return replace(scene, find_others=lambda: (beside(drawn, HOSTILE[0]), beside(scene, HOSTILE[3])))


def beside(scene: Scene, name: str) -> OtherRun:
    """A scene as another run of that name."""
    named = replace(scene, name=name)
    return OtherRun(name, scene.engine.name, len(scene.prototypes), lambda when: named)


@cache
def one_row() -> Scene:
    nothing = {"iteration": np.zeros(1), "cost": np.array([np.nan]), "accuracy": np.array([np.nan])}
    return supervised(np.ones((1, 3)), np.zeros(1, int), ["only"], curves=nothing)


@cache
def one_feature() -> Scene:
    X = np.random.default_rng(0).normal(size=(50, 1))
    return supervised(X, np.arange(50) % 2, [True, False], to_original=lambda W: 10 * W + 3)


@cache
def constant_columns() -> Scene:
    return supervised(np.full((20, 3), 7.0), np.arange(20) % 2, ["a", "b"])


@cache
def missing_values() -> Scene:
    X = np.random.default_rng(0).normal(size=(30, 4))
    X[::3, 1] = np.nan
    X[:, 3] = np.nan
    counts = {"counts": np.array([10.0, 20.0])}
    return make_scene(X, prototypes=np.zeros((2, 4)), extra=counts)


@cache
def without_labels() -> Scene:
    """A classifier whose rows here have no label, as when only some were labelled."""
    X = np.random.default_rng(0).normal(size=(30, 4))
    scene = supervised(X, np.arange(30) % 2, ["a", "b"])
    return make_scene(
        X,
        np.full(30, -1, np.int32),
        ["a", "b"],
        prototypes=np.asarray(scene.prototypes),
        codes_of_prototypes=np.array([0, 1]),
        omega=np.asarray(scene.snapshot.arrays["omega"]),
    )


@cache
def matrices() -> Scene:
    """SPD matrices, row by row."""
    X, labels = two_kinds_of_matrices()
    classes, codes = np.unique(labels, return_inverse=True)
    scene = supervised(X.reshape(len(X), -1), codes, classes.tolist(), image_shape=X.shape[1:])
    return replace(scene, kind="spd")


def with_refits(scene: Scene, n: int = 9, spread: float = 0.3) -> Scene:
    """The scene after refits whose Ω differs from its own by some noise."""
    rng = np.random.default_rng(0)
    omega = np.asarray(scene.snapshot.arrays["omega"], float)
    found = Stability.of(omega.T @ omega)
    for _ in range(n):
        drawn = omega + spread * rng.normal(size=omega.shape) * np.sqrt(np.mean(omega**2))
        drawn /= np.linalg.norm(drawn)
        found = found.and_refit(drawn.T @ drawn, float(rng.uniform(0.8, 1.0)))
    measured = MeasuredStability(Resampling(n_refits=n), found, scene.snapshot.iteration)
    return replace(scene, stability=measured)


@cache
def refits() -> Scene:
    return with_refits(hostile_names())


SCENES: dict[str, Callable[[], Scene]] = {
    made.__name__: made
    for made in (
        iris,
        iris_clusters,
        digits,
        color_patches,
        source_patches,
        many_tiles,
        fifty_classes,
        many_rows,
        many_features,
        hostile_names,
        one_row,
        one_feature,
        constant_columns,
        missing_values,
        without_labels,
        matrices,
        refits,
    )
}
