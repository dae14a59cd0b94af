"""The sample projects and the demo: what a new user opens first is there, sound, and what its script makes."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import engines
from workbench.demo import run_demo
from workbench.project import Project
from workbench.resources import sample_projects
from workbench.samples import samples, train_sample
from workbench.session import Session


def test_every_sample_has_its_project_and_every_project_its_sample() -> None:
    assert set(sample_projects()) == {sample.name for sample in samples()}


@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.name)
def test_a_sample_project_is_sound_and_holds_finished_runs_that_predict(sample, tmp_path: Path) -> None:
    copy = Path(shutil.copy(sample_projects()[sample.name], tmp_path))
    with Project.open(copy) as project:
        assert project.verify() == []
    with Session.open(copy) as session:
        assert [(run.name, run.status) for run in session.runs.values()] == [
            (name, "finished") for name, *_ in sample.runs
        ]
        for run in session.runs.values():
            rows = run.dataset.rows("train").read(0, 20)
            assert run.model().predict(rows).shape == (20,)
            look = run.dataset.first_look
            assert not run.dataset.has_test_part or (look is not None and look.is_recorded and look.since(run) == ())


@pytest.mark.slow
@pytest.mark.parametrize("sample", samples(), ids=lambda sample: sample.name)
def test_a_sample_project_can_be_made_anew(sample, tmp_path: Path) -> None:
    shipped = Path(shutil.copy(sample_projects()[sample.name], tmp_path / "shipped.vqw"))
    with Session.create(tmp_path / "anew.vqw") as session, Session.open(shipped) as other:
        for run in train_sample(sample, session, tmp_path, lambda text, share: None):
            # another processor rounds otherwise, so equal prototypes are asked of the same start, not equal bits
            theirs = other.run(run.name).model().prototypes_
            np.testing.assert_allclose(run.model().prototypes_, theirs, rtol=0.05, atol=0.05 * np.abs(theirs).max())


def test_the_demo_takes_a_sample_from_file_to_report(tmp_path: Path) -> None:
    project = run_demo(tmp_path, lambda text, share: None, "iris")
    assert project.exists()
    for engine in ("KMeans", "GMLVQ"):
        names = {path.name for path in (tmp_path / engine).iterdir()}
        assert {"codebook.csv", "model.safetensors", "assignments.csv", "report.html", "views-curves.png"} <= names
        model = engines.load(tmp_path / engine / "model.safetensors")
        assert model.prototypes_.shape == (3, 4)  # type: ignore[attr-defined]
