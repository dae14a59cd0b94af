"""`vq-workbench compare`: tables, JSON, pages, one line for every mistake; and `train`, which stops at an alarm."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.reports.printed import Printed
from workbench.cli import main


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with runs called "three", "four", "metric" and "codes" on three groups, and one on other data."""
    folder = tmp_path_factory.mktemp("compare")
    rng = np.random.default_rng(0)
    lines = ["a,b,c,kind"]
    for k, center in enumerate(((0, 0, 0), (5, 0, 0), (0, 5, 0))):
        lines += [f"{x:.4f},{y:.4f},{z:.4f},k{k}" for x, y, z in rng.normal(center, 1, (30, 3))]
    path = folder / "learned.vqw"
    for name in ("groups", "others"):
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
        assert main(["import", str(folder / f"{name}.csv"), "--project", str(path), "--split", "1"]) == 0
    runs = (
        ("three", "groups", "KMeans", ["n_clusters=3"]),
        ("four", "groups", "KMeans", ["n_clusters=4"]),
        ("metric", "groups", "GMLVQ", ["max_iter=5"]),
        ("simple", "groups", "LVQ1", ["max_iter=3"]),
        ("codes", "groups", "ProductQuantizer", ["n_subspaces=3", "n_bits=1"]),
        ("elsewhere", "others", "KMeans", ["n_clusters=3"]),
    )
    for name, data, engine, settings in runs:
        words = ["train", str(path), "--engine", engine, "--dataset", data, "--name", name, "--set", "random_state=0"]
        assert main([*words, *(word for setting in settings for word in ("--set", setting))]) == 0
    return path


@pytest.fixture
def project(learned: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(learned, tmp_path / "p.vqw"))


def said(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main([str(word) for word in words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_two_runs_are_told_in_words(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys, "compare", project, "three", "four")
    assert code == 0, err
    assert re.search(r"First run: three at iteration \d+. Second run: four at iteration \d+. On 90 rows.", out)
    assert "n_clusters" in out
    assert "Adjusted Rand index of the cells" in out
    assert "matched one to one" in out


def test_machines_get_every_pair_and_every_row_that_moved(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(capsys, "compare", project, "three", "four", "--json")
    assert code == 0
    told = json.loads(out)
    assert (told["first"]["prototypes"], told["second"]["prototypes"]) == (3, 4)
    assert len(told["pairs"]) == 3
    assert len(told["second"]["without_partner"]) == 1
    alone = told["second"]["without_partner"][0]
    assert len(told["moved"]) >= told["second"]["counts"][alone] > 0
    assert told["parameters"]["n_clusters"] == ["3", "4"]
    assert told["disparity"] is None
    back = json.loads(said(capsys, "compare", project, "four", "three", "--json")[1])
    assert back["moved"] == told["moved"]
    assert back["adjusted_rand_index"] == pytest.approx(told["adjusted_rand_index"])
    there = {(pair["first"], pair["second"]) for pair in told["pairs"]}
    assert there == {(pair["second"], pair["first"]) for pair in back["pairs"]}


def test_both_runs_are_compared_at_a_moment_of_theirs(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, expected in ((["--at", 1], (1, 1)), (["--share", 0], (0, 0)), (["--at", 4], (4, 3))):
        told = json.loads(said(capsys, "compare", project, "metric", "simple", "--json", *words)[1])
        assert (told["first"]["iteration"], told["second"]["iteration"]) == expected
        assert told["figures"]["cost"][0] != "–"


def test_classifiers_are_told_with_mcnemars_test(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = json.loads(said(capsys, "compare", project, "metric", "simple", "--json", "--rows", 50)[1])
    assert told["rows"] == 50
    part = told["parts"]["training"]
    assert part["rows"] == 50
    assert part["right"][0] - part["right"][1] == part["right_alone"][0] - part["right_alone"][1]
    assert 0 < part["mcnemar_p"] <= 1


@pytest.mark.parametrize("ending", ["png", "svg", "html", "pdf"])
def test_the_page_is_written_in_the_form_that_its_ending_names(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str
) -> None:
    path = tmp_path / f"page.{ending}"
    code, out, err = said(capsys, "compare", project, "metric", "simple", "-o", path)
    assert code == 0, err
    assert path.name in out.replace("\n", "")
    made = path.read_bytes()
    assert made.startswith({"png": b"\x89PNG", "svg": b"<?xml", "html": b"<!DOCTYPE html>", "pdf": b"%PDF"}[ending])
    if ending == "html":
        assert "metric beside simple" in made.decode()
        assert "Hungarian method" in made.decode()
        assert "://" not in made.decode()
    if ending == "pdf":
        printed = Printed(made)
        titles = [title for title, _ in printed.outline]
        assert titles[0] == "metric beside simple"
        assert titles[2:] == [
            "Figures",
            "Parameters that differ",
            "Pairs, the most different first",
            "How it was measured",
        ]
        assert "Hungarian method" in printed.text
        assert "engine Generalized matrix LVQ LVQ1" in printed.text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["three", "nothing"], "no run called 'nothing'"),
        (["three", "three"], "is compared with another run on groups"),
        (["three", "elsewhere"], "'three' learned from groups and 'elsewhere' from others: only runs on the same data"),
        (["three", "four", "--at", "1", "--share", "0.5"], "Give --at or --share, not both"),
        (["three", "codes"], "both need prototypes among the rows"),
        (["codes", "three"], "both need prototypes among the rows"),
        (["three", "four", "-o", "page.txt"], "is written as .html, .pdf, .png or .svg"),
    ],
)
def test_a_mistake_is_told_in_one_line(
    project: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    code, out, err = said(capsys, "compare", project, *words)
    assert code == 1
    assert told in err
    assert err.count("\n") == 1
    assert "Traceback" not in out + err


def test_training_stops_at_an_alarm_and_names_the_rows_unless_it_is_not_watched(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wild = ["train", project, "--engine", "GLVQ", "--dataset", "groups", "--set", "solver=sgd"]
    wild += ["--set", "learning_rate=1e6", "--set", "max_iter=6", "--set", "random_state=0"]
    code, _, err = said(capsys, *wild, "--name", "wild")
    assert code == 1
    assert "Run 'wild' is stopped." in err
    assert "times as far from the middle of the rows" in err
    assert "The rows are " in err
    code, out, _ = said(capsys, *wild, "--name", "free", "--no-watch")
    assert code == 0
    assert "free finished" in out


@pytest.mark.parametrize("ending", ["html", "pdf"])
def test_one_report_lays_several_runs_side_by_side(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str
) -> None:
    path = tmp_path / f"runs.{ending}"
    words = [word for run in ("metric", "simple", "three") for word in ("--run", run)]
    code, out, err = said(capsys, "export", "report", project, *words, "-o", path)
    assert code == 0, err
    assert path.name in out.replace("\n", "")
    text = Printed(path.read_bytes()).text if ending == "pdf" else path.read_text(encoding="utf-8")
    assert "3 runs on groups" in text
    assert "exact test" in text  # of the two that are classifiers
    assert "No metric was learned by simple and three." in text


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["report", "--run", "three", "--run", "elsewhere"], "only runs on the same data have rows in common"),
        (["report", "--run", "three", "--run", "nothing"], "no run called 'nothing'"),
        (["report", "--run", "three", "--run", "three"], "Run 'three' is named twice"),
        (["codebook", "--run", "three", "--run", "four"], "'codebook' is of one run: give --run once"),
        (["script", "--run", "three", "--run", "four"], "'script' is of one run: give --run once"),
    ],
)
def test_runs_that_cannot_go_into_one_file_are_told_in_one_line(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    kind, *runs = words
    code, out, err = said(capsys, "export", kind, project, *runs, "-o", tmp_path / "out.html")
    assert code == 1
    assert told in err
    assert err.count("\n") == 1
    assert "Traceback" not in out + err
    assert not (tmp_path / "out.html").exists()
