"""A table on the clipboard as a file that can be imported, and imported again; nothing of windows."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from workbench.desktop.crashes import state_folder
from workbench.errors import WorkbenchError

_PLACE = "pasted"


def pasted_file(text: str) -> Path:
    """The file with `text` in it, in a folder of its own, which stays: a project names what it was imported from.

    Raises
    ------
    WorkbenchError
        If there is no text, or it cannot be written.
    """
    if not text.strip():
        raise WorkbenchError("There is no table on the clipboard: copy the cells of a spreadsheet, or lines of a file.")
    folder = state_folder() / _PLACE
    stem = f"Pasted {datetime.now():%Y-%m-%d %H.%M.%S}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = next(p for k in range(1, 1000) if not (p := folder / f"{stem}{f' ({k})' if k > 1 else ''}.tsv").exists())
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise WorkbenchError(f"The table cannot be kept in {folder}: {error.strerror or error}.") from error
    return path
