"""What the window remembers between starts: choices, shortcuts, recent projects, layout; knows no widget."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import platformdirs
from PySide6.QtCore import QByteArray, QSettings

from workbench.project.opening import can_be_opened

N_RECENT = 10
TEXT_SIZES = (80, 90, 100, 110, 125, 150, 175, 200)
"""Sizes of text that can be chosen, in percent of the system's."""
SCALES = (100, 125, 150, 175, 200)
"""Scales of everything that can be chosen, in percent."""


class Settings:
    """Remembered choices in one INI file.

    Attributes
    ----------
    path : Path
        The file; tests give each window one of its own.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_path()
        self._store = QSettings(str(self.path), QSettings.Format.IniFormat)

    @property
    def theme(self) -> str:
        """One of `system`, `light`, `dark`."""
        value = self._text("theme", "system")
        return value if value in ("system", "light", "dark") else "system"

    @theme.setter
    def theme(self, value: str) -> None:
        self._put("theme", value)

    @property
    def text_size(self) -> int:
        """Percent of the system's size of text, one of `TEXT_SIZES`."""
        return self._percent("text-size", TEXT_SIZES)

    @text_size.setter
    def text_size(self, percent: int) -> None:
        self._put("text-size", str(percent))

    @property
    def scale(self) -> int:
        """Percent by which Qt scales everything from the next start on, one of `SCALES`."""
        return self._percent("scale", SCALES)

    @scale.setter
    def scale(self, percent: int) -> None:
        self._put("scale", str(percent))

    @property
    def threads(self) -> int:
        """How many threads runs may use; 0 is all cores."""
        value = self._text("threads", "0")
        return int(value) if value.isascii() and value.isdigit() else 0

    @threads.setter
    def threads(self, count: int) -> None:
        self._put("threads", str(count))

    @property
    def shortcuts(self) -> dict[str, str]:
        """Keys that a person gave to actions in place of the usual ones, by action; "" is none."""
        given = self._json("shortcuts", {})
        return {name: keys for name, keys in given.items() if isinstance(keys, str)}

    @shortcuts.setter
    def shortcuts(self, keys: dict[str, str]) -> None:
        self._put("shortcuts", json.dumps(keys))

    @property
    def remembered(self) -> list[Path]:
        """Projects opened before, newest first, whether they are still there or not."""
        return [Path(path) for path in self._json("recent", []) if isinstance(path, str)]

    @property
    def recent(self) -> list[Path]:
        """Projects opened before that are still there, newest first; may wait for a disk."""
        return there(self.remembered)

    def add_recent(self, path: Path) -> None:
        paths = [path.resolve(), *(other for other in self.remembered if other != path.resolve())]
        self._put("recent", json.dumps([str(p) for p in paths[:N_RECENT]]))

    def forget_recent(self) -> None:
        """Remember no project."""
        self._put("recent", json.dumps([]))

    def layout(self, name: str) -> QByteArray | None:
        """The remembered state of a window, splitter or view area."""
        value = self._store.value(f"layout/{name}")
        return value if isinstance(value, QByteArray) and not value.isEmpty() else None

    def set_layout(self, name: str, state: QByteArray) -> None:
        self._put(f"layout/{name}", state)

    def folder(self, purpose: str) -> Path:
        """Where a file chooser for `purpose` was last; the home folder at first."""
        path = Path(self._text(f"folder/{purpose}", ""))
        return path if path.is_absolute() and path.is_dir() else Path.home()

    def set_folder(self, purpose: str, path: Path) -> None:
        self._put(f"folder/{purpose}", str(path.resolve()))

    def flag(self, name: str, default: bool) -> bool:
        return self._text(f"flag/{name}", "true" if default else "false") == "true"

    def set_flag(self, name: str, value: bool) -> None:
        self._put(f"flag/{name}", "true" if value else "false")

    def choices(self, dialog: str) -> dict[str, Any]:
        """What was chosen in a dialog when it was last accepted."""
        found: dict[str, Any] = self._json(f"choices/{dialog}", {})
        return found

    def set_choices(self, dialog: str, values: dict[str, Any]) -> None:
        self._put(f"choices/{dialog}", json.dumps(values))

    @property
    def warmed(self) -> str:
        """The version whose kernels were last compiled ahead of use."""
        return self._text("warmed", "")

    @warmed.setter
    def warmed(self, version: str) -> None:
        self._put("warmed", version)

    def save(self) -> None:
        """Write to disk now."""
        self._store.sync()

    def _text(self, key: str, default: str) -> str:
        value = self._store.value(key, default)
        return value if isinstance(value, str) else default

    def _percent(self, key: str, allowed: tuple[int, ...]) -> int:
        value = self._text(key, "100")
        return next((percent for percent in allowed if str(percent) == value), 100)

    def _json(self, key: str, default: Any) -> Any:
        try:
            value = json.loads(self._text(key, json.dumps(default)))
        except ValueError:
            return default
        return value if isinstance(value, type(default)) else default

    def _put(self, key: str, value: Any) -> None:
        self._store.setValue(key, value)


def there(paths: Sequence[Path]) -> list[Path]:
    """Those projects that can be opened; may wait for a disk."""
    return [path for path in paths if can_be_opened(path)]


def default_path() -> Path:
    """The settings file of this person; `VQ_WORKBENCH_CONFIG` names another folder."""
    folder = os.environ.get("VQ_WORKBENCH_CONFIG") or platformdirs.user_config_dir("vq-workbench", appauthor=False)
    return Path(folder) / "window.ini"
