"""The shape of the house: what may import what, what starts lightly, and what the top level holds."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def modules_after(statement: str) -> set[str]:
    """Names of all modules in a fresh interpreter after `statement`."""
    code = f"{statement}\nimport sys\nprint('\\n'.join(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    ("statement", "strangers"),
    [
        ("import engines; engines.catalog()", {"torch", "numba", "h5py", "matplotlib", "polars", "PySide6"}),
        ("import engines; [info.parameters for info in engines.catalog()]", {"torch", "PySide6"}),
        ("import workbench.cli", {"torch", "numba", "h5py", "PySide6", "numpy", "polars"}),
        ("import workbench.session", {"torch", "numba", "PySide6", "pyqtgraph", "matplotlib"}),
        ("import workbench.views, workbench.reports", {"torch", "PySide6", "pyqtgraph", "matplotlib.pyplot"}),
        ("import workbench.notebook", {"torch", "PySide6", "pyqtgraph", "matplotlib.pyplot"}),
        ("import workbench.desktop.window", {"anywidget", "ipywidgets", "IPython", "workbench.notebook"}),
        ("import workbench.project", {"engines", "torch", "sklearn", "PySide6"}),
    ],
)
def test_a_room_imports_no_strangers(statement: str, strangers: set[str]) -> None:
    assert not strangers & modules_after(statement)


def test_the_top_level_holds_nothing_but_its_rooms() -> None:
    rooms = {"pyproject.toml", "README.md", "workbench", "engines", "tests", "resources", "sample_projects"}
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT, check=False).stdout.split(
        "\n"
    )
    tops = {name.split("/")[0].strip('"') for name in listed if name}
    if not tops:
        pytest.skip("not a git checkout")
    assert {top for top in tops if not top.startswith(".")} <= rooms
