"""The settings: looks and behaviour on one page, keyboard shortcuts on the other; each takes effect at once."""

from __future__ import annotations

import os

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QLabel,
    QSpinBox,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from engines.blocks import limit_threads
from workbench.desktop.actions import Actions
from workbench.desktop.settings import SCALES, TEXT_SIZES, Settings
from workbench.desktop.shortcut_page import ShortcutPage
from workbench.desktop.theme import ThemeSwitch

THEMES = {"system": "Like the system", "light": "Light", "dark": "Dark"}
SWITCHES = {
    "notify": ("Tell me when a run ends while another window is in front", True),
    "reopen": ("Open the last project at the start", False),
    "local-copy": ("Work on projects of network and synced folders in a copy on this computer", True),
    "restore-layout": ("Put window, panels and views where they were", True),
}
"""Settings that are on or off: their words, and what they are at first."""


def use_threads(settings: Settings) -> None:
    """Let runs that name no number of threads take as many as the settings say."""
    limit_threads(settings.threads or None)


class SettingsDialog(QDialog):
    """Looks, behaviour, shortcuts.

    Attributes
    ----------
    theme, text_size, scale : QComboBox
    threads : QSpinBox
    switches : dict of str to QCheckBox
        As in `SWITCHES`.
    shortcuts : ShortcutPage
    """

    def __init__(self, settings: Settings, switch: ThemeSwitch, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self._settings = settings
        self._switch = switch
        self.setWindowTitle("Settings")
        self.setAccessibleName("Settings")
        self.shortcuts = ShortcutPage(settings, actions)
        self.pages = QTabWidget()
        self.pages.addTab(self._general(), "General")
        self.pages.addTab(self.shortcuts, "Keyboard")
        self.pages.tabBar().setAccessibleName("Pages of the settings")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.button(QDialogButtonBox.StandardButton.Close).setAutoDefault(False)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.addWidget(self.pages)
        layout.addWidget(buttons)
        letter = self.fontMetrics().averageCharWidth()
        self.resize(letter * 100, letter * 84)
        self.finished.connect(settings.save)

    def _general(self) -> QWidget:
        page = QWidget()
        form = QFormLayout(page)
        form.setContentsMargins(12, 18, 12, 12)
        form.setHorizontalSpacing(20)
        form.setVerticalSpacing(12)
        self.theme = _choice("Colours", THEMES, self._settings.theme)
        self.theme.currentIndexChanged.connect(self._choose_theme)
        percents = {percent: f"{percent} %" for percent in TEXT_SIZES}
        self.text_size = _choice("Size of text", percents, self._settings.text_size)
        self.text_size.currentIndexChanged.connect(self._choose_text_size)
        percents = {percent: f"{percent} %" for percent in SCALES}
        self.scale = _choice("Scale of everything", percents, self._settings.scale)
        self.scale.currentIndexChanged.connect(self._choose_scale)
        self.threads = QSpinBox(minimum=0, maximum=os.cpu_count() or 1, specialValueText="all cores")
        self.threads.setAccessibleName("Threads of a run")
        self.threads.setValue(self._settings.threads)
        self.threads.valueChanged.connect(self._choose_threads)
        form.addRow("Colours", self.theme)
        form.addRow("Size of text", self.text_size)
        form.addRow("Scale of everything", self.scale)
        form.addRow("", _hint("On top of what the system asks for, from the next start on."))
        form.addRow("Threads of a run", self.threads)
        form.addRow("", _hint("For runs whose n_jobs is none. Results are the same for any number."))
        self.switches = {}
        for name, (words, first) in SWITCHES.items():
            box = QCheckBox(words, checked=self._settings.flag(name, first))
            box.setObjectName(name)
            box.toggled.connect(self._toggle)
            self.switches[name] = box
            form.addRow(box)
        return page

    @Slot()
    def _choose_theme(self) -> None:
        self._switch.choose(self.theme.currentData())

    @Slot()
    def _choose_text_size(self) -> None:
        self._switch.size_text(self.text_size.currentData())

    @Slot()
    def _choose_scale(self) -> None:
        self._settings.scale = self.scale.currentData()

    @Slot(int)
    def _choose_threads(self, count: int) -> None:
        self._settings.threads = count
        use_threads(self._settings)

    @Slot(bool)
    def _toggle(self, on: bool) -> None:
        self._settings.set_flag(self.sender().objectName(), on)


def _choice(name: str, choices: dict[str, str] | dict[int, str], chosen: str | int) -> QComboBox:
    box = QComboBox()
    box.setAccessibleName(name)
    for value, words in choices.items():
        box.addItem(words, value)
    box.setCurrentIndex(box.findData(chosen))
    return box


def _hint(words: str) -> QLabel:
    label = QLabel(words, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
    label.setProperty("role", "muted")
    return label
