"""Searches: scores against scikit-learn's, the trials, what is kept, and what a stop, a failure or an undo leaves."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from session_help import until, with_split, write_blobs
from sklearn.model_selection import KFold, ParameterGrid, ParameterSampler, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import engines
from workbench.data import guess
from workbench.session import Dataset, Range, Search, Session, SessionError

SEEDED = {"random_state": 0, "n_jobs": 1}
QUICK = SEEDED | {"max_iter": 5}


def finished(search: Search) -> Search:
    assert search.wait(600) == "finished", search.error  # kernels may have to be compiled first
    return search


def brought(session: Session, path: Path, *, scaling: str = "none", test: float = 0.0, **blobs: Any) -> Dataset:
    """Overlapping clouds as a dataset, of which `test` are for testing and as many for validation."""
    plan = guess(write_blobs(path, **blobs))
    plan = replace(plan, recipe=replace(plan.recipe, scaling=scaling))
    return session.import_data(with_split(plan, 1 - 2 * test, test, test)).result(60)


@pytest.fixture
def data(session: Session, tmp_path: Path) -> Dataset:
    """Three clouds of 40 rows that overlap a little; a fifth is for testing and another one for validation."""
    rng = np.random.default_rng(3)
    lines = ["a,b,c,kind"]
    for k in range(3):
        lines += [",".join(f"{x:.5f}" for x in row) + f",k{k}" for row in rng.normal(1.3 * k, 1, (40, 3))]
    (tmp_path / "three.csv").write_text("\n".join(lines) + "\n")
    plan = guess(tmp_path / "three.csv")
    plan = replace(plan, recipe=replace(plan.recipe, scaling="none"))
    return session.import_data(with_split(plan, 0.6, 0.2, 0.2)).result(60)


def training_part(data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    return np.asarray(data.training_rows("train", labelled=True)), data.labels("train", labelled=True)


def test_accuracies_are_those_of_scikit_learn_bit_for_bit(session, data):
    space = {"prototypes_per_class": [1, 2], "max_iter": [3, 8]}
    search = finished(session.add_search(data, "GMLVQ", space, parameters=SEEDED, folds=4, seed=7))
    X, y = training_part(data)
    folds = StratifiedKFold(4, shuffle=True, random_state=7)
    assert search.trials == tuple(ParameterGrid(space))
    for k, trial in enumerate(search.trials):
        expected = cross_val_score(engines.GMLVQ(**SEEDED, **trial), X, y, cv=folds)
        assert search.table["scores"][k].tolist() == expected.tolist()
    assert search.means.tolist() == search.table["scores"].mean(axis=1).tolist()
    assert search.standard_errors == pytest.approx(search.table["scores"].std(axis=1, ddof=1) / 2)
    assert (search.table["seconds"] > 0).all()


@pytest.mark.parametrize(
    ("engine", "space", "scorer", "name"),
    [
        ("KMeans", {"n_clusters": [1, 3]}, lambda m, X: m.quantization_error(X), "quantization_error"),
        ("GaussianMixture", {"n_components": [1, 2]}, lambda m, X: m.score(X), "log_likelihood"),
    ],
)
def test_engines_without_classes_are_judged_by_their_error_or_likelihood(session, data, engine, space, scorer, name):
    search = finished(session.add_search(data, engine, space, parameters=QUICK, folds=3, seed=1))
    assert search.score.name == name
    X, _ = training_part(data)
    for k, trial in enumerate(search.trials):
        model = getattr(engines, engine)(**QUICK, **trial)
        expected = cross_val_score(
            model, X, cv=KFold(3, shuffle=True, random_state=1), scoring=lambda m, X, y=None: scorer(m, X)
        )
        assert search.table["scores"][k].tolist() == expected.tolist()
    means = search.means if search.score.higher else -search.means
    assert search.ranking.best == int(np.argmax(means)) + 1


def test_preprocessing_is_fitted_without_the_rows_that_are_held_out(session, tmp_path):
    data = brought(session, tmp_path / "scaled.csv", scaling="standard", rows=20)
    search = finished(session.add_search(data, "KMeans", {"n_clusters": [2, 4]}, parameters=QUICK, folds=4, seed=2))
    raw = data.raw.read(0, data.n_rows)
    for k, trial in enumerate(search.trials):
        chain = make_pipeline(StandardScaler(), engines.KMeans(**QUICK, **trial))
        folds = KFold(4, shuffle=True, random_state=2)
        expected = cross_val_score(
            chain, raw, cv=folds, scoring=lambda m, X, y=None: m[-1].quantization_error(m[:-1].transform(X))
        )
        assert search.table["scores"][k] == pytest.approx(expected, rel=1e-4)
        whole = cross_val_score(
            engines.KMeans(**QUICK, **trial), np.asarray(data.training_rows("train", labelled=False)), cv=folds,
            scoring=lambda m, X, y=None: m.quantization_error(X),
        )  # fmt: skip
        assert np.abs(search.table["scores"][k] - whole).max() > 1e-3 * whole.max()


def test_dissimilarities_keep_the_columns_of_the_rows_that_are_learned_from(session, data, tmp_path):
    X, y = training_part(data)
    D = np.linalg.norm(X[:, None] - X[None], axis=2)
    lines = [",".join([*(f"d{j}" for j in range(len(D))), "kind"])]
    lines += [",".join(map(repr, row.tolist())) + f",{kind}" for row, kind in zip(D, y, strict=True)]
    (tmp_path / "pairs.csv").write_text("\n".join(lines) + "\n")
    plan = guess(tmp_path / "pairs.csv")
    recipe = replace(plan.recipe, dissimilarities=True, scaling="none")
    pairs = session.import_data(with_split(replace(plan, recipe=recipe), 1, 0, 0)).result(60)
    space = {"prototypes_per_class": [1, 2]}
    search = finished(session.add_search(pairs, "MedianLVQ", space, parameters={"random_state": 0}, folds=3))
    D, y = np.asarray(pairs.training_rows("train", labelled=True)), pairs.labels("train", labelled=True)
    for k, (trial, scores) in enumerate(zip(search.trials, search.table["scores"], strict=True)):
        expected = []
        for learned, out in StratifiedKFold(3, shuffle=True, random_state=0).split(D, y):
            model = engines.MedianLVQ(metric="precomputed", random_state=0, **trial)
            model.fit(D[np.ix_(learned, learned)], y[learned])
            expected.append(float(np.mean(model.predict(D[np.ix_(out, learned)]) == y[out])))
        assert scores.tolist() == expected, k


def test_rows_for_testing_and_validation_have_no_part_in_it(session, data):
    """Whatever they are: here they are poison."""

    class Poisoned:
        def __init__(self, rows: Any, poisoned: np.ndarray) -> None:
            self.shape, self.dtype, self._rows, self._poisoned = rows.shape, rows.dtype, rows, poisoned

        def read(self, start: int, stop: int) -> np.ndarray:
            block = np.array(self._rows.read(start, stop))
            block[self._poisoned[start:stop]] = 1e30
            return block

    space = {"prototypes_per_class": [1, 3]}
    clean = finished(session.add_search(data, "GLVQ", space, parameters=QUICK))
    data.__dict__["raw"] = Poisoned(data.raw, data.split != 0)
    data._held.clear()
    poisoned = finished(session.add_search(data, "GLVQ", space, parameters=QUICK))
    assert np.array_equal(clean.table["scores"], poisoned.table["scores"])


def test_random_trials_are_those_of_the_sampler_each_once(session, data):
    space = {"prototypes_per_class": Range(1, 4, integer=True), "max_iter": [2, 3]}
    search = session.add_search(data, "GLVQ", space, parameters=SEEDED, scheme="random", n_trials=20, seed=5)
    drawn = list(ParameterSampler(space, 20, random_state=5))
    once = [trial for k, trial in enumerate(drawn) if trial not in drawn[:k]]
    assert list(search.trials) == once
    assert len(once) <= 8
    few = session.add_search(data, "GLVQ", {"max_iter": [2, 3]}, scheme="random", n_trials=20)
    assert sorted(trial["max_iter"] for trial in few.trials) == [2, 3]
    for one in (search, few):
        one.stop()
        one.wait(60)


def test_the_best_and_those_that_cannot_be_told_from_it_are_ranked(session, data):
    search = session.add_search(data, "GLVQ", {"prototypes_per_class": [1, 2, 3, 4]}, parameters=QUICK, folds=4)
    search.stop()
    search.wait(60)
    scores = [[0.90, 0.88, 0.92, 0.90], [0.95, 0.85, 0.95, 0.93], [0.70, 0.70, 0.72, 0.71], [0.91, 0.93, 0.91, 0.91]]
    assert search.ranking.best is None
    for trial, row in enumerate(scores, 1):
        search.put(trial, {"scores": np.array(row), "seconds": 1.0})
    error = np.std(scores[1], ddof=1) / 2
    assert np.mean(scores[1]) - error < np.mean(scores[0]) < np.mean(scores[3]) < np.mean(scores[1])
    assert search.ranking.order == (2, 4, 1, 3)
    assert search.ranking.near == {1, 2, 4}
    assert search.ranking.simplest == 1
    assert search.choice() == 2


def test_a_trial_that_fails_says_why_and_does_not_lose_the_others(session, data):
    space = {"prototypes_per_class": [1, [1, 1], 2]}
    search = finished(session.add_search(data, "GLVQ", space, parameters=QUICK, folds=3))
    assert set(search.failures) == {2}
    assert search.failures[2].startswith("On fold 1: ")
    assert "prototypes_per_class" in search.failures[2]
    assert np.isfinite(search.means).tolist() == [True, False, True]
    assert search.measured == (1, 2, 3)
    assert 2 not in search.ranking.order


def test_a_search_of_failures_has_failed_and_says_why(session, data):
    search = session.add_search(data, "GLVQ", {"prototypes_per_class": [[1, 1]]}, parameters=QUICK)
    assert search.wait(60) == "failed"
    assert search.error.startswith("No trial could be measured: On fold 1: ")
    with pytest.raises(SessionError, match="has measured no trial yet"):
        session.add_run_of(search)


def test_a_trial_is_trained_in_one_call(session, data):
    search = finished(session.add_search(data, "GLVQ", {"prototypes_per_class": [1, 2]}, parameters=QUICK))
    best = session.add_run_of(search)
    assert best.parameters == search.parameters_with(search.ranking.best)
    run = session.add_run_of(search, 2)
    assert run.wait(60) == "finished"
    assert run.parameters == search.parameters | {"prototypes_per_class": 2}
    assert run.parameters["max_iter"] == 5
    assert len(run.model().prototypes_) == 6
    assert session.add_run_of(search, 2).name == f"{run.name} 2"
    with pytest.raises(SessionError, match="has no trial 3; its trials are 1 to 2"):
        session.add_run_of(search, 3)


def test_a_stopped_search_keeps_its_trials_also_in_the_file_and_goes_on_to_the_same_table(tmp_path):
    path, space = tmp_path / "p.vqw", {"n_clusters": list(range(1, 20))}
    with Session.create(path) as session:
        data = brought(session, tmp_path / "blobs.csv", rows=40)
        whole = finished(session.add_search(data, "KMeans", space, parameters=SEEDED)).table["scores"]
        search = session.add_search(data, "KMeans", space, parameters=SEEDED, name="half")
        until(lambda: len(search.measured) >= 3)
        search.stop()
        assert search.wait(60) == "stopped"
        done = search.measured
        assert 3 <= len(done) < 19
        assert search.progress == len(done) / 19
    with Session.open(path) as session:
        kept = session.search("half")
        assert kept.status == "stopped"
        assert kept.measured == done
        assert np.array_equal(kept.table["scores"][: len(done)], whole[: len(done)])
        seconds = kept.table["seconds"][: len(done)]
        kept.resume()
        finished(kept)
        assert np.array_equal(kept.table["scores"], whole)
        assert np.array_equal(kept.table["seconds"][: len(done)], seconds)


def test_a_search_is_there_after_reopening_and_is_undone_and_redone(tmp_path):
    path = tmp_path / "p.vqw"
    space = {"n_clusters": [2, 3], "tol": Range(1e-5, 1e-2, log=True)}
    with Session.create(path) as session:
        data = brought(session, tmp_path / "blobs.csv", rows=20)
        search = finished(
            session.add_search(
                data, "KMeans", space, parameters=QUICK, scheme="random", n_trials=4, folds=3, seed=9, name="first"
            )
        )
        assert session.can_undo == "search first"
        session.rename(search, "second")
        session.note(search, "so so")
    with Session.open(path) as session:
        kept = session.search("second")
        assert all(np.array_equal(kept.table[name], column) for name, column in search.table.items())
        for name in ("status", "trials", "space", "scheme", "folds", "seed", "parameters", "ranking"):
            assert getattr(kept, name) == getattr(search, name), name
        assert (kept.note, kept.facts.data_hash) == ("so so", data.data_hash)
        details = session.log[1].command.details
        assert {k: details[k] for k in ("scheme", "n_trials", "folds", "seed")} == {
            "scheme": "random", "n_trials": 4, "folds": 3, "seed": 9,
        }  # fmt: skip
        for _ in range(3):
            session.undo()
        assert dict(session.searches) == {}
        session.redo()
        assert list(session.searches.values()) == [kept]
        with pytest.raises(SessionError, match="Search 'first' has finished"):
            kept.resume()
        session.delete(kept)
        with pytest.raises(SessionError, match="no search called 'first'"):
            session.search("first")


def test_as_many_trials_as_there_may_be_are_kept_in_the_file(tmp_path):
    path = tmp_path / "p.vqw"
    space = {"n_clusters": [2, 3], "tol": Range(1e-7, 1e-1, log=True), "max_iter": Range(1, 10**6, integer=True)}
    with Session.create(path) as session:
        data = brought(session, tmp_path / "blobs.csv", rows=10)
        search = session.add_search(data, "KMeans", space, parameters=SEEDED, scheme="random", n_trials=2000)
        until(lambda: len(search.measured) >= 2)
        search.stop()
        search.wait(60)
    with Session.open(path, read_only=True) as session:
        kept = next(iter(session.searches.values()))
        assert len(kept.trials) == 2000
        assert kept.trials == search.trials
        assert kept.measured == search.measured


def test_deleting_the_data_stops_and_hides_the_search_and_closing_interrupts_nothing_that_is_lost(tmp_path):
    path = tmp_path / "p.vqw"
    with Session.create(path) as session:
        data = brought(session, tmp_path / "blobs.csv", rows=40)
        search = session.add_search(data, "KMeans", {"n_clusters": list(range(1, 60))}, parameters=SEEDED)
        until(lambda: search.status == "running")
        session.delete(data)
        assert search.wait(60) == "stopped"
        assert dict(session.searches) == {}
        session.undo()
        search.resume()
        until(lambda: len(search.measured) >= 2)
    with Session.open(path) as session:
        kept = next(iter(session.searches.values()))
        assert kept.status == "stopped"
        assert len(kept.measured) >= 2
        session.project.transact(lambda t: t.put(kept.id, {"status": "running"})).result()
    with Session.open(path, read_only=True) as session:
        assert next(iter(session.searches.values())).status == "interrupted"


def test_events_tell_of_a_search_and_nothing_of_each_trial(session, data):
    told: list[str] = []
    session.events.search_added.connect(lambda search: told.append("added"))
    session.events.search_changed.connect(lambda search: told.append(search.status))
    session.events.search_removed.connect(lambda search: told.append("removed"))
    search = finished(session.add_search(data, "KMeans", {"n_clusters": [2, 3]}, parameters=QUICK))
    session.undo()
    session.redo()
    assert told == ["added", "queued", "running", "finished", "removed", "added"]
    assert search.sequence == 2
    assert search.progress == 1


def test_what_a_search_will_take_is_told_before_it_starts(session, data):
    space = {"prototypes_per_class": [1, 2], "max_iter": [5, 10]}
    plan, before = session.plan_search(data, "GLVQ", space, folds=4)
    assert (len(plan.trials), plan.n_trainings) == (4, 16)
    assert before.seconds is None
    assert session.add_run(data, "GLVQ", QUICK).wait(60) == "finished"
    _, after = session.plan_search(data, "GLVQ", space, folds=4)
    each = [session.estimate(data, "GLVQ", trial) for trial in plan.trials]
    assert after.seconds == pytest.approx(3 * sum(one.seconds or math.nan for one in each))
    assert after.memory_bytes == max(one.memory_bytes for one in each)
    assert dict(session.searches) == {}
