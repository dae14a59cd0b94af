"""Runs of real engines on real project files: training, buttons, recording, reopening."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from session_help import paused_after, same_bits, until, with_split, write_blobs

from engines import GMLVQ, KMeans
from workbench.data import guess
from workbench.session import Session, SessionError
from workbench.session.rows import TrainingRows


def test_a_csv_is_imported_learned_from_and_found_again_bit_for_bit(tmp_path, blobs_csv):
    path = tmp_path / "project.vqw"
    with Session.create(path) as session:
        dataset = session.import_data(guess(blobs_csv)).result(60)
        run = session.add_run(dataset, "KMeans", {"n_clusters": 5, "random_state": 3})
        assert run.wait(120) == "finished"
        model, history, metrics, arrays = run.model(), run.history, run.metrics, run.latest.arrays
        X = dataset.rows().read(0, dataset.n_rows)
    with Session.open(path) as session:
        again = session.run("KMeans on blobs")
        assert again.status == "finished"
        assert again.metrics == metrics
        assert again.parameters["n_clusters"] == 5
        assert same_bits(again.model(), model)
        assert again.history.keys() == history.keys()
        for name, column in history.items():
            np.testing.assert_array_equal(again.history[name], column)
        for name, array in arrays.items():
            assert again.latest.arrays[name].tobytes() == array.tobytes()
        np.testing.assert_array_equal(again.dataset.rows().read(0, 180), X)
    own = KMeans(n_clusters=5, random_state=3).fit(X)
    assert own.prototypes_.tobytes() == model.prototypes_.tobytes()
    assert metrics["quantization_error_train"] == pytest.approx(own.inertia_ / 180, rel=1e-12)


def test_a_run_can_be_repeated_from_what_the_project_says_of_it(session, blobs):
    run = session.add_run(blobs, "KMeans", {"n_clusters": 4})
    run.wait(120)
    assert isinstance(run.parameters["random_state"], int)
    assert run.facts.data_hash == blobs.data_hash != ""
    assert run.facts.versions["numpy"] == np.__version__
    again = session.add_run(blobs, "KMeans", run.parameters)
    again.wait(120)
    assert same_bits(run.model(), again.model())


def test_a_supervised_run_tells_its_accuracy_on_each_part(session, tmp_path):
    plan = with_split(guess(write_blobs(tmp_path / "parts.csv")), 0.6, 0.2, 0.2)
    dataset = session.import_data(plan).result(60)
    run = session.add_run(dataset, "GMLVQ", {"prototypes_per_class": 1, "max_iter": 10})
    assert run.wait(120) == "finished", run.error
    session.show_test_part(dataset)
    model = run.model()
    for part in ("train", "validation", "test"):
        X, y = dataset.rows(part), dataset.labels(part)
        assert run.metrics[f"accuracy_{part}"] == np.mean(model.predict(X.read(0, len(y))) == y)
    assert "validation_cost" in run.history


def test_only_the_training_part_is_learned_from(session, tmp_path):
    plan = with_split(guess(write_blobs(tmp_path / "parts.csv")), 0.5, 0, 0.5)
    dataset = session.import_data(plan).result(60)
    run = session.add_run(dataset, "KMeans", {"n_clusters": 3, "random_state": 0})
    run.wait(120)
    train = dataset.rows().read(0, 180)[dataset.split == 0]
    assert run.model().prototypes_.tobytes() == KMeans(3, random_state=0).fit(train).prototypes_.tobytes()


def test_rows_without_a_label_are_left_out_and_that_is_said(session, tmp_path):
    csv = write_blobs(tmp_path / "gaps.csv")
    lines = csv.read_text().splitlines()
    lines[3:8] = [line.rpartition(",")[0] + "," for line in lines[3:8]]
    csv.write_text("\n".join(lines) + "\n")
    dataset = session.import_data(guess(csv)).result(60)
    run = session.add_run(dataset, "GMLVQ", {"prototypes_per_class": 1, "max_iter": 5, "random_state": 0})
    assert run.wait(120) == "finished", run.error
    assert run.remarks == ("5 training rows without a label are left out.",)
    known = dataset.codes >= 0
    X = dataset.rows().read(0, dataset.n_rows)[known]
    own = GMLVQ(prototypes_per_class=1, max_iter=5, random_state=0).fit(
        X, np.array(dataset.classes)[dataset.codes[known]]
    )
    assert own.prototypes_.tobytes() == run.model().prototypes_.tobytes()


def test_a_paused_run_takes_one_step_at_a_time_and_then_goes_on(session, blobs):
    run = session.add_run(blobs, "KMeans", {"n_clusters": 9, "random_state": 1}, paused=True)
    until(lambda: run.status == "paused")
    assert run.latest is None
    for k in range(1, 4):
        run.step()
        until(lambda k=k: run.sequence == k)
        until(lambda: run.status == "paused")
        assert run.latest.iteration == k - 1
    assert len(run.history["cost"]) == 3
    run.resume()
    assert run.wait(120) == "finished"
    X = blobs.rows().read(0, 180)
    assert run.model().prototypes_.tobytes() == KMeans(9, random_state=1).fit(X).prototypes_.tobytes()


def test_a_stopped_run_keeps_its_model_and_goes_on_to_the_same_end(session, blobs):
    whole = session.add_run(blobs, "GMLVQ", {"max_iter": 12, "random_state": 1})
    run = paused_after(session, blobs, 3, "GMLVQ", {"max_iter": 12, "random_state": 1})
    run.stop()
    assert run.wait(120) == "stopped"
    stopped_at = run.latest
    assert run.model().prototypes_.tobytes() == stopped_at.arrays["prototypes"].tobytes()
    assert "accuracy_train" in run.metrics
    run.resume()
    assert run.wait(120) == "finished"
    whole.wait(120)
    assert same_bits(run.model(), whole.model())
    for name, column in whole.history.items():
        np.testing.assert_array_equal(run.history[name], column)
    assert [s.iteration for s in run.snapshots()] == [s.iteration for s in whole.snapshots()]
    assert run.seconds > 0


def test_a_stopped_run_goes_on_after_reopening_to_the_same_end(tmp_path, blobs_csv):
    path = tmp_path / "p.vqw"
    with Session.create(path) as session:
        blobs = session.import_data(guess(blobs_csv)).result(60)
        whole = session.add_run(blobs, "KMeans", {"n_clusters": 9, "random_state": 1})
        whole.wait(120)
        model, history = whole.model(), whole.history
        paused_after(session, blobs, 4, "KMeans", {"n_clusters": 9, "random_state": 1}, name="cut").stop()
    with Session.open(path) as session:
        run = session.run("cut")
        assert run.status == "stopped"
        session.resume_run(run)
        assert run.wait(120) == "finished"
        assert same_bits(run.model(), model)
        for name, column in history.items():
            np.testing.assert_array_equal(run.history[name], column)


def test_runs_wait_for_each_other_and_a_waiting_one_can_be_stopped(session, blobs):
    first = paused_after(session, blobs, 1, "KMeans", {"n_clusters": 9, "random_state": 1})
    second = session.add_run(blobs, "KMeans", {"n_clusters": 3})
    third = session.add_run(blobs, "KMeans", {"n_clusters": 4})
    assert (second.status, third.status) == ("queued", "queued")
    second.stop()
    assert second.wait(10) == "stopped"
    with pytest.raises(SessionError, match="has learned nothing yet"):
        second.model()
    first.resume()
    assert third.wait(120) == "finished"
    second.resume()
    assert second.wait(120) == "finished"


def test_closing_during_a_run_stops_it_records_it_and_leaves_what_waited_as_stopped(tmp_path, blobs_csv):
    path = tmp_path / "p.vqw"
    with Session.create(path) as session:
        blobs = session.import_data(guess(blobs_csv)).result(60)
        running = paused_after(session, blobs, 2, "KMeans", {"n_clusters": 40, "n_init": 5000, "tol": 0.0})
        waiting = session.add_run(blobs, "KMeans")
        running.resume()
        until(lambda: running.sequence > 4)
    assert (running.status, waiting.status) == ("stopped", "stopped")
    last = running.latest
    with pytest.raises(SessionError, match="is closed"):
        session.add_run(blobs, "KMeans")
    with Session.open(path) as session:
        found = session.run(running.name)
        assert (found.status, session.run(waiting.name).status) == ("stopped", "stopped")
        assert found.latest.iteration == last.iteration
        assert found.latest.arrays["prototypes"].tobytes() == last.arrays["prototypes"].tobytes()


def test_closing_without_waiting_records_the_run_too(tmp_path, blobs_csv):
    session = Session.create(tmp_path / "p.vqw")
    blobs = session.import_data(guess(blobs_csv)).result(60)
    run = paused_after(session, blobs, 2, "KMeans", {"n_clusters": 9, "random_state": 1})
    session.close(wait=False)
    assert run.wait(30) == "stopped"

    def opens():
        try:
            return Session.open(tmp_path / "p.vqw")
        except Exception:
            return None

    found = []
    until(lambda: found.append(opens()) or found[-1])
    with found[-1] as session:
        assert session.run(run.name).latest.iteration == 1


def test_the_timeline_holds_first_and_last_and_stays_thin(session, blobs):
    run = session.add_run(blobs, "GMLVQ", {"solver": "adam", "max_iter": 130, "patience": 130, "tol": 0.0})
    assert run.wait(120) == "finished", run.error
    iterations = [snapshot.iteration for snapshot in run.snapshots()]
    assert iterations[0] == 0
    assert iterations[-1] == run.latest.iteration
    assert 33 <= len(iterations) <= 67
    costs = run.history["cost"]
    assert int(np.argmin(costs)) in iterations
    some = run.snapshots()[len(iterations) // 2]
    assert some.cost == costs[some.iteration]
    assert some.arrays["prototypes"].shape == run.latest.arrays["prototypes"].shape


def test_finished_and_paused_runs_say_what_cannot_be_done(session, blobs):
    run = session.add_run(blobs, "KMeans", {"n_clusters": 2})
    run.wait(120)
    for act, words in ((run.pause, "cannot be paused"), (run.step, "cannot be stepped"), (run.resume, "has finished")):
        with pytest.raises(SessionError, match=words):
            act()
    run.stop()
    assert run.status == "finished"


def test_a_run_that_has_ended_holds_no_rows_in_memory(session, blobs):
    good = session.add_run(blobs, "KMeans", {"n_clusters": 2})
    bad = session.add_run(blobs, "KMeans", {"n_clusters": 2, "init": [[1.0, 1.0]]})
    other = session.add_run(blobs, "GMLVQ", {"max_iter": 3})
    assert [run.wait(120) for run in (good, bad, other)] == ["finished", "failed", "finished"]
    session.queue.join()
    gc.collect()
    assert isinstance(blobs.rows("train", labelled=True), TrainingRows)
    assert isinstance(blobs.rows("train"), TrainingRows)
    X = blobs.training_rows("train", labelled=False)
    assert blobs.training_rows("train", labelled=False) is X
