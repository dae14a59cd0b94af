"""The settings dialog: every setting has its effect at once, and the keys of actions can be changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from desktop_help import shut
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QPalette
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from engines.blocks import limit_threads, resolve_jobs
from workbench.desktop.actions import ACTIONS
from workbench.desktop.command_palette import entry_of
from workbench.desktop.settings import Settings
from workbench.desktop.settings_dialog import SettingsDialog
from workbench.desktop.theme import ThemeSwitch
from workbench.desktop.window import Window

Wait = Callable[[Callable[[], bool]], None]


@pytest.fixture
def dialog(window: Window) -> SettingsDialog:
    """The settings, opened as a person does."""
    window.actions_by_name.by_name["settings"].trigger()
    assert window.shell.settings_dialog is not None
    return window.shell.settings_dialog


@pytest.fixture
def all_cores() -> Iterator[None]:
    yield
    limit_threads(None)


def keys_of(window: Window, name: str) -> str:
    return window.actions_by_name.by_name[name].shortcut().toString()


def give(dialog: SettingsDialog, name: str, keys: str) -> None:
    dialog.shortcuts.choose(name)
    dialog.shortcuts.editor.setKeySequence(QKeySequence(keys))


def test_colours_change_at_once_and_the_menu_ticks_them(
    window: Window, dialog: SettingsDialog, qapp: QApplication, switch: ThemeSwitch
) -> None:
    dialog.theme.setCurrentIndex(dialog.theme.findData("dark"))
    assert qapp.palette().color(QPalette.ColorRole.Window).lightness() < 60
    assert window.actions_by_name.by_name["theme_dark"].isChecked()
    dialog.theme.setCurrentIndex(dialog.theme.findData("light"))
    assert qapp.palette().color(QPalette.ColorRole.Window).lightness() > 200
    assert window.actions_by_name.by_name["theme_light"].isChecked()


def test_text_grows_in_widgets_that_are_open_and_back(
    window: Window, dialog: SettingsDialog, switch: ThemeSwitch
) -> None:
    title = next(label for label in window.welcome.findChildren(QLabel) if label.property("role") == "title")

    def heights() -> tuple[int, int]:
        title.ensurePolished()
        return window.menuBar().fontMetrics().height(), title.fontMetrics().height()

    before = heights()
    dialog.text_size.setCurrentIndex(dialog.text_size.findData(200))
    assert heights() == pytest.approx([2 * height for height in before], abs=3)
    dialog.text_size.setCurrentIndex(dialog.text_size.findData(100))
    assert heights() == before


def test_threads_bound_runs_that_name_no_number(dialog: SettingsDialog, all_cores: None) -> None:
    cores = resolve_jobs(None)
    dialog.threads.setValue(1)
    assert resolve_jobs(None) == 1
    assert resolve_jobs(3) == 3
    dialog.threads.setValue(0)
    assert resolve_jobs(None) == cores


def test_threads_are_bound_from_the_start(
    settings: Settings, switch: ThemeSwitch, qtbot: QtBot, all_cores: None
) -> None:
    settings.threads = 1
    window = Window(settings, switch)
    assert resolve_jobs(None) == 1
    shut(qtbot, window)


def test_the_last_project_is_opened_at_the_start_if_wished(
    window: Window, dialog: SettingsDialog, tmp_path: Path, wait: Wait, qtbot: QtBot
) -> None:
    path = tmp_path / "study.vqw"
    window.projects.create(path)
    wait(lambda: window.session is not None)
    window.projects.close()
    wait(lambda: window.session is None and not window.background.busy)
    window.settings.set_flag("toured", True)
    window.shell.start(None, [])
    assert not window.background.busy
    dialog.switches["reopen"].click()
    window.shell.start(None, [])
    wait(lambda: window.session is not None and window.session.path == path)


@pytest.mark.parametrize("restored", [True, False])
def test_the_layout_is_put_back_if_wished(
    window: Window, dialog: SettingsDialog, qtbot: QtBot, switch: ThemeSwitch, restored: bool
) -> None:
    if not restored:
        dialog.switches["restore-layout"].click()
    window.actions_by_name.by_name["panel_right"].setChecked(False)
    window.close()
    again = Window(Settings(window.settings.path), switch)
    assert again.actions_by_name.by_name["panel_right"].isChecked() != restored
    shut(qtbot, again)


def test_notices_can_be_switched_off(window: Window, dialog: SettingsDialog) -> None:
    assert Settings(window.settings.path).flag("notify", True)
    dialog.switches["notify"].click()
    dialog.close()
    assert not Settings(window.settings.path).flag("notify", True)


def test_every_control_of_the_settings_has_a_name_and_takes_the_focus(dialog: SettingsDialog) -> None:
    controls = [dialog.theme, dialog.text_size, dialog.scale, dialog.threads, *dialog.switches.values()]
    page = dialog.shortcuts
    controls += [page.filter, page.table, page.editor, page.reset_one, page.reset_all]
    for control in controls:
        assert control.accessibleName() or control.text()
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus


def test_other_keys_act_show_in_tooltip_and_palette_and_are_remembered(
    window: Window, dialog: SettingsDialog, qtbot: QtBot, switch: ThemeSwitch, wait: Wait
) -> None:
    give(dialog, "about", "Ctrl+Shift+Y")
    action = window.actions_by_name.by_name["about"]
    assert "Ctrl+Shift+Y" in action.toolTip()
    assert "Ctrl+Shift+Y" in entry_of(action, "Help").hint
    dialog.close()
    window.activateWindow()
    wait(window.isActiveWindow)
    qtbot.keyClick(window, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    wait(lambda: window.shell.about is not None)
    again = Window(Settings(window.settings.path), switch)
    assert keys_of(again, "about") == "Ctrl+Shift+Y"
    shut(qtbot, again)


def test_keys_that_another_action_has_are_refused_in_one_sentence(window: Window, dialog: SettingsDialog) -> None:
    give(dialog, "about", "Ctrl+K")
    assert dialog.shortcuts.said.text().startswith("Ctrl+K already belongs to “Search actions”")
    assert keys_of(window, "about") == ""
    assert keys_of(window, "palette") == "Ctrl+K"
    give(dialog, "palette", "Ctrl+Shift+K")
    give(dialog, "about", "Ctrl+K")
    assert dialog.shortcuts.said.text() == ""
    assert keys_of(window, "about") == "Ctrl+K"


def test_keys_can_be_pressed_into_the_editor(window: Window, dialog: SettingsDialog, qtbot: QtBot) -> None:
    dialog.pages.setCurrentWidget(dialog.shortcuts)
    dialog.shortcuts.choose("about")
    qtbot.keyClick(dialog.shortcuts.editor, Qt.Key.Key_F9, Qt.KeyboardModifier.ControlModifier)
    assert keys_of(window, "about") == "Ctrl+F9"


def test_usual_keys_come_back_for_one_action_and_for_all(window: Window, dialog: SettingsDialog) -> None:
    page = dialog.shortcuts
    give(dialog, "undo", "Ctrl+Shift+U")
    give(dialog, "redo", "")
    assert keys_of(window, "redo") == ""
    page.choose("undo")
    page.reset_one.click()
    assert keys_of(window, "undo") == "Ctrl+Z"
    assert not page.reset_one.isEnabled()
    page.reset_all.click()
    assert {action.name: keys_of(window, action.name) for action in ACTIONS} == {
        action.name: QKeySequence(action.shortcut).toString() for action in ACTIONS
    }
    assert window.settings.shortcuts == {}


def test_usual_keys_that_another_action_took_are_not_given_twice(window: Window, dialog: SettingsDialog) -> None:
    give(dialog, "undo", "Ctrl+Shift+U")
    give(dialog, "about", "Ctrl+Z")
    dialog.shortcuts.choose("undo")
    dialog.shortcuts.reset_one.click()
    assert "already belongs to “About VQ Workbench”" in dialog.shortcuts.said.text()
    assert keys_of(window, "undo") == "Ctrl+Shift+U"


def test_actions_are_found_by_words_and_by_keys(dialog: SettingsDialog) -> None:
    table = dialog.shortcuts.table

    def shown() -> list[str]:
        return [table.item(row, 0).text() for row in range(table.rowCount()) if not table.isRowHidden(row)]

    dialog.shortcuts.filter.setText("ctrl+shift+s")
    assert shown() == ["Save project as"]
    dialog.shortcuts.filter.setText("theme dark")
    assert shown() == ["Dark"]
    dialog.shortcuts.filter.setText("")
    assert len(shown()) == len(ACTIONS)


def test_settings_of_another_hand_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "window.ini"
    path.write_text(
        '[General]\ntext-size=7\nscale=huge\nthreads=-3\nshortcuts="{\\"undo\\": 5, \\"redo\\": \\"F9\\"}"\n'
    )
    settings = Settings(path)
    assert (settings.text_size, settings.scale, settings.threads) == (100, 100, 0)
    assert settings.shortcuts == {"redo": "F9"}
