"""What views say of single decisions, against the engines: reject curves, contributions, local metrics, borders."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engines.lvq.explain import explain
from engines.lvq.reject import certainty, reject_curve
from tests.views import scenes
from tests.views.trained import ENGINES, trained, trained_with
from workbench.views import contributions, local_relevance, planes, projection, reject, theme
from workbench.views.borders import MOST_CELLS, borders_of

# Reject option


def test_curves_of_each_part_are_those_of_its_labelled_rows() -> None:
    scene = trained("GMLVQ", "digits")
    data = reject.compute(scene)
    assert [part.part for part in data.parts] == ["training", "test"]
    for part, code in zip(data.parts, (0, 2), strict=True):
        mine = scene.split == code
        right = (scene.predicted == scene.sample.codes)[mine]
        curve = reject_curve(certainty(scene.model, scene.sample.X)[mine], right)
        assert part.n_rows == mine.sum()
        assert part.one.accuracy[0] == part.by_class.accuracy[0] == right.mean()
        assert set(part.one.accepted) <= set(curve.accepted)
        assert (part.low <= part.one.accuracy).all()
        assert (part.one.accuracy <= part.high + 1e-9).all()


def test_thresholds_are_chosen_on_the_validation_part_and_told_on_all() -> None:
    scene = trained("GMLVQ", "digits")
    split = np.arange(len(scene.split)) % 3
    data = reject.compute(replace(scene, every=replace(scene.every, split=split.astype(np.uint8))))
    assert data.chosen_on == "validation"
    sure, right = certainty(scene.model, scene.sample.X), scene.predicted == scene.sample.codes
    assert data.choices
    for choice in data.choices:
        assert choice.accuracy[1] >= choice.target
        assert choice.class_accuracy[1] >= choice.target
        assert choice.class_accepted[1] >= choice.accepted[1] - 1e-12
        for part in range(3):
            kept = (split == part) & (sure >= choice.threshold)
            assert choice.accepted[part] == kept.sum() / (split == part).sum()
            assert choice.accuracy[part] == right[kept].mean()


def test_curved_borders_have_no_distance_to_reject_by() -> None:
    assert "distance to the border" in reject.compute(trained("GMLVQ", "iris")).measures
    assert "distance to the border" not in reject.compute(trained("LGMLVQ", "iris")).measures


def test_rows_without_labels_give_no_curve() -> None:
    data = reject.compute(scenes.without_labels())
    assert not data.parts
    assert reject.figure(data, theme("dark")) is not None


# Contributions


def test_means_are_those_of_the_rows_taken_for_each_class() -> None:
    scene = trained("GMLVQ", "iris")
    data = contributions.compute(scene)
    shares = explain(scene.model, scene.sample.X).shares
    for code in range(3):
        np.testing.assert_allclose(data.means[code], shares[scene.predicted == code].mean(axis=0))
    assert (np.diff(np.abs(data.means).mean(axis=0)[data.order]) <= 0).all()


@pytest.mark.parametrize("engine", [name for name in ENGINES if contributions.applies(trained(name, "iris"))])
def test_what_features_contribute_is_the_distance_by_which_the_engine_decides(engine: str) -> None:
    scene = trained(engine, "iris")
    told, D = explain(scene.model, scene.sample.X), scene.model.transform(scene.sample.X) ** 2
    rows = np.arange(len(D))
    np.testing.assert_allclose(told.nearer, D[rows, told.winners], rtol=1e-4, atol=1e-9)
    np.testing.assert_allclose(told.farther, D[rows, told.rivals], rtol=1e-4, atol=1e-9)


def test_explained_rows_are_what_they_are_called() -> None:
    scene = trained("GMLVQ", "iris")
    data = contributions.compute(scene)
    sure, right = certainty(scene.model, scene.sample.X), scene.predicted == scene.sample.codes
    told = {row.why: row.certainty for row in data.rows}
    assert told == pytest.approx(
        {
            "Wrong, and most sure of it": sure[~right].max(),
            "Right, and least sure of it": sure[right].min(),
            "Wrong, by the least": sure[~right].min(),
            "Most sure": sure[right].max(),
        }
    )
    assert all(row.shares.sum() == pytest.approx(row.certainty) for row in data.rows)
    assert all(" cm" in row.bars[0] and "→" in row.change for row in data.rows)


def test_the_changed_picture_is_of_the_other_class_and_rows_of_many_features_are_not_searched() -> None:
    data = contributions.compute(trained("GMLVQ", "digits"))
    assert all(row.images is not None and row.images.shape == (2, 8, 8) for row in data.rows)
    np.testing.assert_allclose(data.picture(data.rows[0].shares).sum(), data.rows[0].certainty)
    curved = contributions.compute(trained("LGMLVQ", "digits"))
    assert all(row.change == "not searched for, as borders are curved in more than 60 features" for row in curved.rows)


# Local metrics


@pytest.mark.parametrize("localization", ["class", "prototype"])
def test_local_relevances_are_those_of_the_engine(localization: str) -> None:
    options = {"localization": localization, "prototypes_per_class": 2, "metric_warmup": 0, "max_iter": 4}
    scene = trained_with("LGMLVQ", "iris", options, steps=4)
    data = local_relevance.compute(scene)
    matrices = scene.model.relevance_matrices_
    np.testing.assert_allclose(data.matrices, matrices, atol=1e-6)
    np.testing.assert_allclose(data.relevances, np.diagonal(matrices, axis1=1, axis2=2), atol=1e-6)
    assert data.metric_names[0] == ("setosa" if localization == "class" else "setosa, prototype 0")
    assert len(data.metric_names) == len(matrices) == (3 if localization == "class" else 6)
    assert (np.diff(data.relevances.max(axis=0)[data.order]) <= 0).all()


# Borders of cells


@pytest.mark.parametrize("engine", ["KMeans", "GMLVQ", "GRLVQ"])
def test_borders_lie_half_way_between_the_two_nearest_prototypes(engine: str) -> None:
    scene = trained(engine, "iris")
    plane = projection.compute(scene).planes[0]
    axes = planes.principal_axes(scene)
    assert len(plane.borders.lines) >= 2
    for ends, parts in zip(plane.borders.lines, plane.borders.parts_classes, strict=True):
        row = axes.mean + ends.mean(axis=0) @ axes.components
        first, second = np.argsort(scene.model.transform(row[None])[0])[:2]
        distances = scene.model.transform(row[None])[0]
        assert distances[first] == pytest.approx(distances[second], rel=1e-4)
        assert parts == (scene.prototype_codes[first] != scene.prototype_codes[second])


def test_borders_in_the_plane_of_the_metric_stand_upright_between_projected_prototypes() -> None:
    plane = projection.compute(scenes.iris()).planes[1]
    assert plane.name == "metric"
    assert len(plane.borders.lines) >= 2
    assert plane.borders.parts_classes.all()
    between = plane.prototypes[:, None] - plane.prototypes[None]
    for ends in plane.borders.lines:
        along = (ends[1] - ends[0]) / np.linalg.norm(ends[1] - ends[0])
        cosines = np.abs(between @ along)[np.triu_indices(3, 1)]
        assert cosines.min() < 1e-6 * np.abs(between).max()


def test_curved_cells_maps_and_crowds_have_no_borders() -> None:
    for engine in ("LGMLVQ", "GaussianMixture", "SOM"):
        assert not any(len(plane.borders.lines) for plane in projection.compute(trained(engine, "iris")).planes)
    crowd = scenes.many_tiles()
    assert len(crowd.prototypes) > MOST_CELLS
    assert not len(borders_of(crowd, np.zeros(36), np.eye(2, 36), (0.0, 1.0, 0.0, 1.0)).lines)
