"""Stability of a run's metric: what is measured, kept, gone on with and refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from session_help import until, with_split

from engines.lvq.refits import Resampling, relevance_stability
from workbench.data import guess
from workbench.errors import Cancelled
from workbench.session import Dataset, Run, Session, SessionError, measuring
from workbench.session.stability import MeasuredStability

QUICK = {"init": "mean", "max_iter": 6, "random_state": 3}


def learned(session: Session, dataset: Dataset, engine: str = "GMLVQ", **parameters: object) -> Run:
    run = session.add_run(dataset, engine, {**QUICK, **parameters} if engine == "GMLVQ" else {"random_state": 0})
    assert run.wait(300) == "finished", run.error
    return run


def same(one: MeasuredStability, other: MeasuredStability) -> bool:
    a, b = one.stability.to_state(), other.stability.to_state()
    return one.resampling == other.resampling and all(np.array_equal(a[k], b[k], equal_nan=True) for k in a)


@pytest.fixture
def run(session: Session, blobs: Dataset) -> Run:
    return learned(session, blobs)


def test_what_is_measured_is_what_the_engine_measures_on_the_training_rows(session: Session, blobs_csv: Path) -> None:
    data = session.import_data(with_split(guess(blobs_csv), 0.6, 0.2, 0.2)).result(60)
    run = learned(session, data)
    job = session.measure_stability(run, "folds", 3, seed=1)
    found = job.result(300)
    rows, labels = np.asarray(data.training_rows("train", labelled=True)), data.labels("train")
    held_out = np.asarray(data.training_rows("validation", labelled=True)), data.labels("validation")
    direct = relevance_stability(run.model(), rows, labels, Resampling("folds", 3, 1), validation=held_out)
    assert all(np.array_equal(a, direct.to_state()[name]) for name, a in found.stability.to_state().items())
    assert found.is_complete
    assert found.seconds > 0
    assert run.stability is found
    assert job.progress == 1


def test_it_is_kept_with_the_run_and_read_when_asked_for(session: Session, run: Run, tmp_path: Path) -> None:
    assert run.stability is None
    found = session.measure_stability(run, n_refits=3).result(300)
    session.close()
    with Session.open(shutil.copy(session.path, tmp_path / "copy.vqw")) as again:
        (kept,) = again.runs.values()
        assert kept.stability is not None
        assert same(kept.stability, found)


def test_a_stopped_measuring_keeps_its_refits_and_goes_on_to_the_same_result(
    session: Session, run: Run, blobs: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measuring, "SAVE_SECONDS", 0.0)
    whole = session.measure_stability(run, n_refits=6).result(300)
    other = learned(session, blobs)
    job = session.measure_stability(other, n_refits=6)
    until(lambda: other.n_measured >= 2 or job.done())
    other.stop()
    if job.wait(60) and job.status == "cancelled":
        with pytest.raises(Cancelled):
            job.result()
        begun = other.stability
        assert begun is not None
        assert 2 <= begun.stability.n_refits < 6
        assert other.file.stability()["n_refits"] == 6
        before = other.n_measured
        assert same(session.measure_stability(other, n_refits=6).result(300), whole)
        assert other.n_measured - before == 6 - begun.stability.n_refits + 1  # the last one is put once more
    assert other.stability is not None
    assert same(other.stability, whole)
    assert other.status == "finished"


def test_other_refits_begin_anew_and_replace_the_first(session: Session, run: Run) -> None:
    session.measure_stability(run, n_refits=2).result(300)
    found = session.measure_stability(run, "bootstrap", 2, seed=9).result(300)
    assert run.stability is found
    assert found.stability.n_refits == 2


def test_what_was_measured_of_an_earlier_model_is_not_told_of_a_later_one(session: Session, blobs: Dataset) -> None:
    run = session.add_run(blobs, "GMLVQ", QUICK | {"max_iter": 400, "tol": 0.0, "patience": 400}, paused=True)
    for _ in range(3):
        run.step()
    until(lambda: run.sequence == 3 and run.status == "paused")
    run.stop()
    assert run.wait(60) == "stopped"
    session.measure_stability(run, n_refits=2).result(300)
    assert run.stability is not None
    run.resume()
    until(lambda: run.sequence > 4)
    assert run.stability is None
    run.stop()
    run.wait(60)


def test_what_cannot_be_measured_is_refused_in_one_sentence(session: Session, run: Run, blobs: Dataset) -> None:
    with pytest.raises(SessionError, match="learns no metric"):
        session.measure_stability(learned(session, blobs, "KMeans"))
    with pytest.raises(SessionError, match="not by 'luck'"):
        session.measure_stability(run, "luck")
    with pytest.raises(SessionError, match="at least 2 refits"):
        session.measure_stability(run, n_refits=1)
    waiting = session.add_run(blobs, "GMLVQ", QUICK, paused=True)
    with pytest.raises(SessionError, match="wait until it has ended"):
        session.measure_stability(waiting)
    waiting.stop()
    assert run.stability is None


def test_a_failed_refit_is_told_and_leaves_what_was_measured_before(
    session: Session, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = session.measure_stability(run, n_refits=2).result(300)
    told: list[str] = []
    session.events.failed.connect(lambda title, detail: told.append(detail))

    def fail(*_: object) -> None:
        raise ValueError("no such luck")

    monkeypatch.setattr(Resampling, "weights", fail)
    with pytest.raises(SessionError, match="no such luck"):
        session.measure_stability(run, n_refits=5).result(300)
    assert run.stability is found
    assert told == [f"Stability of {run.name} failed: no such luck."]
