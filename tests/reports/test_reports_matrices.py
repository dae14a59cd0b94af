"""What leaves the program of a run on SPD matrices made by the command line: codebook, model, views, report."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import engines
from tests.signals import two_kinds_of_matrices
from workbench.cli import main
from workbench.reports import EXPORTS, export
from workbench.session import Session


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("matrices")
    X, y = two_kinds_of_matrices()
    np.savez(folder / "stack.npz", X=X, y=y)
    path = folder / "p.vqw"
    words = ("import", folder / "stack.npz", "--project", path, "--label", "y", "--split", "0.7/0/0.3")
    assert main([str(word) for word in words]) == 0
    words = ("train", path, "--engine", "LogEuclideanGLVQ", "--name", "gestures", "--set", "random_state=0")
    assert main([str(word) for word in words]) == 0
    assert main(["show-test", str(path)]) == 0
    return path


def test_the_main_job_on_matrices_by_the_command_line(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["info", str(project), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["datasets"][0]["kind"], told["datasets"][0]["image_shape"]) == ("spd", [4, 4])
    assert told["runs"][0]["metrics"]["accuracy_test"] == 1.0
    book, report = tmp_path / "book.npz", tmp_path / "report.html"
    assert main(["export", "codebook", str(project), "--run", "gestures", "-o", str(book)]) == 0
    assert main(["export", "report", str(project), "--run", "gestures", "-o", str(report)]) == 0
    text = report.read_text(encoding="utf-8")
    assert "a symmetric positive-definite matrix of 4 × 4 entries" in text
    assert "(mean squared distance between logarithms)" in text
    with np.load(book) as file:
        prototypes, labels = file["prototypes"].reshape(-1, 4, 4), file["prototype_labels"]
        logarithms = file["log_prototypes"]
    assert labels.tolist() == ["left", "rest"]
    assert np.all(np.linalg.eigvalsh(prototypes) > 0)
    np.testing.assert_allclose(
        engines.LogEuclideanGLVQ.from_arrays(
            {}, {"log_prototypes": logarithms, "prototype_labels": labels, "classes": labels, "prototypes": prototypes}
        ).prototypes_,
        prototypes,
    )


@pytest.mark.slow
def test_every_export_is_written_in_every_form(project: Path, tmp_path: Path) -> None:
    with Session.open(project) as session:
        (run,) = session.runs.values()
        kinds = [kind for kind in EXPORTS if kind.applies(run)]
        assert {"codebook", "model", "assignments", "report", "views"} <= {kind.name for kind in kinds}
        for kind in kinds:
            for form in kind.formats:
                for path in export(kind.name, session, run, tmp_path / f"{kind.name}.{form}"):
                    assert path.stat().st_size > 0
        drawn = {path.stem.removeprefix("views-") for path in tmp_path.glob("views-*.png")}
    assert {"projection", "prototypes", "reconstructions", "usage", "confusion", "curves"} <= drawn
    assert not drawn & {"relevance", "energy", "contributions"}


def test_a_model_file_answers_for_stacks_and_for_rows(project: Path, tmp_path: Path) -> None:
    X, y = two_kinds_of_matrices()
    with Session.open(project) as session:
        (run,) = session.runs.values()
        (path,) = export("model", session, run, tmp_path / "out.safetensors")
    model = engines.load(path)
    assert model.score(X, y) > 0.95
    np.testing.assert_array_equal(model.predict(X), model.predict(X.reshape(len(X), -1)))
