"""Whether Qt can start on this system, and one sentence on what to install when it cannot; imports no Qt itself."""

from __future__ import annotations

import ctypes.util
import os
import sys
from importlib import import_module

from workbench.errors import WorkbenchError

OFFSCREEN = {
    "libglib2.0-0": "glib-2.0",
    "libgl1": "GL",
    "libegl1": "EGL",
    "libfontconfig1": "fontconfig",
    "libxkbcommon0": "xkbcommon",
    "libdbus-1-3": "dbus-1",
}
"""Debian packages without which no Qt window library loads, and the shared library each brings."""

WINDOW = {
    "libxcb-cursor0": "xcb-cursor",
    "libxcb-icccm4": "xcb-icccm",
    "libxcb-keysyms1": "xcb-keysyms",
    "libxcb-shape0": "xcb-shape",
    "libxcb-xkb1": "xcb-xkb",
    "libxkbcommon-x11-0": "xkbcommon-x11",
}
"""What a window on an X11 display needs besides."""


class QtUnavailable(WorkbenchError):
    """Qt cannot start here; the message names what is missing."""


def require_qt() -> None:
    """Raise `QtUnavailable`, in one sentence, where the window could not open."""
    try:
        import_module("PySide6.QtWidgets")
        import_module("PySide6.QtSvg")
    except ImportError as error:
        raise QtUnavailable(_sentence(missing_packages(), str(error))) from error
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM", "").startswith("offscreen"):
        return
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        raise QtUnavailable(
            "There is no display to open the window on: run this in a desktop session or under xvfb-run, "
            "or use the commands that need none (`vq-workbench --help`)."
        )
    missing = missing_packages()
    if missing and not os.environ.get("WAYLAND_DISPLAY"):
        raise QtUnavailable(_sentence(missing, ""))


def missing_packages() -> list[str]:
    """The Debian names of the system libraries that are not found here."""
    if not sys.platform.startswith("linux"):
        return []
    wanted = {**OFFSCREEN, **WINDOW}
    return [package for package, library in wanted.items() if ctypes.util.find_library(library) is None]


def _sentence(missing: list[str], reason: str) -> str:
    packages = " ".join(missing or [*OFFSCREEN, *WINDOW, "fonts-dejavu-core"])
    because = f" ({reason})" if reason else ""
    return f"The window needs system libraries that are missing here{because}: `sudo apt-get install {packages}`."
