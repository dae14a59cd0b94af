"""A threshold that is kept with a run: undone and redone, and the same in every file that carries it."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest

from workbench.data import guess
from workbench.reports import export
from workbench.session import Run, Session, SessionError, Threshold, read_model

VALUE = 0.412345678901


def write_flowers(path: Path) -> Path:
    rng = np.random.default_rng(0)
    lines = ["length,width,kind"]
    for k, kind in enumerate(("aster", "briar")):
        lines += [f"{x:.5f},{y:.5f},{kind}" for x, y in rng.normal(1.5 * k, 1, (60, 2))]
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Session, Run]]:
    folder = tmp_path_factory.mktemp("thresholds")
    with Session.create(folder / "p.vqw") as session:
        data = session.import_data(guess(write_flowers(folder / "flowers.csv"))).result(60)
        run = session.add_run(data, "GLVQ", {"random_state": 0, "max_iter": 10}, name="flowers")
        assert run.wait(120) == "finished", run.error
        session.set_threshold(run, VALUE, "train")
        yield session, run


def certainties(run: Run) -> np.ndarray:
    """(D⁻ - D⁺)/(D⁻ + D⁺) of all rows, by hand."""
    model, X = run.model(), np.asarray(run.dataset.rows().read(0, 10**6), float)
    D = ((X[:, None] - model.prototypes_[None]) ** 2).sum(axis=2)
    first = D.argmin(axis=1)
    other = model.prototype_labels_[None] != model.prototype_labels_[first][:, None]
    far = np.where(other, D, np.inf).min(axis=1)
    return (far - D.min(axis=1)) / (far + D.min(axis=1))


def test_a_threshold_is_a_command_and_survives(tmp_path: Path) -> None:
    path = tmp_path / "p.vqw"
    with Session.create(path) as session:
        data = session.import_data(guess(write_flowers(tmp_path / "flowers.csv"))).result(60)
        run = session.add_run(data, "GLVQ", {"random_state": 0, "max_iter": 3, "tol": 0.0}, name="r")
        run.wait(120)
        session.set_threshold(run, 0.1)
        session.set_threshold(run, 0.2, "train")
        entry = session.log[-1].command
        assert (entry.kind, entry.details["run"], entry.details["value"]) == ("threshold", run.id, 0.2)
        session.set_threshold(run, None)
        assert run.threshold is None
        session.undo()
        assert run.threshold == Threshold(0.2, "train", run.latest.iteration, 0)
    with Session.open(path) as session:
        run = session.run("r")
        assert run.threshold is not None
        assert run.threshold.value == 0.2
        session.undo()
        assert run.threshold == Threshold(0.1, "validation", run.latest.iteration, 0)
        session.undo()
        assert run.threshold is None
        session.redo()
        session.redo()
        session.redo()
        assert run.threshold is None


def test_a_threshold_counts_for_the_model_that_it_was_chosen_for_alone(tmp_path: Path) -> None:
    with Session.create(tmp_path / "p.vqw") as session:
        data = session.import_data(guess(write_flowers(tmp_path / "flowers.csv"))).result(60)
        run = session.add_run(data, "GLVQ", {"random_state": 0, "max_iter": 9, "tol": 0.0}, paused=True)
        run.step()
        end = time.monotonic() + 60
        while run.status != "paused" or run.sequence < 1:
            assert time.monotonic() < end
            time.sleep(0.01)
        session.set_threshold(run, 0.2, "train")
        assert run.threshold is not None
        run.resume()
        assert run.wait(120) == "finished"
        assert run.threshold is None
        assert run.kept_threshold == Threshold(0.2, "train", 0, 0)


def test_impossible_thresholds_are_refused(opened: tuple[Session, Run]) -> None:
    session, run = opened
    for value, part, words in (
        (1.5, "train", "lies between 0 and 1, but 1.5"),
        (float("nan"), "train", "lies between 0 and 1, but nan"),
        (0.5, "all", "train, validation or test, but 'all'"),
    ):
        with pytest.raises(SessionError, match=words):
            session.set_threshold(run, value, part)
    clusters = session.add_run(run.dataset, "KMeans", {"n_clusters": 2}, name="clusters")
    clusters.wait(120)
    with pytest.raises(SessionError, match="KMeans predicts no classes"):
        session.set_threshold(clusters, 0.5, "train")
    session.undo()
    assert run.threshold is not None


def test_the_model_file_rejects_what_lies_below(opened: tuple[Session, Run], tmp_path: Path) -> None:
    session, run = opened
    export("model", session, run, tmp_path / "m.safetensors")
    model = read_model(tmp_path / "m.safetensors")
    assert model.threshold == VALUE
    raw = run.dataset.raw.read(0, 120)
    below = certainties(run) < VALUE
    assert 0 < below.sum() < 120
    np.testing.assert_array_equal(model.rejects(raw), below)


def test_every_codebook_that_can_hold_it_says_it(opened: tuple[Session, Run], tmp_path: Path) -> None:
    session, run = opened
    for form in ("json", "npz", "h5"):
        export("codebook", session, run, tmp_path / f"book.{form}")
    told = [json.loads((tmp_path / "book.json").read_text(encoding="utf-8"))["about"]]
    told.append(json.loads(str(np.load(tmp_path / "book.npz", allow_pickle=False)["about"])))
    with h5py.File(tmp_path / "book.h5") as file:
        told.append(json.loads(file.attrs["about"]))
    for about in told:
        assert about["reject"]["threshold"] == VALUE
        assert about["reject"]["chosen_on"] == "train"
        assert f"below {VALUE!r} are to be rejected" in about["reject"]["meaning"]


def test_assignments_and_report_say_it(opened: tuple[Session, Run], tmp_path: Path) -> None:
    session, run = opened
    export("assignments", session, run, tmp_path / "a.csv")
    with (tmp_path / "a.csv").open(encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    below = certainties(run) < VALUE
    assert [line["rejected"] == "yes" for line in lines] == below.tolist()
    export("report", session, run, tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "Kept with this run, chosen on the training part" in page
    assert "below 0.4123" in page
    right = run.model().predict(np.asarray(run.dataset.rows().read(0, 120))) == run.dataset.labels()
    assert f"{100 * right[~below].mean():.1f} %" in page


def test_a_run_without_a_threshold_rejects_nothing(opened: tuple[Session, Run], tmp_path: Path) -> None:
    session, run = opened
    session.set_threshold(run, None)
    try:
        export("model", session, run, tmp_path / "m.safetensors")
        model = read_model(tmp_path / "m.safetensors")
        assert model.threshold is None
        assert not model.rejects(run.dataset.raw.read(0, 120)).any()
        export("assignments", session, run, tmp_path / "a.csv")
        assert "rejected" not in (tmp_path / "a.csv").read_text(encoding="utf-8").splitlines()[0]
    finally:
        session.undo()


def test_reports_and_assignments_leave_dropped_rows_out_and_say_what_was_corrected(tmp_path: Path) -> None:
    with Session.create(tmp_path / "p.vqw") as session:
        data = session.import_data(guess(write_flowers(tmp_path / "flowers.csv"))).result(60)
        run = session.add_run(data, "GLVQ", {"random_state": 0, "max_iter": 5}, name="r")
        run.wait(120)
        session.relabel(data, [2], "briar")
        session.drop(data, range(10, 20))
        export("assignments", session, run, tmp_path / "a.csv")
        with (tmp_path / "a.csv").open(encoding="utf-8") as file:
            lines = list(csv.DictReader(file))
        assert [int(line["row"]) for line in lines] == [k + 1 for k in range(120) if not 10 <= k < 20]
        assert lines[2]["label"] == "briar"
        export("report", session, run, tmp_path / "r.html")
        page = (tmp_path / "r.html").read_text(encoding="utf-8")
        assert "1 row relabelled, 10 rows dropped" in page
        assert "Labels were corrected or rows dropped since the run was made" in page
        again = session.add_run(data, "GLVQ", {"random_state": 0, "max_iter": 5}, name="again")
        again.wait(120)
        export("report", session, again, tmp_path / "again.html")
        page = (tmp_path / "again.html").read_text(encoding="utf-8")
        assert "Labels were corrected" not in page
        assert again.facts.labels_version in page
