"""The menu's Python script: of the selected run, else of the whole project."""

from __future__ import annotations

import ast
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog

from workbench.desktop.window import Window
from workbench.resources import sample_projects

Wait = Callable[[Callable[[], bool]], None]


def test_the_menu_writes_the_script_of_the_selected_run_or_of_all(
    window: Window, tmp_path: Path, wait: Wait, monkeypatch: pytest.MonkeyPatch
) -> None:
    action = window.actions_by_name.by_name["export_script"]
    assert not action.isEnabled()
    window.projects.open(Path(shutil.copy(sample_projects()["iris"], tmp_path / "iris.vqw")))
    wait(lambda: window.tree.selected is not None and action.isEnabled())
    session = window.session
    assert session is not None
    answers = iter(
        [(str(tmp_path / "one"), "Python script (*.py)"), (str(tmp_path / "all"), "Jupyter notebook (*.ipynb)")]
    )
    proposed: list[str] = []

    def ask(parent: object, title: str, first: str, filters: str) -> tuple[str, str]:
        proposed.append(Path(first).name)
        return next(answers)

    monkeypatch.setattr(QFileDialog, "getSaveFileName", ask)
    written: list[tuple[Path, ...]] = []
    window.exporter.written.connect(written.append)

    window.tree.select(session.run("Three groups"))
    action.trigger()
    wait(lambda: len(written) == 1)
    window.tree.select(session.dataset("Iris flowers"))
    action.trigger()
    wait(lambda: len(written) == 2)

    assert proposed == ["Three groups.py", "iris.py"]
    assert [paths[0].name for paths in written] == ["one.py", "all.ipynb"]
    one = (tmp_path / "one.py").read_text(encoding="utf-8")
    ast.parse(one)
    assert "engines.KMeans(" in one
    assert "engines.GMLVQ(" not in one
    cells = json.loads((tmp_path / "all.ipynb").read_text(encoding="utf-8"))["cells"]
    code = "\n".join(cell["source"] for cell in cells)
    assert "engines.KMeans(" in code
    assert "engines.GMLVQ(" in code
