"""Draw the pictures of the help anew from the real window, light and dark: `python resources/help/pictures/make.py`.

That of the notebook is one of those that `VQW_SCREENSHOTS=FOLDER pytest tests/notebook/browser` leaves in FOLDER.
"""

from __future__ import annotations

import io
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PIL import Image
from PySide6.QtCore import QBuffer
from PySide6.QtWidgets import QApplication, QWidget
from sklearn.datasets import load_iris

from workbench.desktop.settings import Settings
from workbench.desktop.theme import ThemeSwitch
from workbench.desktop.window import Window
from workbench.resources import sample_projects

HERE = Path(__file__).parent
SIZE = (1180, 760)
SETTLED = 1.5
"""Seconds after which nothing moves any more."""


def main() -> None:
    """Make every picture in both themes."""
    application = QApplication([])
    with tempfile.TemporaryDirectory() as folder:
        os.environ["VQ_WORKBENCH_PROJECTS"] = folder
        for theme, ending in (("light", ""), ("dark", "_dark")):
            settings = Settings(Path(folder) / f"{theme}.ini")
            settings.theme = theme
            window = Window(settings, ThemeSwitch(settings, application))
            window.resize(*SIZE)
            window.show()
            draw(window, Path(folder), ending)
            window.close()
            until(lambda window=window: not window.isVisible())


def draw(window: Window, folder: Path, ending: str) -> None:
    """The pictures of one theme."""
    settle()
    keep(window, "welcome", ending)
    window.projects.open_sample(sample_projects()["digits"])
    until(lambda: window.session is not None)
    settle()
    bring(window, "prototypes")
    keep(window, "window", ending)
    bring(window, "relevance")
    keep(window.views, "relevance", ending)
    iris = load_iris(as_frame=True)
    path = folder / "flowers.csv"
    iris.frame.assign(species=iris.target_names[iris.target]).drop(columns="target").to_csv(path, index=False)
    window.dialogs.import_data([path])
    dialog = window.dialogs.importing
    assert dialog is not None
    until(lambda: dialog.plan is not None)
    settle()
    keep(dialog, "import", ending)
    dialog.reject()


def bring(window: Window, name: str) -> None:
    """Wait until the view `name` is drawn in front."""
    window.views.show_view(name)
    pane = next(pane for pane in window.views.panes if pane.view.name == name)
    until(lambda: pane.shown is not None and not pane.message)
    settle()


def keep(widget: QWidget, name: str, ending: str) -> None:
    """Write what `widget` looks like, with few colours, so that the file is small."""
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    widget.grab().save(buffer, "PNG")
    picture = Image.open(io.BytesIO(buffer.data().data())).convert("RGB")
    picture.quantize(96, dither=Image.Dither.NONE).save(HERE / f"{name}{ending}.png", optimize=True)


def settle() -> None:
    """Let everything be drawn."""
    end = time.monotonic() + SETTLED
    until(lambda: time.monotonic() > end)


def until(holds: Callable[[], bool]) -> None:
    """Let the window work until something holds."""
    while not holds():
        QApplication.processEvents()
        time.sleep(0.01)


if __name__ == "__main__":
    main()
