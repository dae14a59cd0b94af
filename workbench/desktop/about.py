"""The about box: which program this is, its licence, and the versions that it runs on, to copy into a report."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version

from PySide6.QtCore import Qt, Slot, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

import workbench
from workbench.desktop import icons

PACKAGES = ("numba", "torch", "numpy", "scikit-learn", "h5py", "pyqtgraph", "PySide6-Essentials")
WORDS = "A workbench for vector quantization and prototype learning."
LICENCE = "MIT licence: use, change and share it freely; it comes without any warranty."


def versions() -> dict[str, str]:
    """The version of the program and of what it stands on; reads what is installed and imports nothing."""
    found = {"VQ Workbench": workbench.__version__, "Python": platform.python_version(), "Qt": str(qVersion())}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found | {"system": f"{platform.system()} {platform.release()} {platform.machine()}"}


class AboutDialog(QDialog):
    """Shows `versions` and copies them."""

    def __init__(self, versions: Mapping[str, str], parent: QWidget) -> None:
        super().__init__(parent)
        self._text = "\n".join(f"{name} {version}" for name, version in versions.items())
        self.setWindowTitle("About VQ Workbench")
        self.setAccessibleName("About VQ Workbench")
        mark = QLabel(pixmap=icons.app_pixmap(64))
        title = QLabel("VQ Workbench")
        title.setProperty("role", "heading")
        table = QFormLayout()
        table.setVerticalSpacing(3)
        for name, value in versions.items():
            label = QLabel(value, wordWrap=True, textInteractionFlags=Qt.TextInteractionFlag.TextSelectableByMouse)
            label.setAccessibleName(f"Version of {name}")
            caption = QLabel(name)
            caption.setProperty("role", "muted")
            table.addRow(caption, label)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.copy = buttons.addButton("Copy", QDialogButtonBox.ButtonRole.ActionRole)
        self.copy.setToolTip("Copy the versions, for a report")
        self.copy.clicked.connect(self._copy)
        buttons.rejected.connect(self.reject)
        texts = QVBoxLayout()
        texts.setSpacing(8)
        texts.addWidget(title)
        for words in (WORDS, LICENCE):
            texts.addWidget(QLabel(words, wordWrap=True))
        texts.addLayout(table)
        top = QHBoxLayout()
        top.setSpacing(20)
        top.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
        top.addLayout(texts, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 20, 20, 16)
        layout.setSpacing(16)
        layout.addLayout(top)
        layout.addWidget(buttons)
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * 70)
        buttons.button(QDialogButtonBox.StandardButton.Close).setFocus()

    @Slot()
    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self._text)
