"""`vq-workbench search`: the table, the best trial, the page, and one line for every mistake."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.reports.printed import Printed
from workbench.cli import main
from workbench.session import Session
from workbench.views import search as page

QUICK = ("--set", "random_state=0", "--set", "max_iter=4", "--folds", "3")


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("groups")
    rng = np.random.default_rng(0)
    lines = ["a,b,kind"]
    for k in range(3):
        lines += [f"{x:.4f},{y:.4f},k{k}" for x, y in rng.normal((2 * k, k), 1, (25, 2))]
    (folder / "groups.csv").write_text("\n".join(lines) + "\n")
    path = folder / "imported.vqw"
    assert main(["import", str(folder / "groups.csv"), "--project", str(path), "--scale", "standard"]) == 0
    return path


@pytest.fixture
def project(imported: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(imported, tmp_path / "p.vqw"))


def said(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    capsys.readouterr()
    code = main([str(word) for word in words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_a_grid_prints_its_trials_and_the_best_and_stays_in_the_project(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = said(
        capsys, "search", project, "--engine", "glvq", "--grid", "prototypes_per_class=1,2", *QUICK, "--name", "rates"
    )
    assert code == 0
    assert all(head in out for head in ("trial", "prototypes_per_class", "accuracy", "seconds"))
    assert "The best mean over 3 folds, with prototypes_per_class" in out
    listed = json.loads(said(capsys, "info", project, "--json")[1])["searches"]
    assert [(one["name"], one["status"], one["trials"], one["folds"]) for one in listed] == [
        ("rates", "finished", 2, 3)
    ]
    assert f"Trial {listed[0]['best']}: accuracy" in out
    assert "rates" in said(capsys, "info", project)[1]
    assert said(capsys, "verify", project)[0] == 0


def test_machines_get_every_trial_of_a_random_search(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = said(
        capsys, "search", project, "--engine", "GLVQ", "--grid", "prototypes_per_class=1,(1,1)", "--range",
        "tol=1e-6:1e-2:log", "--trials", 6, "--seed", 3, *QUICK, "--json",
    )  # fmt: skip
    assert code == 0
    result = json.loads(out)
    assert len(result["trials"]) == 6
    done = [trial for trial in result["trials"] if "error" not in trial]
    assert 0 < len(done) < 6
    for trial in done:
        assert trial["mean"] == pytest.approx(np.mean(trial["scores"]))
        assert trial["deviation"] == pytest.approx(np.std(trial["scores"], ddof=1))
        assert 1e-6 <= trial["parameters"]["tol"] <= 1e-2
    assert all(trial["mean"] is None for trial in result["trials"] if "error" in trial)
    assert result["best"] == max(done, key=lambda trial: trial["mean"])["trial"]
    assert result["best"] in result["near"]
    with Session.open(project, read_only=True) as session:
        kept = next(iter(session.searches.values()))
        assert [trial["parameters"] for trial in result["trials"]] == list(kept.trials)
        assert kept.seed == 3


@pytest.mark.parametrize("ending", ["png", "html", "pdf"])
def test_the_page_is_written_in_the_form_that_its_ending_names(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], ending: str
) -> None:
    path = tmp_path / f"page.{ending}"
    code, out, _ = said(
        capsys, "search", project, "--engine", "KMeans", "--grid", "n_clusters=2,3", "--grid", "max_iter=2,4",
        "--folds", 3, "--set", "random_state=0", "-o", path,
    )  # fmt: skip
    assert code == 0
    assert str(path) in out
    made = path.read_bytes()
    assert made.startswith({"png": b"\x89PNG", "html": b"<!DOCTYPE html>", "pdf": b"%PDF"}[ending])
    if ending == "html":
        text = made.decode()
        with Session.open(project, read_only=True) as session:
            data = page.compute(next(iter(session.searches.values())))
        assert data.reason in text
        assert all(cell in text for trial in data.order for cell in data.row(trial))
        assert "one standard error" in text
        assert "fitted anew for each fold" in text
        assert "<script" not in text
        assert "://" not in text
    if ending == "pdf":
        printed = Printed(made)
        with Session.open(project, read_only=True) as session:
            data = page.compute(next(iter(session.searches.values())))
        assert (data.headline, 0) in printed.outline
        assert data.reason in printed.text
        assert " ".join(data.row(data.order[0])) in printed.text.replace("\N{NO-BREAK SPACE}", " ")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--engine", "GLVQ"], "The search varies nothing"),
        (["--engine", "GLVQ", "--grid", "rate=1"], "GLVQ has no parameter called 'rate'"),
        (["--engine", "GLVQ", "--grid", "max_iter=0"], "max_iter must be"),
        (["--engine", "GLVQ", "--grid", "max_iter="], "no values to try for max_iter"),
        (["--engine", "GLVQ", "--range", "tol=much"], "tol must be"),
        (["--engine", "GLVQ", "--range", "tol=1:much"], "The range '1:much' of tol is not understood"),
        (["--engine", "GLVQ", "--grid", "tol=0:1"], "from which only a random search can draw"),
        (["--engine", "GLVQ", "--grid", "max_iter=1,2", "--folds", "1"], "1 folds cannot be made"),
        (["--engine", "GLVQ", "--grid", "max_iter=1,2", "--dataset", "elsewhere"], "no dataset called 'elsewhere'"),
        (["--engine", "GLVQ", "--grid", "max_iter=1,2", "-o", "page.txt"], "written as .html, .pdf, .png or .svg"),
    ],
)
def test_a_mistake_is_told_in_one_line_and_nothing_is_trained(
    project: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    code, out, err = said(capsys, "search", project, *words)
    assert code == 1
    assert told in err
    assert err.count("\n") == 1
    assert "Traceback" not in out + err
    with Session.open(project, read_only=True) as session:
        assert dict(session.searches) == {}


def test_a_setting_without_a_value_is_not_understood(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = said(capsys, "search", project, "--engine", "GLVQ", "--grid", "max_iter")
    assert code == 2
    assert "--grid max_iter is not understood" in err
