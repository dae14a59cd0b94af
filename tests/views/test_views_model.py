"""A fitted engine outside of a project gives views what a run gives them; unfit things are refused in a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from engines import GLVQ, GMLVQ, SOM, KMeans
from tests.views.scenes import SCENES
from tests.views.trained import ENGINES, trained
from workbench.views import VIEWS
from workbench.views.model_scene import ModelOnRows, NotToBeSeen

IRIS = load_iris()
OF_THE_RUN = {"curves", "rate_distortion", "comparison"}
"""Views of what only a run of a project knows: its timeline, and its siblings."""


def same(first: Any, second: Any) -> bool:
    """Whether two models' figures are alike where they are arrays of numbers."""
    a, b = np.asarray(first), np.asarray(second)
    return a.shape == b.shape and (a.dtype.kind not in "fiu" or np.allclose(a, b, equal_nan=True))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_model_is_seen_by_the_views_that_see_its_run(engine: str) -> None:
    run = trained(engine, "iris")
    shape = run.sample.X.shape
    base = SCENES["iris" if "table" in run.engine.data_kinds else "matrices"]()
    y = None if base.sample.codes is None else np.asarray(base.classes)[np.maximum(np.asarray(base.sample.codes), 0)]
    thing = ModelOnRows(run.model, np.asarray(run.sample.X), y, image_shape=run.image_shape if shape else None)
    scene = thing.scene()
    for view in VIEWS:
        if view.name in OF_THE_RUN or not view.applies(run):
            continue
        assert view.applies(scene), f"{view.name} shows the run alone"
        view.compute(scene)
    assert scene.has_prototypes == run.has_prototypes
    if run.has_prototypes:
        assert same(scene.prototypes, run.prototypes)
        assert np.array_equal(scene.winners, run.winners)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_model_without_rows_is_seen_or_refused_in_words(engine: str) -> None:
    scene = ModelOnRows(trained(engine, "iris").model).scene()
    seen = [view.name for view in VIEWS if view.applies(scene) and view.name in ("prototypes", "som", "relevance")]
    for name in seen:
        next(view for view in VIEWS if view.name == name).compute(scene)


def test_names_come_from_a_table_and_a_refit_is_seen() -> None:
    table = pd.DataFrame(IRIS.data, columns=IRIS.feature_names)
    model = KMeans(n_clusters=3, random_state=0).fit(table)
    thing = ModelOnRows(model, table, IRIS.target)
    assert thing.scene().feature_names == tuple(IRIS.feature_names)
    before = thing.sequence
    assert thing.sequence == before
    model.set_params(n_clusters=4).fit(table)
    assert thing.sequence == before + 1
    assert len(thing.scene().prototypes) == 4


def test_labels_that_are_missing_are_none_and_strangers_come_last() -> None:
    model = GLVQ(random_state=0, max_iter=2).fit(IRIS.data, np.array(["a", "b", "c"])[IRIS.target])
    y: list[Any] = ["a"] * 150
    y[0], y[1], y[2] = None, float("nan"), "stranger"
    scene = ModelOnRows(model, IRIS.data, y).scene()
    assert scene.classes == ("a", "b", "c", "stranger")
    assert scene.sample.codes is not None
    assert scene.sample.codes[:4].tolist() == [-1, -1, 3, 0]


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ModelOnRows(KMeans()), "fit it first"),
        (lambda: ModelOnRows(make_pipeline(StandardScaler(), KMeans()), IRIS.data), "last step of a Pipeline"),  # type: ignore[arg-type]
        (lambda: ModelOnRows("a word"), "A str cannot be shown"),  # type: ignore[arg-type]
        (lambda: ModelOnRows(KMeans(3).fit(IRIS.data), IRIS.data[:, :2]), "takes 4 features"),
        (lambda: ModelOnRows(KMeans(3).fit(IRIS.data), [["x"] * 4]), "not numbers"),
        (lambda: ModelOnRows(KMeans(3).fit(IRIS.data), IRIS.data, [1, 2]), "for 150 rows"),
        (lambda: ModelOnRows(KMeans(3).fit(IRIS.data), IRIS.data, units=["cm"]), "1 units for 4"),
        (lambda: ModelOnRows(KMeans(3).fit(IRIS.data), IRIS.data, feature_names=["a"]), "1 feature names for 4"),
        (lambda: ModelOnRows(SOM(shape=(2, 2)).fit(IRIS.data), image_shape=(3, 3)), "has not 4 features"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(make: Any, words: str) -> None:
    with pytest.raises(NotToBeSeen, match=words):
        make()


def test_matrices_are_seen_as_matrices() -> None:
    scene = trained("GMLVQ", "iris")
    assert ModelOnRows(scene.model).scene().kind == "table"
    spd = next(name for name in ENGINES if trained(name, "iris").engine.data_kinds == ("spd",))
    matrices = ModelOnRows(trained(spd, "matrices").model).scene()
    assert matrices.kind == "spd"
    assert matrices.image_shape is not None
    assert matrices.image_shape[0] ** 2 == len(matrices.feature_names)
    assert GMLVQ.FITTED
