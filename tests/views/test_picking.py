"""Picks: what a person points at becomes rows of all the data, whatever the sample; views show what is picked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.rows import ArrayRows
from tests.views import scenes
from tests.views.trained import trained
from workbench.session import DataSample, RowMask, Selection
from workbench.views import Scene, picked_rows, reconstructions
from workbench.views.picking import MOST_SHOWN, Pick, apply, inside, narrowed, picked_of, rows_of, taken_for
from workbench.views.planes import offered, place_in, plane_called
from workbench.views.scene_rows import EveryRow


def sampled(scene: Scene, step: int) -> Scene:
    """The scene with every `step`-th row as its sample."""
    X, codes = np.asarray(scene.sample.X), scene.sample.codes
    rows = np.arange(0, len(X), step)
    sample = DataSample(X[rows], None if codes is None else codes[rows], rows, len(X))
    return replace(scene, sample=sample)


def picking(scene: Scene, **what: object) -> Scene:
    """The scene of a person who picked rows, prototypes or features."""
    selection = Selection()
    apply(Pick(**what), selection, "r", "d", scene)  # type: ignore[arg-type]
    return scene.asking("", picked_of(selection, "r", "d", scene))


@pytest.mark.parametrize("engine", ["KMeans", "SOM", "GMLVQ", "GaussianMixture"])
def test_a_prototype_brings_every_row_that_it_wins_also_those_outside_the_sample(engine: str) -> None:
    scene = trained(engine, "iris")
    X = np.asarray(scene.sample.X)
    won = scene.model.encode(X) if hasattr(scene.model, "encode") else scene.model.predict(X)
    for k in range(len(scene.prototypes)):
        np.testing.assert_array_equal(rows_of(Pick(prototypes=(k,)), sampled(scene, 7)), np.asarray(won).ravel() == k)


@pytest.mark.parametrize("plane", ["pca", "lda", "metric", "features"])
def test_an_outline_picks_the_rows_that_lie_inside_it_and_no_others(plane: str) -> None:
    scene = trained("GMLVQ", "iris")
    few = sampled(scene, 5)  # the axes are those of its sample
    points = place_in(few, plane, (0, 2))(np.asarray(scene.sample.X))
    middle, half = np.median(points, axis=0), 0.7 * points.std(axis=0)
    box = middle + half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    found = rows_of(Pick(test=inside(box, plane, (0, 2))), few)
    np.testing.assert_array_equal(found, (np.abs(points - middle) < half).all(axis=1))
    assert 0 < found.sum() < len(points)


def test_the_planes_lay_rows_out_where_they_draw_them() -> None:
    for engine in ("GMLVQ", "KMeans"):
        scene = trained(engine, "iris")
        for name, _ in offered(scene):
            plane = plane_called(scene, name, (1, 3))
            np.testing.assert_allclose(
                place_in(scene, name, (1, 3))(np.asarray(scene.sample.X)), plane.points, atol=1e-9
            )


def test_discriminants_part_classes_better_than_any_other_plane() -> None:
    scene = scenes.iris()
    codes = np.asarray(scene.sample.codes)

    def ratio(points: np.ndarray) -> float:
        points = points - points.mean(axis=0)
        between = sum((codes == c).sum() * np.outer(m, m) for c in range(3) for m in [points[codes == c].mean(axis=0)])
        return float(np.trace(np.linalg.solve(points.T @ points, between)))

    X = np.asarray(scene.sample.X)
    best = ratio(place_in(scene, "lda", (0, 1))(X))
    rng = np.random.default_rng(0)
    others = [ratio(place_in(scene, "pca", (0, 1))(X)), *(ratio(X @ rng.normal(size=(4, 2))) for _ in range(50))]
    assert best > max(others)


def test_a_cell_of_the_confusion_picks_its_rows() -> None:
    scene = scenes.iris()
    codes, predicted = np.asarray(scene.sample.codes), scene.predicted
    for true in range(3):
        for taken in range(3):
            for part in (0, 2):
                found = rows_of(Pick(test=taken_for(true, taken, part)), scene)
                np.testing.assert_array_equal(found, (codes == true) & (predicted == taken) & (scene.split == part))


def dropping(scene: Scene, dropped: np.ndarray) -> Scene:
    """The scene of all data when these rows are dropped; every other one is in its sample."""
    kept = np.ones(len(np.asarray(scene.sample.X)), bool)
    kept[dropped] = False
    rows = np.flatnonzero(kept)
    codes = scene.sample.codes
    sample = DataSample(np.asarray(scene.sample.X)[rows], None if codes is None else codes[rows], rows, len(rows))
    return replace(scene, sample=sample, every=replace(scene.every, kept=kept))


@pytest.mark.parametrize("step", [1, 7])
def test_dropped_rows_are_won_by_none_and_picked_by_nothing_also_where_they_are_named(step: int) -> None:
    whole = trained("GMLVQ", "iris")
    dropped = np.arange(3, 150, 10)
    scene = dropping(whole, dropped)
    sample, n = scene.sample, 150
    picks = sample.rows[::step]
    codes = None if sample.codes is None else sample.codes[::step]
    scene = replace(scene, sample=DataSample(np.asarray(sample.X)[::step], codes, picks, sample.n_total))
    assert scene.is_whole is (step == 1)
    for found, expected in ((scene.every_winner, whole.winners), (scene.every_prediction, whole.predicted)):
        np.testing.assert_array_equal(found, np.where(np.isin(np.arange(n), dropped), -1, expected))
    everywhere = np.array([[-1e9, -1e9], [1e9, -1e9], [1e9, 1e9], [-1e9, 1e9]])
    kept = np.setdiff1d(np.arange(n), dropped)
    for pick in (
        Pick(prototypes=tuple(range(len(scene.prototypes)))),
        Pick(test=inside(everywhere, "pca")),
        Pick(rows=tuple(range(n))),
    ):
        np.testing.assert_array_equal(np.flatnonzero(rows_of(pick, scene)), kept)
    true, taken = 1, 1
    cell = rows_of(Pick(test=taken_for(true, taken, 0)), scene)
    assert cell.any()
    np.testing.assert_array_equal(cell, rows_of(Pick(test=taken_for(true, taken, 0)), whole) & scene.every.kept)
    selection = Selection()
    selection.pick_rows("d", RowMask.of(np.ones(n, bool)))
    assert picked_of(selection, "r", "d", scene).n_rows == len(kept)


def test_rows_picked_anew_leave_no_prototype_picked_and_combined_ones_do() -> None:
    scene, selection = trained("KMeans", "iris"), Selection()
    apply(Pick(prototypes=(1,)), selection, "r", "d", scene)
    won = scene.winners == 1
    np.testing.assert_array_equal(selection.rows("d", len(won)).mask, won)
    assert selection.prototypes("r") == {1}
    apply(Pick(prototypes=(0,), how="or"), selection, "r", "d", scene)
    assert selection.prototypes("r") == {0, 1}
    apply(Pick(prototypes=(1,), how="not"), selection, "r", "d", scene)
    assert selection.prototypes("r") == {0}
    np.testing.assert_array_equal(selection.rows("d", len(won)).mask, scene.winners == 0)
    apply(Pick(rows=(3, 5), how="or"), selection, "r", "d", scene)
    assert selection.prototypes("r") == {0}
    apply(Pick(rows=(3, 5)), selection, "r", "d", scene)
    assert selection.rows("d", len(won)).rows.tolist() == [3, 5]
    assert not selection.prototypes("r")
    apply(Pick(features=(2,)), selection, "r", "d", scene)
    assert selection.features("d") == {2}
    assert selection.rows("d", len(won)).rows.tolist() == [3, 5]


@given(st.sets(st.integers(0, 149)), st.sets(st.integers(0, 149)), st.sampled_from(["replace", "and", "or", "not"]))
def test_rows_combine_as_sets_do(before: set[int], after: set[int], how) -> None:
    scene, selection = scenes.iris_clusters(), Selection()
    apply(Pick(rows=tuple(before)), selection, "r", "d", scene)
    apply(Pick(rows=tuple(after), how=how), selection, "r", "d", scene)
    wanted = {"replace": after, "and": before & after, "or": before | after, "not": before - after}[how]
    assert set(selection.rows("d", 150).rows.tolist()) == wanted


def test_rows_with_gaps_are_won_by_none_where_the_engine_does_not_take_them() -> None:
    scene = scenes.missing_values()
    whole = np.isfinite(np.asarray(scene.sample.X)).all(axis=1)
    assert not whole.any()
    np.testing.assert_array_equal(scene.winners, np.full(len(whole), -1))
    assert not rows_of(Pick(prototypes=(0, 1)), scene).any()


def test_of_many_picked_rows_some_are_shown_evenly_and_shares_are_those_of_all() -> None:
    X = np.concatenate([np.zeros((6000, 2)), np.ones((3000, 2))])
    scene = scenes.make_scene(X[::10], prototypes=np.array([[0.0, 0.0], [1.0, 1.0]]), n_total=len(X))
    whole, parts = ArrayRows(X), np.zeros(len(X), np.uint8)
    every = EveryRow(whole, None, parts, lambda rows: X[rows], whole, np.ones(len(X), bool))
    selection = Selection()
    selection.pick_rows("d", RowMask.of(np.ones(len(X), bool)))
    picked = picked_of(selection, "r", "d", replace(scene, every=every))
    assert len(picked.shown) == MOST_SHOWN
    assert (np.diff(picked.shown) > 0).all()
    np.testing.assert_array_equal(picked.vectors, X[picked.shown])
    np.testing.assert_allclose(picked.share, [2 / 3, 1 / 3], atol=1e-3)


def test_what_sets_picked_rows_apart_is_how_far_their_means_are_in_deviations_of_all() -> None:
    scene = scenes.iris()
    X, codes = np.asarray(scene.sample.X), np.asarray(scene.sample.codes)
    rows = np.flatnonzero(codes == 2)[:20]
    data = picked_rows.compute(picking(scene, rows=tuple(rows.tolist())))
    effects = (X[rows].mean(axis=0) - X.mean(axis=0)) / X.std(axis=0)
    order = np.argsort(-np.abs(effects))
    np.testing.assert_array_equal(data.features, order)
    np.testing.assert_allclose(data.effects, effects[order])
    assert data.classes == (("virginica", 20, 1.0),)
    assert sum(n for _, n, _ in data.prototypes) == 20
    assert (data.n_picked, data.n_rows) == (20, 150)


def test_pictures_of_picked_rows_are_those_rows() -> None:
    scene = scenes.digits()
    data = picked_rows.compute(picking(scene, rows=(4, 9, 100)))
    assert data.rows.tolist() == [4, 9, 100]
    assert data.images is not None
    X = np.asarray(scene.sample.X)[[4, 9, 100]].reshape(3, 8, 8)
    np.testing.assert_allclose(data.images, X / 16 * 255, atol=1)
    assert data.average is not None
    np.testing.assert_allclose(data.average, X.mean(axis=0) / 16 * 255, atol=1)


def test_nothing_picked_is_said() -> None:
    data = picked_rows.compute(scenes.iris())
    assert data.n_picked == 0
    assert "Pick rows in any view" in picked_rows.heading(data)


def test_views_of_some_rows_show_picked_ones_alone() -> None:
    scene = trained("KMeans", "iris")
    chosen = picking(scene, rows=(10, 20, 30, 77))
    assert set(reconstructions.compute(chosen).rows.tolist()) == {10, 20, 30, 77}
    assert narrowed(scene) is scene
    assert "4 picked" in reconstructions.compute(chosen).note
