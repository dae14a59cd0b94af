"""`vq-workbench merge`: another project, or what is named of it, comes into a project; faults are one sentence."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from workbench.cli import main
from workbench.data import guess
from workbench.session import RowMask, Session


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A project with two datasets, two runs on the first of them, and a subset."""
    rng = np.random.default_rng(0)
    with Session.create(tmp_path / "other.vqw") as session:
        for name in ("one", "two"):
            np.save(tmp_path / f"{name}.npy", rng.normal(size=(30, 3)))
            session.import_data(guess(tmp_path / f"{name}.npy")).result(60)
        data = session.dataset("one")
        for k in (2, 3):
            assert session.add_run(data, "KMeans", {"n_clusters": k}, name=f"run {k}").wait(60) == "finished"
        session.name_subset("some", data, RowMask.of_rows([1], 30))
    return tmp_path / "other.vqw"


def names(path: Path) -> list[str]:
    with Session.open(path, read_only=True) as session:
        return [thing.name for thing in (*session.datasets.values(), *session.runs.values(), *session.subsets.values())]


def test_all_of_a_project_comes_into_a_new_one_and_a_second_time_nothing(
    other: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = other.with_name("p.vqw")
    assert main(["merge", str(path), str(other)]) == 0
    assert capsys.readouterr().out == "2 datasets, 2 runs and 1 subset came from other.vqw.\n"
    assert names(path) == ["one", "two", "run 2", "run 3", "some"]
    assert main(["merge", str(path), str(other)]) == 0
    assert capsys.readouterr().out == "All that was wanted of other.vqw is in the project already.\n"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--dataset", "one"], ["one", "run 2", "run 3", "some"]),
        (["--dataset", "two"], ["two"]),
        (["--run", "run 3"], ["one", "run 3"]),
        (["--run", "r_000001", "--dataset", "two"], ["one", "two", "run 2"]),
    ],
)
def test_what_is_named_comes_with_what_belongs_to_it(other: Path, words: list[str], expected: list[str]) -> None:
    path = other.with_name("p.vqw")
    assert main(["merge", str(path), str(other), *words]) == 0
    assert names(path) == expected


def test_names_that_are_taken_are_told_also_to_machines(other: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = other.with_name("p.vqw")
    with Session.create(path) as session:
        np.save(other.with_name("x.npy"), np.ones((5, 2)))
        session.import_data(guess(other.with_name("x.npy")), name="one").result(60)
    assert main(["merge", str(path), str(other), "--dataset", "one", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["came"][0] == {"name": "one 2", "id": "datasets/d_000002"}
    assert (told["renamed"], told["here"]) == ({"one 2": "one"}, [])


def test_faults_are_one_sentence_and_make_no_project(other: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = other.with_name("p.vqw")
    for words, sentence in (
        (
            ["merge", str(path), str(other), "--run", "x"],
            "There is no run called 'x' in other.vqw; there is 'run 2', 'run 3'.",
        ),
        (["merge", str(path), str(other.with_name("one.npy"))], "'one.npy' is not a VQ Workbench project"),
    ):
        assert main(words) == 1
        error = capsys.readouterr().err
        assert sentence in error
        assert error.count("\n") == 1
        assert not path.exists()
    assert main(["merge", str(other), str(other)]) == 1
    assert "is this project itself" in capsys.readouterr().err
