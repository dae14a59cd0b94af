"""`vq-workbench sweep`: the table, the recommendation, the page, and one line for every mistake."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pypdfium2.raw as raw
import pytest

from tests.reports.printed import Printed
from workbench.cli import main
from workbench.session import Session
from workbench.views import sweep as page


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("groups")
    rng = np.random.default_rng(0)
    lines = ["a,b,kind"]
    for k, center in enumerate(((0, 0), (12, 0), (0, 12), (12, 12))):
        lines += [f"{x:.4f},{y:.4f},k{k}" for x, y in rng.normal(center, 1, (40, 2))]
    (folder / "groups.csv").write_text("\n".join(lines) + "\n")
    path = folder / "imported.vqw"
    assert main(["import", str(folder / "groups.csv"), "--project", str(path), "--scale", "none"]) == 0
    return path


@pytest.fixture
def project(imported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(imported, tmp_path / "p.vqw"))


def said(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main([str(word) for word in words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_sweep_prints_its_table_and_its_recommendation_and_stays_in_the_project(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = said(
        capsys, "sweep", project, "--engine", "kmeans", "--values", "1:6", "--set", "random_state=0",
        "--name", "so many",
    )  # fmt: skip
    assert code == 0
    assert "4 clusters. 4 is chosen by" in out
    assert "The labels agree best with 4 (adjusted Rand index 1.00)." in out
    assert all(head in out for head in ("count", "error", "silh.", "DB", "BIC", "stable", "ARI"))
    assert "…" not in out  # nothing is cut off in a terminal of usual width
    listed = json.loads(said(capsys, "info", project, "--json")[1])["sweeps"]
    assert [(sweep["name"], sweep["status"], sweep["recommended"]) for sweep in listed] == [("so many", "finished", 4)]
    assert "so many" in said(capsys, "info", project)[1]
    assert said(capsys, "verify", project)[0] == 0


def test_machines_get_every_column(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(
        capsys, "sweep", project, "--engine", "KMeans", "--values", "1,3,4", "--set", "random_state=0",
        "--set", "n_init=3", "--json",
    )  # fmt: skip
    assert code == 0
    result = json.loads(out)
    assert result["recommended"] == 4
    assert result["status"] == "finished"
    assert result["table"]["n_clusters"] == [1, 3, 4]
    assert result["table"]["silhouette"][0] is None
    assert result["table"]["error_per_row"] == sorted(result["table"]["error_per_row"], reverse=True)
    assert result["best"]["silhouette"] == 4
    with Session.open(project, read_only=True) as session:
        assert next(iter(session.sweeps.values())).parameters["n_init"] == 3


@pytest.mark.parametrize("ending", ["png", "svg", "html", "pdf"])
def test_the_page_is_written_in_the_form_that_its_ending_names(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str
) -> None:
    path = tmp_path / f"page.{ending}"
    code, out, _ = said(
        capsys, "sweep", project, "--engine", "KMeans", "--values", "2:5", "--set", "random_state=0", "-o", path
    )
    assert code == 0
    assert str(path) in out
    made = path.read_bytes()
    assert made.startswith({"png": b"\x89PNG", "svg": b"<?xml", "html": b"<!DOCTYPE html>", "pdf": b"%PDF"}[ending])
    if ending == "html":
        text = made.decode()
        with Session.open(project, read_only=True) as session:
            data = page.compute(next(iter(session.sweeps.values())))
        assert data.reason in text
        assert all(cell in text for row in data.rows for cell in row)
        assert "random half" in text
        assert "<script" not in text
        assert "://" not in text
    if ending == "pdf":
        printed = Printed(made)
        with Session.open(project, read_only=True) as session:
            data = page.compute(next(iter(session.sweeps.values())))
        assert (data.headline, 0) in printed.outline
        assert printed.text.count(data.headline) == 1  # in words, not in the figure too
        assert data.reason in printed.text
        assert all(" ".join(row) in printed.text for row in data.rows)
        assert "Contents" not in printed.text
        assert printed.count(0, raw.FPDF_PAGEOBJ_IMAGE) == 0  # curves are drawn


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--engine", "GMLVQ"], "Generalized matrix LVQ has no single number of prototypes to choose"),
        (["--engine", "KMeans", "--values", "2:900"], "is to try 161 prototypes"),
        (["--engine", "KMeans", "--values", "two"], "The counts 'two' are not understood"),
        (["--engine", "KMeans", "--set", "max_iter=0"], "max_iter must be"),
        (["--engine", "KMeans", "--dataset", "elsewhere"], "no dataset called 'elsewhere'"),
        (
            ["--engine", "KMeans", "--values", "2:3", "-o", "page.txt"],
            "written as .html, .pdf, .png or .svg, not as '.txt'",
        ),
    ],
)
def test_a_mistake_is_told_in_one_line_and_nothing_is_measured(
    project: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    code, out, err = said(capsys, "sweep", project, *words)
    assert code == 1
    assert told in err
    assert err.count("\n") == 1
    assert "Traceback" not in out + err
    assert json.loads(said(capsys, "info", project, "--json")[1])["sweeps"] == []
