"""A project that is copied, compacted, duplicated or merged holds what it held, and its script makes it again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from merging_help import finished, held, merged

from workbench.reports import export
from workbench.reports.script import script
from workbench.session import Dataset, Session

ROOT = Path(__file__).parents[2]


def predictions(session: Session) -> dict[str, bytes]:
    """What each run makes of all rows of its dataset, by its id."""
    rows = {id: run.dataset.every_row.read(0, run.dataset.n_rows) for id, run in session.runs.items()}
    return {id: session.runs[id].model().predict(X).tobytes() for id, X in rows.items()}


@pytest.mark.parametrize("way", ["save as", "compact", "save as, then compact", "duplicate", "duplicate, then compact"])
def test_a_copy_holds_every_array_and_attribute_and_predicts_the_same(study: Path, tmp_path: Path, way: str) -> None:
    copy = tmp_path / "copy.vqw"
    with Session.open(study) as session:
        before, predicted, log = held(session.project), predictions(session), session.log
        if "save as" in way:
            session.project.save_as(copy)
        elif way == "compact":
            session.compact()
    if "duplicate" in way:
        shutil.copy(study, copy)
    with Session.open(copy if copy.exists() else study) as session:
        if "then compact" in way:
            session.compact()
        assert held(session.project) == before
        assert session.project.verify() == []
        assert (predictions(session), session.log) == (predicted, log)


def test_after_a_merge_a_copy_that_is_compacted_holds_all_of_it(
    session: Session, filled: Dataset, study: Path, tmp_path: Path
) -> None:
    merged(session, study)
    before, predicted = held(session.project), predictions(session)
    session.compact()
    session.project.save_as(tmp_path / "copy.vqw")
    with Session.open(tmp_path / "copy.vqw") as copy:
        assert (held(copy.project), predictions(copy), copy.log) == (before, predicted, session.log)
        copy.undo()
        assert [run.name for run in copy.runs.values()] == ["groups"]


def test_a_script_of_an_empty_project_with_all_of_another_is_that_of_the_other(session: Session, study: Path) -> None:
    merged(session, study)
    with Session.open(study, read_only=True) as other:
        assert script(session).splitlines()[1:] == script(other).splitlines()[1:]
        for run in other.runs.values():
            assert script(session, session.run(run.name)).splitlines()[1:] == script(other, run).splitlines()[1:]


def test_the_script_of_a_project_with_another_merged_into_it_learns_every_codebook_again(
    session: Session, filled: Dataset, study: Path, tmp_path: Path
) -> None:
    merged(session, study)
    finished(session.add_run("part", "KMeans", {"n_clusters": 3, "random_state": 1}, name="afterwards"))
    folder = tmp_path / "empty"
    folder.mkdir()
    (folder / "script.py").write_text(script(session), encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "script.py"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    made = {"groups", "groups_2", "classes", "two_groups", "part_of_it", "afterwards"}
    assert {run.name.replace(" ", "_") for run in session.runs.values()} == made
    for run in session.runs.values():
        (exported,) = export("codebook", session, run, tmp_path / f"{run.name}.npz")
        with np.load(folder / f"{run.name.replace(' ', '_')}.npz") as mine, np.load(exported) as theirs:
            for name in mine:
                assert mine[name].dtype == theirs[name].dtype, (run.name, name)
                assert np.array_equal(mine[name], theirs[name]), (run.name, name)
