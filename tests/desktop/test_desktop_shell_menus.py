"""Recent projects in the menu, and the about box."""

from __future__ import annotations

import importlib
import platform
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, qVersion
from PySide6.QtGui import QAction, QGuiApplication
from PySide6.QtWidgets import QMenu
from pytestqt.qtbot import QtBot

import workbench
from workbench.desktop.about import versions
from workbench.desktop.recent_menu import GONE, NOTHING
from workbench.desktop.window import Window

Wait = Callable[[Callable[[], bool]], None]


def opened(window: Window, wait: Wait) -> tuple[QMenu, list[QAction]]:
    """The menu as it is shown, and its entries above the line, once it is known which are there."""
    menu = window.actions_by_name.menus["File/Open recent"]
    menu.aboutToShow.emit()
    wait(lambda: not window.background.busy)
    entries = menu.actions()
    line = next(k for k, action in enumerate(entries) if action.isSeparator())
    return menu, entries[:line]


def test_a_recent_project_is_opened_and_a_lost_one_says_so(window: Window, tmp_path: Path, wait: Wait) -> None:
    for name in ("lost", "study & more"):
        window.projects.create(tmp_path / f"{name}.vqw")
        wait(lambda name=name: window.session is not None and window.session.path.stem == name)
    window.projects.close()
    wait(lambda: window.session is None)
    (tmp_path / "lost.vqw").unlink()
    _, entries = opened(window, wait)
    assert [entry.text().startswith(name) for entry, name in zip(entries, ("study && more", "lost"), strict=True)]
    assert [entry.isEnabled() for entry in entries] == [True, False]
    assert GONE in entries[1].text()
    entries[0].trigger()
    wait(lambda: window.session is not None and window.session.path.stem == "study & more")


def test_the_list_can_be_cleared_and_the_files_stay(window: Window, tmp_path: Path, wait: Wait) -> None:
    path = tmp_path / "study.vqw"
    window.projects.create(path)
    wait(lambda: window.session is not None)
    window.projects.close()
    wait(lambda: window.session is None)
    opened(window, wait)
    window.actions_by_name.by_name["forget_recent"].trigger()
    _, entries = opened(window, wait)
    assert [(entry.text(), entry.isEnabled()) for entry in entries] == [(NOTHING, False)]
    assert window.settings.remembered == []
    assert path.exists()


def test_the_about_box_tells_the_versions_that_are_imported_and_copies_them(
    window: Window, wait: Wait, qtbot: QtBot
) -> None:
    window.actions_by_name.by_name["about"].trigger()
    wait(lambda: window.shell.about is not None)
    box = window.shell.about
    assert box is not None
    qtbot.mouseClick(box.copy, Qt.MouseButton.LeftButton)
    copied = dict(line.split(" ", 1) for line in QGuiApplication.clipboard().text().splitlines() if "VQ" not in line)
    assert f"VQ Workbench {workbench.__version__}" in QGuiApplication.clipboard().text()
    assert copied["Python"] == platform.python_version()
    assert copied["Qt"] == qVersion()
    for package, module in (("numba",) * 2, ("torch",) * 2, ("numpy",) * 2, ("scikit-learn", "sklearn"), ("h5py",) * 2):
        assert copied[package] == importlib.import_module(module).__version__
    box.close()
    wait(lambda: window.shell.about is None)


def test_a_package_that_is_not_there_is_told(monkeypatch) -> None:
    monkeypatch.setattr("workbench.desktop.about.PACKAGES", ("no-such-package-of-ours",))
    assert versions()["no-such-package-of-ours"] == "not installed"
