"""`vq-workbench stability`: the table, what is told, the page, going on, and one line for every mistake."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.reports.printed import Printed
from workbench.cli import main
from workbench.reports import export
from workbench.session import Session


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a metric run called "metric", then one without a metric."""
    folder = tmp_path_factory.mktemp("stability")
    rng = np.random.default_rng(0)
    lines = ["a,b,c,kind"]
    for k, center in enumerate(((0, 0, 0), (3, 0, 0), (0, 2, 0))):
        lines += [f"{x:.4f},{y:.4f},{z:.4f},k{k}" for x, y, z in rng.normal(center, 1, (30, 3))]
    (folder / "groups.csv").write_text("\n".join(lines) + "\n")
    path = folder / "learned.vqw"
    assert main(["import", str(folder / "groups.csv"), "--project", str(path), "--split", "1"]) == 0
    for name, engine in (("clusters", "KMeans"), ("metric", "GMLVQ")):
        words = ["train", str(path), "--engine", engine, "--name", name, "--set", "random_state=0"]
        assert main([*words, "--set", "max_iter=20"]) == 0
    return path


@pytest.fixture
def project(learned: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(learned, tmp_path / "p.vqw"))


def said(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main([str(word) for word in words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_stability_is_told_in_words_and_kept_and_comes_into_the_report(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = said(capsys, "stability", project, "--run", "metric", "--resamples", 4)
    assert code == 0, err
    assert "The order of the features is" in out
    assert "Learned again 4 times, each time on rows drawn anew with replacement." in out
    with Session.open(project, read_only=True) as session:
        run = session.run("metric")
        assert run.stability is not None
        assert run.stability.is_complete
        export("report", session, run, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    assert "Stability of the metric" in text
    assert "Learned again 4 times" in text
    assert said(capsys, "verify", project)[0] == 0


def test_machines_get_every_band_and_asking_again_measures_nothing_anew(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ("stability", project, "--by", "folds", "--resamples", 3, "--json")
    code, out, _ = said(capsys, *words)
    assert code == 0
    first = json.loads(out)
    assert (first["run"], first["refits"], first["complete"]) == ("metric", 3, True)
    assert np.shape(first["relevance_bands"]) == (3, 3)
    assert first["features"] == ["a", "b", "c"]
    assert json.loads(said(capsys, *words)[1]) == first  # seconds too


@pytest.mark.parametrize("ending", ["png", "svg", "html", "pdf"])
def test_the_page_is_written_in_the_form_that_its_ending_names(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str
) -> None:
    path = tmp_path / f"page.{ending}"
    code, out, _ = said(capsys, "stability", project, "--resamples", 2, "-o", path)
    assert code == 0
    assert str(path) in out
    made = path.read_bytes()
    assert made.startswith({"png": b"\x89PNG", "svg": b"<?xml", "html": b"<!DOCTYPE html>", "pdf": b"%PDF"}[ending])
    if ending == "html":
        assert "principal angles" in made.decode()
        assert "://" not in made.decode()
    if ending == "pdf":
        printed = Printed(made)
        assert [title for title, _ in printed.outline][2:4] == [
            "Features, the most relevant first",
            "How it was measured",
        ]
        assert "principal angles" in printed.text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--run", "clusters"], "KMeans learns no metric"),
        (["--by", "luck"], "not by 'luck'"),
        (["--resamples", "1"], "at least 2 refits"),
        (["--run", "elsewhere"], "no run called 'elsewhere'"),
        (["-o", "page.txt"], "The page of a measured stability is written as .html, .pdf, .png or .svg"),
    ],
)
def test_a_mistake_is_told_in_one_line(
    project: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    code, out, err = said(capsys, "stability", project, *words)
    assert code == 1
    assert told in err
    assert err.count("\n") == 1
    assert "Traceback" not in out + err
