"""Where the files are that the program ships with: palettes, templates, pictures, help, sample projects."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from workbench.errors import WorkbenchError


def resource_path(name: str) -> Path:
    """The shipped file or folder `name`, such as ``"templates/report.html"``.

    Raises
    ------
    WorkbenchError
        If it is missing, which means that the installation is damaged.
    """
    path = _shipped("resources") / name
    if not path.exists():
        raise WorkbenchError(f"The installation lacks its file {name!r}: install VQ Workbench again.")
    return path


def sample_projects() -> dict[str, Path]:
    """The shipped sample projects by name, in alphabetical order; open a copy, not these."""
    return {path.stem: path for path in sorted(_shipped("sample_projects").glob("*.vqw"))}


def example_notebooks() -> dict[str, Path]:
    """The shipped example notebooks by name, in alphabetical order; run a copy, as they make files beside them."""
    return {path.stem: path for path in sorted(_shipped("sample_projects").glob("notebooks/*.ipynb"))}


def _shipped(folder: str) -> Path:
    """`folder` inside the installed package, else in the checkout that holds the package."""
    package = Path(str(files("workbench")))
    installed = package / "_data" / folder
    return installed if installed.is_dir() else package.parent / folder
