"""The table of actions: one declaration becomes menu entry, shortcut, toolbar button and palette row."""

from __future__ import annotations

from collections import Counter

from PySide6.QtCore import Qt
from PySide6.QtGui import QIcon
from pytestqt.qtbot import QtBot

from workbench.desktop.actions import ACTIONS
from workbench.desktop.command_palette import CommandPalette, Entry, matching
from workbench.desktop.window import Window
from workbench.reports import EXPORTS


def entry(text: str, hint: str = "", enabled: bool = True, trigger: object = None) -> Entry:
    return Entry(text, hint, QIcon(), enabled, trigger or (lambda: None))  # type: ignore[arg-type]


def test_no_shortcut_and_no_name_is_given_twice() -> None:
    assert max(Counter(a.shortcut for a in ACTIONS if a.shortcut).values()) == 1
    assert max(Counter(a.name for a in ACTIONS).values()) == 1


def test_every_action_is_in_the_menu_it_names(window: Window) -> None:
    for action in ACTIONS:
        assert window.actions_by_name.by_name[action.name] in window.actions_by_name.menus[action.menu].actions()


def test_every_export_of_the_catalog_is_an_action() -> None:
    assert {f"export_{kind.name}" for kind in EXPORTS} <= {action.name for action in ACTIONS}


def test_without_a_project_only_what_needs_none_is_possible(window: Window) -> None:
    possible = {name for name, action in window.actions_by_name.by_name.items() if action.isEnabled()}
    assert possible == {action.name for action in ACTIONS if not action.needs}
    assert {"new", "open", "quit", "palette"} <= possible


def test_words_that_begin_with_what_is_typed_come_first_and_impossible_ones_last() -> None:
    entries = [entry("Export report"), entry("New project"), entry("Import data"), entry("Report", enabled=False)]
    assert [found.text for found in matching(entries, "port")] == ["Export report", "Import data", "Report"]
    assert [found.text for found in matching(entries, "rep")] == ["Export report", "Report"]
    assert [found.text for found in matching(entries, "npj")] == ["New project"]
    assert matching(entries, "zzz") == []


def test_enter_in_the_palette_does_what_is_chosen(window: Window, qtbot: QtBot) -> None:
    done: list[str] = []
    entries = [entry("Open project", trigger=lambda: done.append("open")), entry("Quit")]
    palette = CommandPalette(entries, window)
    palette.show()
    qtbot.keyClicks(palette.line, "open")
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert done == ["open"]


def test_an_impossible_row_of_the_palette_does_nothing(window: Window, qtbot: QtBot) -> None:
    done: list[str] = []
    palette = CommandPalette([entry("Stop", enabled=False, trigger=lambda: done.append("stop"))], window)
    palette.show()
    qtbot.keyClick(palette.line, Qt.Key.Key_Return)
    assert done == []
    palette.close()
