"""SPD matrices in the open document: their kind, which engines take them, and what a run on them shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.signals import two_kinds, two_kinds_of_matrices
from workbench.data import guess
from workbench.project.records import DatasetRecord
from workbench.session import Session, SessionError
from workbench.session.storage import _kind


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    X, y = two_kinds_of_matrices()
    np.savez(tmp_path / "stack.npz", X=X, y=y)
    return tmp_path / "stack.npz"


def test_matrices_stay_matrices_when_the_project_is_opened_again(tmp_path, stack):
    with Session.create(tmp_path / "p.vqw") as session:
        dataset = session.import_data(guess(stack)).result(60)
        run = session.add_run(dataset, "LogEuclideanGLVQ", {"random_state": 0})
        assert run.wait(120) == "finished"
        assert run.metrics["accuracy_train"] == 1.0
        prototypes = run.model().prototypes_
    with Session.open(tmp_path / "p.vqw") as session:
        (dataset,), (run,) = session.datasets.values(), session.runs.values()
        assert (dataset.kind, dataset.image_shape) == ("spd", (4, 4))
        assert np.array_equal(run.model().prototypes_, prototypes)
        assert prototypes.shape == (2, 4, 4)


def test_a_record_from_before_kinds_has_the_kind_that_it_had():
    record = DatasetRecord("old")
    assert _kind(record) == "table"
    assert _kind(replace(record, image_shape=(8, 8))) == "image"
    assert _kind(replace(record, image_shape=(8, 8), kind="spd")) == "spd"


def test_signals_are_imported_as_covariances_and_learned(session, tmp_path):
    signals, y = two_kinds()
    np.savez(tmp_path / "signals.npz", signals=signals, y=y)
    dataset = session.import_data(guess(tmp_path / "signals.npz", options={"matrices": "oas"})).result(60)
    run = session.add_run(dataset, "LogEuclideanGLVQ")
    assert run.wait(120) == "finished"
    assert run.metrics["accuracy_train"] > 0.95


def test_engines_of_tables_take_matrices_as_numbers_with_a_remark(session, stack):
    dataset = session.import_data(guess(stack)).result(60)
    run = session.add_run(dataset, "KMeans", {"n_clusters": 2})
    assert run.wait(120) == "finished"
    assert run.remarks == (
        "KMeans takes the matrices as plain numbers, entry by entry; made for matrices: LogEuclideanGLVQ.",
    )
    means = run.model().prototypes_.reshape(-1, 4, 4)
    assert np.all(np.linalg.eigvalsh(means) > 0)


def test_a_table_is_refused_by_an_engine_of_matrices_with_what_to_do(session, blobs):
    with pytest.raises(SessionError) as caught:
        session.add_run(blobs, "LogEuclideanGLVQ")
    told = str(caught.value)
    assert "learns from data of the kind spd, but dataset 'blobs' is of the kind table" in told
    assert told.endswith('import the matrices or signals again with the option "matrices".')


def test_singular_matrices_end_a_run_in_one_sentence_and_regularization_mends_it(session, tmp_path):
    X, y = two_kinds_of_matrices()
    X[5] = np.outer(np.arange(1.0, 5.0), np.arange(1.0, 5.0))
    np.savez(tmp_path / "stack.npz", X=X, y=y)
    dataset = session.import_data(guess(tmp_path / "stack.npz")).result(60)
    run = session.add_run(dataset, "LogEuclideanGLVQ")
    assert run.wait(120) == "failed"
    assert "singular" in run.error
    assert "set regularization above 0" in run.error
    run = session.add_run(dataset, "LogEuclideanGLVQ", {"regularization": 0.05})
    assert run.wait(120) == "finished"
