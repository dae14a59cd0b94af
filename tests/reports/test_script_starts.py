"""Scripts of runs that a file gave their start: run in another folder, without that file, they learn the same bits."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import engines
from workbench.data import guess
from workbench.reports import export, write_script
from workbench.session import Dataset, Session

ROOT = Path(__file__).parents[2]
GMLVQ = {"prototypes_per_class": 1, "max_iter": 4, "tol": 0.0, "random_state": 0}


@pytest.fixture
def flowers(tmp_path: Path):
    """A project with standardised rows, and the codebook and models of runs that are gone from it."""
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(60, 3)) + np.repeat(np.eye(3) * 4, 20, axis=0)
    lines = [f"{a:.4f},{b:.4f},{c:.4f},{'xyz'[k // 20]}" for k, (a, b, c) in enumerate(rows)]
    (tmp_path / "flowers.csv").write_text("\n".join(["a,b,c,class", *lines]))
    plan = guess(tmp_path / "flowers.csv")
    with Session.create(tmp_path / "p.vqw") as session:
        recipe = replace(plan.recipe, scaling="standard", split=replace(plan.recipe.split, train=0.8, validation=0.2))
        data = session.import_data(replace(plan, recipe=recipe)).result(60)
        for kind, name, engine, parameters in (
            ("codebook", "w.npz", "KMeans", {"n_clusters": 4, "max_iter": 2, "random_state": 0}),
            ("model", "done.safetensors", "GMLVQ", GMLVQ),
            ("model", "map.safetensors", "SOM", {"shape": [2, 2], "max_iter": 2, "random_state": 0}),
        ):
            run = session.add_run(data, engine, parameters)
            assert run.wait(60) == "finished", run.error
            export(kind, session, run, tmp_path / name)
            session.delete(run)
        stopped = session.add_run(data, "GMLVQ", GMLVQ | {"max_iter": 7}, paused=True)
        for _ in range(3):
            stopped.step()
        while stopped.sequence < 3:
            pass
        stopped.stop()
        stopped.wait(60)
        export("model", session, stopped, tmp_path / "stopped.safetensors")
        session.delete(stopped)
        yield session


def started(session: Session, data: Dataset, folder: Path) -> dict[str, bytes]:
    """Runs of every kind of start, and what they have learned."""
    anew = session.start_from(folder / "w.npz", data, "KMeans", {"random_state": 1}, name="anew")
    on = session.start_from(folder / "done.safetensors", data, name="on")
    resumed = session.start_from(folder / "stopped.safetensors", data, name="resumed")
    session.start_from(folder / "map.safetensors", data, name="kept")
    session.edit(session.start_from(folder / "w.npz", data, "KMeans", name="edited"), "merge", which=[0, 1])
    for run in (anew, on, resumed):
        run.resume()
        assert run.wait(60) == "finished", run.error
    session.branch(resumed, 4, name="branch").resume()
    session.run("branch").wait(60)
    session.branch(session.start_from(folder / "done.safetensors", data, name="idle"), name="twig")
    return {run.name: run.model().prototypes_.tobytes() for run in session.runs.values()}


def test_every_start_from_a_file_is_made_again_bit_for_bit(flowers: Session, tmp_path: Path) -> None:
    data = next(iter(flowers.datasets.values()))
    learned = started(flowers, data, tmp_path)
    assert [run.facts.branched_from.get("how") for run in flowers.runs.values()] == [
        *("anew", "anew", "resumed", "kept", "anew", None, "anew", None)
    ]
    for path in tmp_path.glob("*.safetensors"):
        path.unlink()
    (tmp_path / "w.npz").unlink()
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    script, *beside = write_script(flowers, folder / "told.py")
    assert all(path.parent == folder and path.name.startswith("told-") for path in beside)
    assert {path.name for path in beside} == {path.name for path in folder.iterdir()} - {"told.py"}
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, str(script)], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    for name, bits in learned.items():
        assert engines.load(tmp_path / f"{name}.safetensors").prototypes_.tobytes() == bits, name


def test_the_notebook_of_one_run_finds_what_lies_beside_it(flowers: Session, tmp_path: Path) -> None:
    data = next(iter(flowers.datasets.values()))
    run = flowers.start_from(tmp_path / "w.npz", data, "KMeans", name="groups")
    notebook, beside = write_script(flowers, tmp_path / "told.ipynb", run)
    assert beside == tmp_path / "told-groups.safetensors"
    cells = json.loads(notebook.read_text())["cells"]
    code = "\n".join(cell["source"] for cell in cells if cell["cell_type"] == "code")
    assert "here = Path()" in code
    assert 'groups = engines.load(here / "told-groups.safetensors")' in code
    ast.parse(code)
    words = "\n".join(cell["source"] for cell in cells if cell["cell_type"] == "markdown")
    assert "It begins with the codebook that was loaded from w.npz; its training begins anew from there" in words


def test_a_script_without_such_runs_needs_nothing_beside_it(flowers: Session, tmp_path: Path) -> None:
    run = flowers.add_run(next(iter(flowers.datasets.values())), "KMeans", {"n_clusters": 2})
    run.wait(60)
    (path,) = write_script(flowers, tmp_path / "plain.py")
    assert "here =" not in path.read_text()
