"""Starting the window: system libraries, Qt, theme, error hooks, the mark of this program; then the event loop."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import workbench
from workbench.desktop.libraries import require_qt

if TYPE_CHECKING:  # Qt is imported only once it is known to start
    from workbench.desktop.settings import Settings

SWITCH_SECONDS = 0.0005
"""How long one Python thread may hold the interpreter while the interface waits for it."""


def run(project: Path | None = None) -> int:
    """Open the window, with `project` if one is named, and return the exit code when it was closed.

    Raises
    ------
    QtUnavailable
        If Qt cannot start here; one sentence names what is missing.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    require_qt()
    from PySide6.QtWidgets import QApplication

    from workbench.desktop import errors, icons
    from workbench.desktop.crashes import Watch, find_crashes, state_folder
    from workbench.desktop.settings import Settings
    from workbench.desktop.theme import ThemeSwitch
    from workbench.desktop.window import Window

    sys.setswitchinterval(SWITCH_SECONDS)
    settings = Settings()
    if settings.scale != 100:
        os.environ.setdefault("QT_SCALE_FACTOR", f"{settings.scale / 100:g}")
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    application.setApplicationName("vq-workbench")
    application.setApplicationDisplayName("")
    application.setDesktopFileName("vq-workbench")
    application.setWindowIcon(icons.app_icon())
    undo = errors.install()
    crashes = find_crashes(state_folder())
    watch = Watch.begin(state_folder())
    try:
        warm_once(settings)
        window = Window(settings, ThemeSwitch(settings, application))
        window.shell.watch = watch
        window.show()
        window.shell.start(project, crashes)
        window.projects.deliver_left()
        return application.exec()
    finally:
        undo()
        if watch is not None:
            watch.end()


def warm_once(settings: Settings) -> None:
    """Compile the kernels in a process of its own at a version's first start: compiling holds the interpreter."""
    version = f"{workbench.__version__} {sys.version_info.major}.{sys.version_info.minor}"
    if settings.warmed == version:
        return
    subprocess.Popen(
        [sys.executable, "-m", "workbench.cli", "warm", "--quiet"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    settings.warmed = version
    settings.save()
