"""Sweeps: what is measured, what is recommended, what is kept, and what a stop, a failure or an undo leaves."""

from __future__ import annotations

import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from session_help import until
from sklearn.metrics import adjusted_rand_score, davies_bouldin_score, silhouette_score

import engines
from engines import validity
from workbench.data import guess
from workbench.session import Dataset, Session, SessionError, parse_counts, sweeping
from workbench.session.sweep import Sweep

COUNTED = [info for info in engines.catalog() if info.count and not info.supervised]
SEEDED = {"random_state": 0, "n_jobs": 1}


def bring_in(session: Session, path: Path, X: np.ndarray, y: np.ndarray | None = None) -> Dataset:
    """Rows as a dataset, unscaled, all of them for training."""
    names = [f"x{j}" for j in range(X.shape[1])] + ([] if y is None else ["kind"])
    lines = [",".join(names)]
    lines += [",".join(map(repr, row.tolist())) + ("" if y is None else f",k{y[i]}") for i, row in enumerate(X)]
    path.write_text("\n".join(lines) + "\n")
    plan = guess(path)
    return session.import_data(plan).result(60)


def groups(k: int, d: int, seed: int, n: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """`k` clouds of `n` rows each, no two of them nearer than 8 standard deviations."""
    rng = np.random.default_rng(seed)
    centers = [np.zeros(d)]
    while len(centers) < k:
        one = rng.uniform(-4 * k, 4 * k, d)
        if min(np.linalg.norm(one - other) for other in centers) > 8:
            centers.append(one)
    y = np.repeat(np.arange(k), n)
    return np.array(centers)[y] + rng.normal(size=(k * n, d)), y


def finished(sweep: Sweep) -> Sweep:
    assert sweep.wait(600) == "finished", sweep.error  # kernels may have to be compiled first
    return sweep


def same_table(one: Sweep, other: Sweep) -> bool:
    a, b = one.table, other.table
    return all(np.array_equal(a[name], b[name], equal_nan=True) for name in a if name != "seconds")


@pytest.fixture
def three(session, tmp_path) -> Dataset:
    return bring_in(session, tmp_path / "three.csv", *groups(3, 3, seed=0))


def test_a_row_of_the_table_is_what_the_trained_model_says(session, three):
    sweep = finished(session.add_sweep(three, "KMeans", [2, 4], SEEDED))
    X = np.asarray(three.training_rows("train", labelled=False))
    model = engines.KMeans(n_clusters=4, **SEEDED).fit(X)
    labels = model.predict(X)
    row = {name: column[1] for name, column in sweep.table.items()}
    assert row["error_per_row"] == pytest.approx(model.inertia_ / len(X))
    assert row["silhouette"] == pytest.approx(silhouette_score(X, labels), rel=1e-6)
    assert row["davies_bouldin"] == pytest.approx(davies_bouldin_score(X, labels))
    bic, aic = validity.spherical_information(model.inertia_, np.bincount(labels), X.shape[1])
    assert (row["bic"], row["aic"]) == pytest.approx((bic, aic))
    assert row["ari"] == pytest.approx(adjusted_rand_score(three.codes, labels))
    assert 0 < row["nmi"] < 1
    assert -1 < row["silhouette_without_groups"] < row["silhouette"]
    assert row["seconds"] > 0


@pytest.mark.parametrize(
    ("k", "d", "seed"),
    [
        (2, 2, 0),
        (6, 10, 4),
        *(pytest.param(*case, marks=pytest.mark.slow) for case in ((3, 2, 1), (4, 5, 2), (5, 3, 3))),
    ],
)
def test_the_number_of_made_up_groups_is_recommended(session, tmp_path, k, d, seed):
    data = bring_in(session, tmp_path / "groups.csv", *groups(k, d, seed))
    sweep = finished(session.add_sweep(data, "KMeans", range(1, 9), {"n_init": 5, "random_state": seed}))
    assert sweep.recommendation.value == k, sweep.recommendation.reason
    assert sweep.recommendation.agreed


@pytest.mark.parametrize(("d", "seed"), [(2, 0), (3, 1), (8, 2)])
def test_evenly_spread_rows_have_no_clear_number(session, tmp_path, d, seed):
    data = bring_in(session, tmp_path / "noise.csv", np.random.default_rng(seed).random((300, d)))
    sweep = finished(session.add_sweep(data, "KMeans", range(1, 8), {"random_state": seed}))
    assert sweep.recommendation.value is None
    assert sweep.recommendation.reason.startswith("No clear number")
    with pytest.raises(SessionError, match="recommends no number: say which"):
        session.add_run_of(sweep)
    assert session.add_run_of(sweep, 3).parameters["n_clusters"] == 3


def test_one_cloud_has_no_clear_number(session, tmp_path):
    data = bring_in(session, tmp_path / "cloud.csv", np.random.default_rng(0).normal(size=(300, 3)))
    assert finished(session.add_sweep(data, "KMeans", range(1, 7), SEEDED)).recommendation.value is None


@pytest.mark.parametrize("info", COUNTED, ids=lambda info: info.name)
def test_every_engine_with_a_count_can_be_swept(session, three, info):
    seed = {"random_state": 0} if any(p.name == "random_state" for p in info.parameters) else {}
    sweep = finished(session.add_sweep(three, info.name, [1, 2, 3, 4], {**info.trial, **seed}))
    assert sweep.failures == {}
    table = sweep.table
    assert np.isfinite(table["error_per_row"]).all()
    assert np.isfinite(table["bic"]).all()
    for name in ("silhouette", "silhouette_without_groups", "stability", "ari"):
        assert np.isfinite(table[name][1:]).all(), name
    run = session.add_run_of(sweep, 3)
    assert run.wait(60) == "finished"
    assert run.parameters == sweep.parameters_with(3)


def test_a_mixture_is_judged_by_its_own_likelihood_in_one_block_or_in_many(session, three, monkeypatch):
    if not any(info.name == "GaussianMixture" for info in engines.catalog()):
        pytest.skip("no mixture in the catalog")
    sweep = finished(session.add_sweep(three, "GaussianMixture", range(1, 6), {"random_state": 0}))
    assert sweep.has_likelihood
    assert sweep.recommendation.value == 3
    assert "lowest BIC of the model" in sweep.recommendation.reason
    X = np.asarray(three.training_rows("train", labelled=False))
    model = engines.GaussianMixture(n_components=3, random_state=0).fit(X)
    assert sweep.table["bic"][2] == pytest.approx(model.bic(X))
    assert sweep.table["aic"][2] == pytest.approx(model.aic(X))
    monkeypatch.setattr(sweeping, "blocks", lambda n, d: [(i, min(i + 50, n)) for i in range(0, n, 50)])
    looks: list[int] = []
    found = sweeping.likelihood_information(model, engines.ArrayRows(X), lambda: looks.append(1))
    assert found == pytest.approx((model.bic(X), model.aic(X)))
    assert len(looks) == 3


def test_one_prototype_has_an_error_and_a_bic_and_nothing_that_compares_groups(session, three):
    sweep = finished(session.add_sweep(three, "KMeans", [1, 2], SEEDED))
    X = np.asarray(three.training_rows("train", labelled=False))
    table = sweep.table
    assert table["error_per_row"][0] == pytest.approx(((X - X.mean(0)) ** 2).sum(1).mean())
    assert math.isfinite(table["bic"][0])
    for name in ("silhouette", "davies_bouldin", "calinski_harabasz", "stability", "silhouette_without_groups"):
        assert math.isnan(table[name][0]), name


@pytest.mark.parametrize(
    ("engine", "counts", "parameters", "words"),
    [
        ("KMeans", [2, 121], {}, "is to try 121 prototypes, but the training part of dataset 'three' has 120 rows"),
        ("KMeans", [0, 2], {}, "n_clusters must be an integer of at least 1, got 0"),
        ("KMeans", [3], {}, "compares 2 to 200 counts, but 1 were given"),
        ("KMeans", range(1, 120, 1), {"n_clustres": 3}, "no parameter called 'n_clustres'"),
        ("KMeans", [2, 3], {"max_iter": 0}, "max_iter must be"),
        ("GMLVQ", [2, 3], {}, "has no single number of prototypes"),
        ("NoEngine", [2, 3], {}, "no engine called 'NoEngine'"),
    ],
)
def test_what_cannot_be_swept_is_refused_in_one_sentence_and_leaves_nothing(
    session, three, engine, counts, parameters, words
):
    before = len(session.log)
    with pytest.raises(SessionError, match=words):
        session.add_sweep(three, engine, counts, parameters)
    assert dict(session.sweeps) == {}
    assert len(session.log) == before


def test_a_count_that_fails_does_not_lose_the_others(session, three):
    X = np.asarray(three.training_rows("train", labelled=False))
    parameters = SEEDED | {"init": X[:3].tolist()}  # right for three prototypes alone
    sweep = finished(session.add_sweep(three, "KMeans", [2, 3, 4], parameters))
    assert set(sweep.failures) == {2, 4}
    assert "init has shape (3, 3), expected (2, 3)" in sweep.failures[2]
    assert np.isfinite(sweep.table["error_per_row"]).tolist() == [False, True, False]
    assert sweep.measured == (2, 3, 4)
    assert sweep.recommendation.value == 3


def test_a_sweep_of_failures_has_failed_and_says_why(session, three):
    sweep = session.add_sweep(three, "KMeans", [2, 4], SEEDED | {"init": [[0.0, 0.0, 0.0]]})
    assert sweep.wait(60) == "failed"
    assert sweep.error.startswith("No count could be measured: init has shape (1, 3)")
    assert sweep.resumable


def test_counts_beyond_half_of_the_rows_have_no_stability(session, tmp_path):
    data = bring_in(session, tmp_path / "few.csv", *groups(2, 2, 0, n=6))
    sweep = finished(session.add_sweep(data, "KMeans", [2, 6, 7, 12], SEEDED))
    assert np.isfinite(sweep.table["stability"]).tolist() == [True, True, False, False]
    assert sweep.failures == {}
    assert math.isnan(sweep.table["silhouette"][3])
    assert math.isnan(sweep.table["bic"][3])


def test_the_same_seed_gives_the_same_table_whatever_the_threads_and_wherever_the_rows_lie(session, three, monkeypatch):
    first = finished(session.add_sweep(three, "KMeans", range(1, 5), SEEDED))
    assert same_table(first, finished(session.add_sweep(three, "KMeans", range(1, 5), SEEDED | {"n_jobs": 2})))
    assert not same_table(first, finished(session.add_sweep(three, "KMeans", range(1, 5), {"random_state": 1})))
    monkeypatch.setattr("workbench.session.dataset.HELD_BYTES", 0)
    three._held.clear()
    assert same_table(first, finished(session.add_sweep(three, "KMeans", range(1, 5), SEEDED)))


def test_a_seed_is_drawn_once_and_kept(session, three):
    sweep = finished(session.add_sweep(three, "KMeans", [2, 3]))
    assert isinstance(sweep.parameters["random_state"], int)
    again = finished(session.add_sweep(three, "KMeans", [2, 3], sweep.parameters_with(2)))
    assert same_table(sweep, again)


def test_only_some_thousand_rows_are_compared_with_each_other(session, three, monkeypatch):
    monkeypatch.setattr(sweeping, "SAMPLE_ROWS", 50)
    seen: list[tuple[int, int]] = []
    real = validity.silhouette
    monkeypatch.setattr(
        validity, "silhouette", lambda distances, labels: seen.append(distances.shape) or real(distances, labels)
    )
    sweep = finished(session.add_sweep(three, "KMeans", [2, 3], SEEDED))
    assert set(seen) == {(50, 50)}
    X = np.asarray(three.training_rows("train", labelled=False))
    assert sweep.table["error_per_row"][1] == pytest.approx(
        engines.KMeans(n_clusters=3, **SEEDED).fit(X).inertia_ / len(X)
    )


def test_the_recommended_number_is_trained_in_one_call_as_the_sweep_has_trained_it(session, three):
    sweep = finished(session.add_sweep(three, "KMeans", range(1, 6), SEEDED | {"max_iter": 50}))
    run = session.add_run_of(sweep)
    assert run.wait(60) == "finished"
    assert run.name == "KMeans 3 on three"
    assert run.parameters["n_clusters"] == 3
    assert run.parameters["max_iter"] == 50
    assert run.metrics["error_per_row"] == sweep.table["error_per_row"][2]
    assert session.add_run_of(sweep).name == "KMeans 3 on three 2"
    assert session.can_undo == "run KMeans 3 on three 2"


def test_a_sweep_is_there_after_reopening_and_is_undone_and_redone(tmp_path):
    path = tmp_path / "p.vqw"
    with Session.create(path) as session:
        data = bring_in(session, tmp_path / "three.csv", *groups(3, 3, seed=0))
        sweep = finished(session.add_sweep(data, "KMeans", range(1, 6), SEEDED, name="how many"))
        session.rename(sweep, "so many")
        session.note(sweep, "clear")
    with Session.open(path) as session:
        kept = session.sweep("so many")
        assert same_table(kept, sweep)
        assert np.array_equal(kept.table["seconds"], sweep.table["seconds"])
        assert kept.recommendation == sweep.recommendation
        assert (kept.status, kept.counts, kept.parameters, kept.note) == (
            "finished", (1, 2, 3, 4, 5), sweep.parameters, "clear",
        )  # fmt: skip
        assert kept.facts.data_hash == data.data_hash
        assert kept.facts.versions["numpy"] == np.__version__
        assert kept.seconds == pytest.approx(sweep.seconds)
        for _ in range(3):
            session.undo()
        assert dict(session.sweeps) == {}
        assert session.can_redo == "sweep how many"
        session.redo()
        assert session.sweep("how many") is kept
        with pytest.raises(SessionError, match="has finished"):
            kept.resume()
        session.delete(kept)
        assert dict(session.sweeps) == {}
    with Session.open(path, read_only=True) as session:
        assert dict(session.sweeps) == {}
        with pytest.raises(SessionError, match="no sweep called 'how many' in this project; there is none yet"):
            session.sweep("how many")


def test_projects_from_before_there_were_sweeps_open_and_take_one(tmp_path):
    sample = Path(__file__).parents[2] / "sample_projects" / "iris.vqw"
    path = Path(shutil.copy(sample, tmp_path / "iris.vqw"))
    with Session.open(path, read_only=True) as session:
        assert dict(session.sweeps) == {}
    with Session.open(path) as session:
        data = next(iter(session.datasets.values()))
        finished(session.add_sweep(data, "KMeans", [2, 3], SEEDED))
    with Session.open(path, read_only=True) as session:
        assert [sweep.status for sweep in session.sweeps.values()] == ["finished"]


def test_a_stopped_sweep_keeps_what_is_measured_and_goes_on_to_the_same_table(session, three):
    whole = finished(session.add_sweep(three, "KMeans", range(1, 9), SEEDED))
    sweep = session.add_sweep(three, "KMeans", range(1, 9), SEEDED)
    until(lambda: len(sweep.measured) >= 2)
    sweep.stop()
    assert sweep.wait(60) == "stopped"
    done = sweep.measured
    assert 2 <= len(done) < 8
    assert sweep.progress == len(done) / 8
    sweep.resume()
    finished(sweep)
    assert same_table(sweep, whole)


def test_a_sweep_that_waits_is_stopped_before_it_begins(session, three):
    first = session.add_sweep(three, "KMeans", range(1, 60), SEEDED)
    second = session.add_sweep(three, "KMeans", range(1, 60), SEEDED)
    assert second.status == "queued"
    second.stop()
    assert second.wait(60) == "stopped"
    assert second.measured == ()
    first.stop()
    assert first.wait(60) == "stopped"


def test_deleting_the_data_stops_and_hides_the_sweep_and_undo_shows_it(session, three):
    sweep = session.add_sweep(three, "KMeans", range(1, 60), SEEDED)
    until(lambda: sweep.status == "running")
    session.delete(three)
    assert sweep.wait(60) == "stopped"
    assert dict(session.sweeps) == {}
    session.undo()
    assert list(session.sweeps.values()) == [sweep]


def test_closing_the_project_ends_a_sweep_that_can_go_on_later(tmp_path):
    path = tmp_path / "p.vqw"
    with Session.create(path) as session:
        data = bring_in(session, tmp_path / "three.csv", *groups(3, 3, seed=0))
        sweep = session.add_sweep(data, "KMeans", range(1, 40), SEEDED)
        until(lambda: len(sweep.measured) >= 2)
    with Session.open(path) as session:
        kept = session.sweep(sweep.name)
        assert kept.status == "stopped"
        assert len(kept.measured) >= 2
        assert kept.resumable
    with Session.open(path) as session:
        session.project.transact(lambda t: t.put(sweep.id, {"status": "running"})).result()
    with Session.open(path, read_only=True) as session:
        assert session.sweep(sweep.name).status == "interrupted"


def test_events_tell_of_a_sweep_and_nothing_of_each_count(session, three):
    told: list[str] = []
    session.events.sweep_added.connect(lambda sweep: told.append("added"))
    session.events.sweep_changed.connect(lambda sweep: told.append(sweep.status))
    session.events.sweep_removed.connect(lambda sweep: told.append("removed"))
    sweep = finished(session.add_sweep(three, "KMeans", [2, 3], SEEDED))
    session.undo()
    session.redo()
    assert told == ["added", "queued", "running", "finished", "removed", "added"]
    assert sweep.sequence == 2
    assert sweep.progress == 1


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("2:5", (2, 3, 4, 5)),
        ("10:50:20", (10, 30, 50)),
        ("2, 8,4", (2, 4, 8)),
        ("2:4,16,3", (2, 3, 4, 16)),
        ("7", (7,)),
    ],
)
def test_counts_are_read_as_people_write_them(text, counts):
    assert parse_counts(text) == counts


@pytest.mark.parametrize("text", ["", "2..5", "5:2", "2:9:0", "1:2:3:4", "a", "1:1000000", "2;3"])
def test_counts_that_make_no_sense_are_refused_with_an_example(text):
    with pytest.raises(SessionError, match="write 2:12 for 2 to 12"):
        parse_counts(text)
