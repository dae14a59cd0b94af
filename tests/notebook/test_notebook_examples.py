"""The example notebooks: they run from top to bottom, run again on what they made, and lie where they are packaged.

They are kept without outputs: what their widgets show is live, and a stored picture would be megabytes of a state that
no longer is. The tests run them.
"""

from __future__ import annotations

import os
import time
import tomllib
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from workbench.resources import example_notebooks
from workbench.session import Session

ROOT = Path(__file__).parents[2]
QUICKEST = "digits_map"
NOTEBOOKS = [
    pytest.param(name, marks=() if name == QUICKEST else pytest.mark.slow, id=name) for name in example_notebooks()
]
MADE = {
    "digits_map": ("digits.vqw", 1),
    "patches_codes": ("patches.vqw", 5),
    "wine_relevance": ("wine.vqw", 1),
}
"""The project that each makes, and with how many runs."""


@pytest.fixture(autouse=True)
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel finds this checkout, and no settings of the person who tests."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))
    for kind in ("CONFIG", "DATA", "RUNTIME"):
        monkeypatch.setenv(f"JUPYTER_{kind}_DIR", str(tmp_path / f".{kind}"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / ".ipython"))


def execute(name: str, folder: Path) -> nbformat.NotebookNode:
    notebook = nbformat.read(example_notebooks()[name], as_version=4)
    client = NotebookClient(notebook, timeout=180, resources={"metadata": {"path": str(folder)}})
    return client.execute()


@pytest.mark.parametrize("name", NOTEBOOKS)
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:Proactor event loop:RuntimeWarning")
def test_an_example_runs_from_top_to_bottom_and_makes_its_project(name: str, tmp_path: Path) -> None:
    began = time.monotonic()
    done = execute(name, tmp_path)
    print(f"\n{name}: {time.monotonic() - began:.0f} s")
    pictures = [out for cell in done.cells for out in cell.get("outputs", ()) if "image/png" in out.get("data", {})]
    assert len(pictures) >= 4, "widgets leave a picture each"
    project, n_runs = MADE[name]
    with Session.open(tmp_path / project, read_only=True) as session:
        assert {run.status for run in session.runs.values()} == {"finished"}
        assert len(session.runs) == n_runs


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("name", [QUICKEST, "wine_relevance"])
def test_an_example_runs_again_on_what_it_made(name: str, tmp_path: Path) -> None:
    for _ in range(2):
        execute(name, tmp_path)
    with Session.open(tmp_path / MADE[name][0], read_only=True) as session:
        assert (len(session.datasets), len(session.runs)) == (1, 1)


def test_examples_are_kept_without_outputs_and_have_words_between_their_cells() -> None:
    for path in example_notebooks().values():
        notebook = nbformat.read(path, as_version=4)
        nbformat.validate(notebook)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        assert all(not cell.outputs and cell.execution_count is None for cell in code)
        assert notebook.cells[0].source.startswith("# ")
        assert len(notebook.cells) - len(code) >= len(code) / 2


def test_examples_travel_with_the_sample_projects() -> None:
    built = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert built["force-include"]["sample_projects"] == "workbench/_data/sample_projects"
    assert set(example_notebooks()) == set(MADE)
