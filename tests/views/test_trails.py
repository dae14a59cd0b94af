"""Trails: each prototype's recorded places in the plane of the moment that is shown, read once, and never another's."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.collections import LineCollection

from engines import Snapshot
from tests.views import scenes
from tests.views.trained import trained_with
from workbench.data import guess
from workbench.session import Dataset, Run, Session
from workbench.views import Scene, moments, projection, scene_of, theme, trails
from workbench.views.moments import LIST_SECONDS, Moment, evenly
from workbench.views.planes import place_in
from workbench.views.projection import PICKED, Asked


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Session.create(tmp_path / "p.vqw") as opened:
        yield opened


@pytest.fixture
def blobs(session: Session, tmp_path: Path) -> Dataset:
    """Three labelled clouds of 30 rows in 4 columns."""
    rng = np.random.default_rng(3)
    rows = [f"{','.join(f'{v:.4f}' for v in rng.normal(3 * k, 1, 4))},kind {k}" for k in range(3) for _ in range(30)]
    path = tmp_path / "blobs.csv"
    path.write_text("\n".join(["a,b,c,d,class", *rows]) + "\n")
    return session.import_data(guess(path)).result(60)


def finished(session: Session, dataset: Dataset, engine: str, **parameters: Any) -> Run:
    run = session.add_run(dataset, engine, {"random_state": 0, **parameters})
    assert run.wait(300) == "finished", run.error
    return run


def step(run: Run, n: int) -> None:
    """Let a paused run do its step number `n`."""
    run.step()
    end = time.monotonic() + 60
    while (run.sequence < n or run.status != "paused") and time.monotonic() < end:
        time.sleep(0.005)
    assert (run.sequence, run.status) == (n, "paused")


def shown(run: Run, at: Snapshot | None = None, **asked: Any) -> projection.ProjectionData:
    """The projection of a run, or of one of its recorded moments, for a person who asked for this."""
    scene = scene_of(run)
    assert scene is not None
    scene = scene if at is None else replace(scene, snapshot=at)
    return projection.compute(scene.asking(str(Asked(**asked))))


def with_moments(scene: Scene, known: dict[int, np.ndarray], *, restarts: dict[int, float] | None = None) -> Scene:
    """The scene of a run of which these prototypes are known by iteration."""
    found = tuple(
        Moment(k, float("nan") if restarts is None else restarts[k], {"prototypes": W}) for k, W in known.items()
    )
    return replace(scene, find_moments=lambda most: found[:most])


def one_each(data: projection.ProjectionData) -> trails.Trails:
    (found,) = data.trails
    return found


@pytest.mark.parametrize("plane", ["pca", "lda", "metric", "features"])
def test_a_trail_goes_through_the_recorded_places_in_the_plane_of_the_moment_shown(
    session: Session, blobs: Dataset, plane: str
) -> None:
    run = finished(session, blobs, "GMLVQ", max_iter=7, tol=0.0)
    recorded = run.snapshots()
    assert len(recorded) > 5
    for at in (recorded[-1], recorded[4]):
        found = one_each(shown(run, at, plane=plane, features=(1, 3)))
        scene = scene_of(run)
        assert scene is not None
        place = place_in(replace(scene, snapshot=at), plane, (1, 3))
        before = [s for s in run.snapshots() if s.iteration <= at.iteration]
        assert found.iterations.tolist() == [s.iteration for s in before]
        by_hand = [place(np.asarray(s.arrays["prototypes"])) for s in before]
        np.testing.assert_allclose(found.places, by_hand, atol=1e-12)
    assert np.ptp(found.places, axis=0).max() > 0.1


def test_the_plane_of_the_learned_metric_is_that_of_the_moment_shown(session: Session, blobs: Dataset) -> None:
    run = finished(session, blobs, "GMLVQ", max_iter=6, tol=0.0)
    early, late = (run.snapshots()[k] for k in (2, -1))
    ways = [one_each(shown(run, at, plane="metric")).places[:2] for at in (early, late)]
    for at, way in zip((early, late), ways, strict=True):
        omega = np.asarray(at.arrays["omega"])
        for moment, places in zip(run.snapshots()[:2], way, strict=True):
            W = np.asarray(moment.arrays["prototypes"])
            gaps = np.linalg.norm((W[:, None] - W[None]) @ omega.T, axis=2)  # an upper bound, by that moment's metric
            seen = np.linalg.norm(places[:, None] - places[None], axis=2)
            assert (seen <= gaps * (1 + 1e-9) + 1e-12).all()
            assert seen.max() > 0.5 * gaps.max()
    assert not np.allclose(ways[0], ways[1])


def test_going_back_shortens_the_trail_and_reads_nothing_again(
    session: Session, blobs: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = finished(session, blobs, "KMeans", n_clusters=5, n_init=1, tol=0.0, init="random")
    recorded = run.snapshots()
    full = one_each(shown(run, plane="pca"))
    assert full.iterations.tolist() == [s.iteration for s in recorded]
    asked: list[Run] = []
    monkeypatch.setattr(type(run), "snapshots", lambda self: asked.append(self) or recorded)
    for n, at in enumerate(recorded):
        found = one_each(shown(run, at, plane="pca"))
        if not n:
            assert not len(found.iterations)
            continue
        assert found.iterations.tolist() == [s.iteration for s in recorded[: n + 1]]
        np.testing.assert_array_equal(found.places, full.places[: n + 1])
    assert not asked


def test_a_branch_has_a_trail_of_its_own_and_so_has_each_edition(session: Session, blobs: Dataset) -> None:
    run = finished(session, blobs, "GMLVQ", prototypes_per_class=2, max_iter=5, tol=0.0)
    branch = session.branch(run, 3)
    assert not len(one_each(shown(branch, plane="pca")).iterations)
    branch.resume()
    assert branch.wait(300) == "finished"
    found = one_each(shown(branch, plane="pca"))
    assert found.iterations.tolist() == [s.iteration for s in branch.snapshots()]
    begun = next(s for s in run.snapshots() if s.iteration == 3)
    scene = scene_of(branch)
    assert scene is not None
    np.testing.assert_allclose(found.places[0], place_in(scene, "pca", (0, 1))(np.asarray(begun.arrays["prototypes"])))
    edited = session.branch(run, 3)
    for which in (0, 1):
        assert session.edit(edited, "delete", which=[which]) is edited
        assert not len(one_each(shown(edited, plane="pca")).iterations)
    edited.resume()
    assert edited.wait(300) == "finished"
    assert one_each(shown(edited, plane="pca")).places.shape[1] == 4
    session.undo()
    assert not len(one_each(shown(edited, plane="pca")).iterations)
    again = one_each(shown(run, plane="pca"))
    assert again.iterations.tolist() == [s.iteration for s in run.snapshots()]


def test_the_trail_of_a_run_that_learns_grows_with_the_moments_that_were_seen(session: Session, blobs: Dataset) -> None:
    run = session.add_run(blobs, "GMLVQ", {"random_state": 0, "max_iter": 9, "tol": 0.0}, paused=True)
    seen = []
    for n in range(1, 5):
        step(run, n)
        assert run.latest is not None
        seen.append(np.asarray(run.latest.arrays["prototypes"]))
        found = one_each(shown(run, plane="features", features=(0, 1)))
        if n > 1:
            scene = scene_of(run)
            assert scene is not None
            place = place_in(scene, "features", (0, 1))
            np.testing.assert_allclose(found.places, [place(W) for W in seen])
    run.resume()
    assert run.wait(300) == "finished"
    found = one_each(shown(run, plane="pca"))
    assert found.iterations.tolist() == [s.iteration for s in run.snapshots()]


def test_a_run_that_learns_is_asked_what_is_recorded_now_and_then_only(
    session: Session, blobs: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = session.add_run(blobs, "KMeans", {"random_state": 0, "n_clusters": 4}, paused=True)
    asked: list[Run] = []
    before = type(run).snapshots
    monkeypatch.setattr(type(run), "snapshots", lambda self: asked.append(self) or before(self))
    clock = [100.0]
    monkeypatch.setattr(moments, "monotonic", lambda: clock[0])
    for n in range(1, 4):
        step(run, n)
        shown(run, plane="pca")
    assert len(asked) == 1
    clock[0] += LIST_SECONDS
    shown(run, plane="pca")
    assert len(asked) == 2
    run.stop()
    run.wait(60)


def test_prototypes_of_another_number_or_another_start_are_not_connected() -> None:
    scene = scenes.iris_clusters()
    W = scene.prototypes
    grown = with_moments(scene, {0: W[:1], 1: W[:2], 2: W + 1, 3: W + 2, 4: W + 3})
    assert one_each(projection.compute(grown.asking("plane=pca"))).iterations.tolist() == [2, 3, 4, 11]
    pruned = with_moments(scene, {0: W, 1: W, 2: np.vstack([W, W[:1]])})
    assert not len(one_each(projection.compute(pruned.asking("plane=pca"))).iterations)
    restarts = {0: 0.0, 1: 0.0, 2: 1.0, 3: 1.0, 4: 2.0}
    kept = Snapshot(11, None, 1.0, {"restart": 1.0}, "kept restart 2", lambda: dict(scene.snapshot.arrays))
    several = with_moments(replace(scene, snapshot=kept), {k: W + k for k in restarts}, restarts=restarts)
    found = one_each(projection.compute(several.asking("plane=pca")))
    assert found.iterations.tolist() == [2, 3, 11]
    place = place_in(scene, "pca", (0, 1))
    np.testing.assert_allclose(found.places, [place(W + 2), place(W + 3), place(W)])


def test_matrices_leave_trails_in_the_plane_of_their_logarithms() -> None:
    first, second, third = (trained_with("LogEuclideanGLVQ", "matrices", {}, steps) for steps in (0, 1, 2))
    known = tuple(Moment(s.snapshot.iteration, float("nan"), dict(s.snapshot.arrays)) for s in (first, second))
    scene = replace(third, find_moments=lambda most: known)
    found = one_each(projection.compute(scene.asking("plane=metric")))
    alone = [projection.compute(s.asking("plane=metric")).planes[0].prototypes for s in (first, second, third)]
    np.testing.assert_allclose(found.places, alone, atol=1e-9)


@given(st.sets(st.integers(0, 5000), min_size=1, max_size=200), st.integers(2, 60))
def test_moments_are_chosen_evenly(iterations: set[int], most: int) -> None:
    known = sorted(iterations)
    found = evenly(known, most)
    assert found == sorted(set(found) & iterations)
    assert len(found) <= most
    assert (found[0], found[-1]) == (known[0], known[-1])
    step = (known[-1] - known[0]) / (most - 1)
    away = max(min(abs(k - f) for f in found) for k in known)
    assert len(known) <= most or away <= step + 1e-9


def test_trails_of_many_prototypes_are_thinner_and_of_too_many_are_none_and_say_so() -> None:
    rng = np.random.default_rng(0)
    asked: list[int] = []

    def of(n: int, d: int = 4) -> projection.ProjectionData:
        scene = scenes.make_scene(rng.normal(size=(20, d)), prototypes=rng.normal(size=(n, d)))

        def find(most: int) -> tuple[Moment, ...]:
            asked.append(most)
            return tuple(Moment(k, float("nan"), {"prototypes": scene.prototypes + k}) for k in range(most))

        return projection.compute(replace(scene, find_moments=find).asking("plane=pca&trails=yes"))

    few, many = of(5), of(2000)
    assert asked == [trails.MOST_MOMENTS - 1, trails.MOST_POINTS // 2000 - 1]
    assert one_each(few).places.shape == (12, 5, 2)  # the moment shown is iteration 11
    assert one_each(many).places.shape[:2] == (trails.MOST_POINTS // 2000, 2000)
    assert f"trails: from iteration 0 on, through {trails.MOST_POINTS // 2000} moments" in many.note
    asked.clear()
    none = of(15_000)
    assert not asked
    assert not len(one_each(none).iterations)
    assert "no trails: too many prototypes (15,000)" in none.note


def test_trails_are_shown_unasked_where_they_help() -> None:
    def has(scene: Scene, **asked: Any) -> bool | None:
        of_run = replace(scene, find_moments=lambda most: ())
        return projection.compute(of_run.asking(str(Asked("pca", **asked)))).has_trails

    assert projection.compute(scenes.iris()).has_trails is None, "a model outside of a project has no moments"
    assert has(scenes.iris()) is True
    assert has(scenes.many_tiles()) is False
    assert has(scenes.many_tiles(), trails=True) is True
    assert has(scenes.iris(), trails=False) is False
    grid = trained_with("SOM", "iris", {"shape": (3, 3)})
    assert (has(grid), has(grid, trails=True)) == (False, True)


def test_the_figure_has_the_trails_and_a_line_in_its_legend_where_they_are_shown() -> None:
    scene = scenes.iris()
    scene = with_moments(scene, {k: scene.prototypes + 0.1 * (11 - k) for k in (3, 6, 9)})

    def pieces(asked: Asked) -> tuple[int, list[float], str]:
        data = projection.compute(scene.asking(str(asked)))
        figure = projection.figure(data, theme("light"))
        lines = [c for c in figure.axes[0].collections if isinstance(c, LineCollection) and c.get_zorder() == 2.2]
        legend = figure.axes[0].get_legend()
        assert legend is not None
        words = " ".join(text.get_text() for text in legend.get_texts())
        return sum(len(c.get_segments()) for c in lines), [float(c.get_alpha()) for c in lines], words

    n, clear, words = pieces(Asked("pca"))
    assert n == 3 * len(scene.prototypes)
    assert clear == sorted(clear)
    assert "where it was before" in words
    n, _, words = pieces(Asked("pca", trails=False))
    assert n == 0
    assert "before" not in words


@given(
    st.sampled_from(["", "pca", PICKED, "features"]),
    st.none() | st.tuples(st.integers(0, 3), st.integers(0, 3)),
    st.none() | st.booleans(),
)
def test_what_is_asked_is_understood_again(plane: str, features: tuple[int, int] | None, shown: bool | None) -> None:
    asked = Asked(plane, "class", features, shown)
    assert Asked.parse(str(asked), 4) == asked


def test_picked_features_are_a_plane_of_their_own_that_says_when_none_is_picked() -> None:
    scene = scenes.iris()
    data = projection.compute(scene.asking(str(Asked(PICKED, features=(1, 2)))))
    (plane,) = data.planes
    X = np.asarray(scene.sample.X)
    np.testing.assert_allclose(plane.points, X[:, [1, 2]])
    assert (data.chosen, plane.name) == (PICKED, "features")
    assert "no feature is picked" not in data.note
    assert "no feature is picked" in projection.compute(scene.asking(str(Asked(PICKED)))).note
    whitened = replace(scene, feature_names=tuple(f"component {k + 1}" for k in range(4)))
    assert PICKED not in dict(projection.compute(whitened).offered)
    assert PICKED in dict(projection.compute(scene).offered)
