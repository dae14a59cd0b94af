"""One prototype closely: neighbours, margins, shares and what-if against the definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from tests.views import scenes
from tests.views.test_picking import picking
from tests.views.trained import trained
from workbench.views import closely
from workbench.views.closely import N_BINS, REACH, Asked, CloselyData
from workbench.views.scene import Scene


def looked(scene: Scene, which: int, asked: str = "") -> CloselyData:
    chosen = picking(scene, prototypes=(which,))
    return closely.compute(chosen.asking(asked, chosen.picked))


def test_rivals_members_and_impostors_are_the_nearest_ones() -> None:
    scene = trained("KMeans", "iris")
    X, W = np.asarray(scene.sample.X), np.asarray(scene.prototypes)
    D = cdist(X, W)
    for k in range(len(W)):
        cell = looked(scene, k).cell
        assert cell is not None
        others = np.argsort(cdist(W[k : k + 1], W)[0], kind="stable")
        assert cell.rivals.numbers.tolist() == [j for j in others.tolist() if j != k]
        np.testing.assert_allclose(cell.rivals.distances, cdist(W[k : k + 1], W[cell.rivals.numbers])[0], rtol=1e-6)
        mine = np.flatnonzero(D.argmin(axis=1) == k)
        np.testing.assert_array_equal(cell.members, mine)
        near, far, impostors = cell.groups
        np.testing.assert_allclose(near.distances, np.sort(D[mine, k])[:6], rtol=1e-6)
        np.testing.assert_allclose(far.distances, np.sort(D[mine, k])[::-1][:6], rtol=1e-6)
        theirs = np.setdiff1d(np.arange(len(X)), mine)
        np.testing.assert_allclose(impostors.distances, np.sort(D[theirs, k])[:6], rtol=1e-6)


def test_margins_are_counted_as_defined() -> None:
    scene = trained("KMeans", "iris")
    D = np.sort(cdist(np.asarray(scene.sample.X), scene.prototypes), axis=1)
    margins = (D[:, 1] - D[:, 0]) / (D[:, 1] + D[:, 0])
    for k in range(len(scene.prototypes)):
        cell = looked(scene, k).cell
        assert cell is not None
        np.testing.assert_array_equal(cell.margins, np.histogram(margins[cell.members], N_BINS, (0, 1))[0])


@pytest.mark.parametrize("engine", ["KMeans", "GMLVQ", "GRLVQ"])
def test_shares_of_the_distance_to_a_rival_sum_to_one_and_follow_the_metric(engine: str) -> None:
    scene = trained(engine, "iris")
    cell = looked(scene, 0).cell
    assert cell is not None
    assert cell.shares.sum() == pytest.approx(1)
    matrix = np.eye(4) if scene.omega is None else scene.omega.T @ scene.omega
    apart = scene.prototypes[0] - scene.prototypes[cell.rivals.numbers[0]]
    np.testing.assert_allclose(cell.shares, (apart * (matrix @ apart) / (apart @ matrix @ apart))[cell.apart])


def test_impostors_of_a_classifier_are_of_another_class() -> None:
    scene = scenes.iris()
    for k in range(3):
        cell = looked(scene, k).cell
        assert cell is not None
        assert (cell.groups[2].codes != k).all()


def test_a_prototype_moved_along_a_feature_has_that_value_and_the_label_that_is_predicted_there() -> None:
    scene = trained("GMLVQ", "iris")
    rows = np.asarray(scene.sample.X)
    for step in (-2.0, 1.0, 3.0):
        data = looked(scene, 0, str(Asked("feature:2", step)))
        assert data.cell is not None
        deviation = rows[data.cell.members, 2].std()
        place = np.array(scene.prototypes[0], float)
        place[2] += step * deviation
        np.testing.assert_allclose(data.moved, place, rtol=1e-4)
        assert scene.class_names[int(scene.predict(place[None])[0])] in data.verdict
        assert data.told.tolist() == [2]


def test_nothing_is_moved_before_anything_is_asked() -> None:
    data = looked(trained("GMLVQ", "iris"), 1)
    np.testing.assert_array_equal(data.values, data.moved)
    assert data.verdict.startswith("still its own")


def test_without_a_picked_prototype_it_says_what_to_do() -> None:
    data = closely.compute(trained("KMeans", "iris"))
    assert data.which == -1
    assert "Click a prototype" in data.note


def test_an_only_prototype_has_no_rival_and_no_border() -> None:
    X = np.random.default_rng(0).normal(size=(30, 3))
    data = looked(scenes.make_scene(X, prototypes=X[:1]), 0)
    assert data.cell is not None
    assert not len(data.cell.rivals.numbers)
    assert data.cell.margins[-1] == 30


@given(st.text())
def test_any_text_can_be_asked(text: str) -> None:
    asked = Asked.parse(text)
    assert abs(asked.step) <= REACH


@given(st.sampled_from(["axis:0", "feature:3", ""]), st.floats(-REACH, REACH))
def test_what_is_asked_comes_back(direction: str, step: float) -> None:
    asked = Asked.parse(str(Asked(direction, step)))
    assert asked.direction == direction
    assert asked.step == pytest.approx(step, rel=1e-3, abs=1e-300)
