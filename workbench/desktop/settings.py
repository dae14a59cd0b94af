"""What the window remembers between starts: theme, recent projects, layout; knows no widget."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import platformdirs
from PySide6.QtCore import QByteArray, QSettings

N_RECENT = 10


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
    def recent(self) -> list[Path]:
        """Projects opened before that are still there, newest first."""
        return [path for path in map(Path, self._json("recent", [])) if path.exists()]

    def add_recent(self, path: Path) -> None:
        paths = [path.resolve(), *(other for other in self.recent if other != path.resolve())]
        self._put("recent", json.dumps([str(p) for p in paths[:N_RECENT]]))

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

    def _json(self, key: str, default: Any) -> Any:
        try:
            value = json.loads(self._text(key, json.dumps(default)))
        except ValueError:
            return default
        return value if isinstance(value, type(default)) else default

    def _put(self, key: str, value: Any) -> None:
        self._store.setValue(key, value)


def default_path() -> Path:
    """The settings file of this person; `VQ_WORKBENCH_CONFIG` names another folder."""
    folder = os.environ.get("VQ_WORKBENCH_CONFIG") or platformdirs.user_config_dir("vq-workbench", appauthor=False)
    return Path(folder) / "window.ini"
