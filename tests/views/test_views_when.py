"""Two runs at one moment of theirs: the recorded models, matched and counted by hand, and the rows that moved."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from engines import Snapshot
from tests.views.scenes import beside, iris_clusters
from workbench.data import guess
from workbench.reports import ReportError
from workbench.reports.comparison import compare_runs
from workbench.session import Dataset, Run, Session
from workbench.session.selection import Selection
from workbench.views import Scene, comparable, comparison, scene_of
from workbench.views.moves import moves_of
from workbench.views.picking import Pick, apply, rows_of
from workbench.views.when import When, place_of, recorded_near

N_ROWS = 240


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Session]:
    """A table, and runs of different length on it: "long" of 12 steps, "short" of few, "start" of its start alone."""
    folder = tmp_path_factory.mktemp("moments")
    with Session.create(folder / "p.vqw") as opened:
        data = imported(opened, folder, "rows")
        finished(opened, data, "long", "OnlineVQ", n_prototypes=5, max_iter=12)
        finished(opened, data, "short", "KMeans", n_clusters=4, max_iter=5, tol=0.0)
        opened.branch(opened.run("short"), 0, name="start")
        yield opened


def imported(session: Session, folder: Path, name: str) -> Dataset:
    rng = np.random.default_rng(3)
    rows = np.concatenate([rng.normal(center, 1.0, (N_ROWS // 3, 3)) for center in (0, 2, 4)])
    np.savetxt(folder / f"{name}.csv", rng.permutation(rows), "%.5f", ",", header="a,b,c", comments="")
    return session.import_data(guess(folder / f"{name}.csv")).result(60)


def finished(session: Session, data: Dataset, name: str, engine: str, **parameters: Any) -> Run:
    run = session.add_run(data, engine, {"random_state": 0, **parameters}, name=name)
    assert run.wait(120) == "finished"
    return run


def nearest(run: Run, at: float, by_share: bool) -> Snapshot:
    """The recorded snapshot nearest to a moment, looked for one by one."""
    found = run.snapshots()
    last = max(snapshot.iteration for snapshot in found)
    best = found[0]
    for snapshot in found:
        here = snapshot.iteration / max(last, 1) if by_share else snapshot.iteration
        there = best.iteration / max(last, 1) if by_share else best.iteration
        if abs(here - at) < abs(there - at):
            best = snapshot
    return best


def by_hand(A: NDArray[Any], B: NDArray[Any], X: NDArray[Any]) -> tuple[dict[int, int], NDArray[np.bool_]]:
    """Partners, and which rows are with prototypes that are none."""
    partners = dict(zip(*(side.tolist() for side in linear_sum_assignment(cdist(A, B, "sqeuclidean"))), strict=True))
    mine, theirs = (cdist(X, W).argmin(axis=1) for W in (A, B))
    return partners, np.array([partners.get(a) != b for a, b in zip(mine.tolist(), theirs.tolist(), strict=True)])


@pytest.mark.parametrize(
    ("at", "by_share"), [(0, False), (1, False), (3.4, False), (9, False), (99, False), (0.5, True), (1.0, True)]
)
def test_both_runs_are_compared_at_the_recorded_moment_nearest_to_the_one_asked_for(
    session: Session, at: float, by_share: bool
) -> None:
    long, short = session.run("long"), session.run("short")
    when = When(at, "share" if by_share else "iteration")
    scene = scene_of(long, when=when)
    assert scene is not None
    data = comparison.compute(scene.asking("short"))
    mine, theirs = nearest(long, at, by_share), nearest(short, at, by_share)
    assert (data.first.iteration, data.second.iteration) == (mine.iteration, theirs.iteration)
    X = np.asarray(scene.sample.X, float)
    A, B = (np.asarray(snapshot.arrays["prototypes"], float) for snapshot in (mine, theirs))
    partners, moved = by_hand(A, B, X)
    assert dict(zip(data.pair_first.tolist(), data.pair_second.tolist(), strict=True)) == partners
    np.testing.assert_allclose(
        np.sort(data.distances), np.sort([np.linalg.norm(A[a] - B[b]) for a, b in partners.items()]), rtol=1e-5
    )
    np.testing.assert_array_equal(data.moved, moved)
    told = {name: values for name, *values in data.figures}["cost"]
    assert [float(text.replace(",", "")) for text in told] == pytest.approx([mine.cost, theirs.cost], rel=1e-3)


def test_the_newest_moments_are_compared_where_none_is_asked_for(session: Session) -> None:
    long, short = session.run("long"), session.run("short")
    scene = scene_of(long)
    assert scene is not None
    assert long.latest is not None
    assert short.latest is not None
    data = comparison.compute(scene.asking("short"))
    assert (data.first.iteration, data.second.iteration) == (long.latest.iteration, short.latest.iteration)


@pytest.mark.parametrize("when", [When(0), When(7), When(0.0, "share"), When(1.0, "share")])
def test_a_run_of_one_moment_is_always_at_that_one(session: Session, when: When) -> None:
    found = recorded_near(session.run("start"), when)
    assert found is not None
    assert found.iteration == 0
    scene = scene_of(session.run("long"), when=when)
    assert scene is not None
    assert comparison.compute(scene.asking("start")).second.iteration == 0


@given(st.lists(st.integers(0, 500), min_size=1, max_size=12, unique=True), st.floats(0, 600), st.booleans())
def test_no_moment_is_nearer_than_the_first(iterations: list[int], at: float, by_share: bool) -> None:
    last, by = max(iterations), "share" if by_share else "iteration"
    when = When(at / 600 if by_share else at, by)  # type: ignore[arg-type]
    found = [s.iteration for s in when.ordered([Snapshot(k, None, 0.0) for k in iterations], last)]
    assert sorted(found) == sorted(iterations)
    far = [abs((k / last if by_share and last else 1.0 if by_share else k) - when.at) for k in found]
    assert far == sorted(far)
    assert all(0 <= place_of(k, last, "share") <= 1 for k in iterations)


def test_a_snapshot_that_is_taken_out_meanwhile_is_passed_over(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = session.run("long")
    whole = run.snapshots()
    gone = tuple(replace(s, make_arrays=dict) if s.iteration == 3 else s for s in whole)
    monkeypatch.setattr(run, "snapshots", lambda: gone)
    found = recorded_near(run, When(3))
    assert found is not None
    assert found.iteration == 2
    monkeypatch.setattr(run, "snapshots", tuple)
    assert recorded_near(run, When(3)) is run.latest


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 4)), max_size=40), st.permutations(range(5)))
def test_moves_part_the_rows_that_moved_by_where_they_were_and_where_they_are(
    cells: list[tuple[int, int]], order: list[int]
) -> None:
    first, second = (np.array([cell[which] for cell in cells], np.int64) for which in (0, 1))
    partners = np.array([*order[:3], -1], np.int64)
    rows = 10 * np.arange(len(cells))
    moves = moves_of(rows, (first, second), partners)
    expected: dict[tuple[int, int], list[int]] = {}
    for row, (a, b) in zip(rows.tolist(), cells, strict=True):
        if partners[a] != b:
            expected.setdefault((a, b), []).append(row)
    assert {(move.source, move.target): move.rows.tolist() for move in moves} == expected
    assert all(move.partner == partners[move.source] for move in moves)
    sizes = [len(move.rows) for move in moves]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("max_rows", [60, 5000])
def test_rows_that_moved_are_picked_of_all_rows_though_a_sample_is_compared(session: Session, max_rows: int) -> None:
    long, short = session.run("long"), session.run("short")
    scene = scene_of(long, max_rows=max_rows, when=When(2))
    assert scene is not None
    data = comparison.compute(scene.asking("short"))
    A, B = (np.asarray(nearest(run, 2, False).arrays["prototypes"], float) for run in (long, short))
    X = np.asarray(scene.every.rows.read(0, N_ROWS), float)
    _, moved = by_hand(A, B, X)
    mine, theirs = (cdist(X, W).argmin(axis=1) for W in (A, B))
    assert moved.any()
    np.testing.assert_array_equal(picked(data.moves.pick_all(), scene), moved)
    for move in data.moves.moves:
        wanted = (mine == move.source) & (theirs == move.target)
        np.testing.assert_array_equal(rows_of(data.moves.pick(move), scene), wanted)
    for k in range(len(B)):
        known = data.rows[data.second.cells == k]
        np.testing.assert_array_equal(rows_of(data.moves.pick_second(k, known), scene), theirs == k)


def picked(pick: Pick, scene: Scene) -> NDArray[np.bool_]:
    """The rows that the one selection has of it."""
    selection = Selection()
    apply(pick, selection, "run", "data", scene)
    return selection.rows("data", N_ROWS).mask


def test_what_is_too_large_or_of_other_data_is_said_in_a_sentence(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = finished(session, imported(session, tmp_path, "elsewhere"), "elsewhere", "KMeans", n_clusters=2)
    with pytest.raises(
        ReportError, match="'long' learned from rows and 'elsewhere' from elsewhere: only runs on the same"
    ):
        compare_runs(session.run("long"), elsewhere)
    alone = scene_of(elsewhere)
    assert alone is not None
    assert not comparable.applies(alone)
    assert "Runs on other data have no rows in common with it." in comparable.lacking(alone)
    scene = scene_of(session.run("long"))
    assert scene is not None
    assert comparable.lacking(scene) == ""
    monkeypatch.setattr(comparable, "MOST_PROTOTYPES", 4)
    assert not comparable.applies(scene)
    assert comparable.lacking(scene).startswith("long has 5 prototypes. Runs of up to 4 are compared:")


def test_runs_that_are_too_large_are_not_offered_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = iris_clusters()
    W = np.asarray(scene.prototypes)
    more = {"prototypes": np.concatenate([W, W]), "counts": np.ones(2 * len(W))}
    large = replace(scene, snapshot=replace(scene.snapshot, make_arrays=lambda: more))
    scene = replace(scene, find_others=lambda: (beside(scene, "alike"), beside(large, "large")))
    monkeypatch.setattr(comparable, "MOST_PROTOTYPES", len(W))
    data = comparison.compute(scene.asking("large"))
    assert (data.others, data.second.name) == (("alike",), "alike")
    assert data.left_out.endswith("prototypes: large.")
