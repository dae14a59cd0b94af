"""The command line starts runs from models and codebooks in files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

import engines
from workbench.cli import main


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of standardised rows."""
    folder = tmp_path_factory.mktemp("imported")
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, 3)) + np.repeat([[0, 0, 0], [5, 5, 0]], 20, axis=0)
    lines = [f"{a:.4f},{b:.4f},{c:.4f},{'ab'[k // 20]}" for k, (a, b, c) in enumerate(rows)]
    (folder / "rows.csv").write_text("\n".join(["u,v,w,class", *lines]))
    path = folder / "p.vqw"
    assert main(["import", str(folder / "rows.csv"), "--project", str(path), "--scale", "standard"]) == 0
    return path


@pytest.fixture
def project(imported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(imported, tmp_path / "p.vqw"))


def said(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main([str(word) for word in words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_codebook_and_a_model_are_exported_loaded_and_trained_on(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = ("--set", "random_state=0")
    assert said(capsys, "train", project, "--engine", "GLVQ", *seed, "--set", "max_iter=2", "--name", "one")[0] == 0
    for kind, name in (("codebook", "w.csv"), ("model", "m.safetensors")):
        assert said(capsys, "export", kind, project, "--run", "one", "-o", tmp_path / name)[0] == 0

    code, out, err = said(capsys, "train", project, "--from", tmp_path / "w.csv", "--engine", "kmeans", *seed, "--json")
    assert code == 0, err
    assert json.loads(out)["status"] == "finished"
    assert "note: KMeans starts from the 2 prototypes of w.csv, read in the units of the data." in err

    code, out, err = said(
        capsys, "train", project, "--from", tmp_path / "m.safetensors", "--set", "max_iter=3", "--name", "on", "--json"
    )
    assert code == 0, err
    assert json.loads(out)["status"] == "finished"

    code, out, _ = said(
        capsys, "train", project, "--from", tmp_path / "m.safetensors", "--no-train", "--name", "as it is", "--json"
    )
    assert json.loads(out)["status"] == "stopped"
    assert said(capsys, "export", "model", project, "--run", "as it is", "-o", tmp_path / "n.safetensors")[0] == 0
    before, after = (engines.load(tmp_path / name) for name in ("m.safetensors", "n.safetensors"))
    assert before.prototypes_.tobytes() == after.prototypes_.tobytes()  # type: ignore[attr-defined]

    listed = json.loads(said(capsys, "info", project, "--json")[1])["runs"]
    assert [Path(run.get("from", "")).name for run in listed] == ["", "w.csv", "m.safetensors", "m.safetensors"]
    assert listed[2]["parameters"]["max_iter"] == 3


def test_units_are_chosen_for_a_table_that_does_not_tell_them(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.save(tmp_path / "w.npy", np.zeros((1, 3)))
    for units, name in (("training", "seen"), ("original", "raw")):
        words = ("--engine", "KMeans", "--units", units, "--no-train", "--name", name)
        assert said(capsys, "train", project, "--from", tmp_path / "w.npy", *words)[0] == 0
        assert said(capsys, "export", "model", project, "--run", name, "-o", tmp_path / f"{name}.safetensors")[0] == 0
    seen, raw = (engines.load(tmp_path / f"{name}.safetensors") for name in ("seen", "raw"))
    assert np.all(seen.prototypes_ == 0)  # type: ignore[attr-defined]
    assert np.all(raw.prototypes_[0, :2] < -0.5)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ((), 2, "--engine is needed"),
        (("--engine", "KMeans", "--units", "training"), 2, "--units and --no-train go with --from"),
        (("--engine", "KMeans", "--no-train"), 2, "--units and --no-train go with --from"),
        (("--from", "w.npy"), 1, "w.npy holds prototypes and no engine: choose one of KMeans,"),
        (("--from", "w.npy", "--engine", "KMeans", "--units", "feet"), 2, "--units feet is not understood"),
        (("--from", "none.csv", "--engine", "KMeans"), 1, "There is no file none.csv: check the name."),
        (("--from", "w.npy", "--engine", "KMeans", "--set", "n_clusters=5"), 1, "n_clusters of KMeans follows from"),
    ],
)
def test_a_mistake_is_told_in_one_line_and_changes_nothing(
    project: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
    code: int,
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    np.save(tmp_path / "w.npy", np.eye(3))
    found, _, err = said(capsys, "train", project, *words)
    assert found == code
    assert sentence in " ".join(err.replace("│", " ").split())
    assert json.loads(said(capsys, "info", project, "--json")[1])["runs"] == []
