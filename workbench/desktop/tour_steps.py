"""What the tour says, and of which parts of the main window."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QToolBar, QWidget

from workbench.desktop.frame import Frame
from workbench.desktop.tour import Step


def tour_steps(window: Frame, *, welcome: Callable[[], object] | None) -> list[Step]:
    """The steps; `welcome` shows the welcome page, or is None while a project is open, which hides it."""

    def toolbar() -> QToolBar | None:
        return window.findChild(QToolBar, "actions")

    def searching() -> QWidget | None:
        bar = toolbar()
        return bar.widgetForAction(window.actions_by_name.by_name["palette"]) if bar is not None else None

    def keys(name: str) -> str:
        found = window.actions_by_name.by_name[name].shortcut()
        return found.toString(QKeySequence.SequenceFormat.NativeText) or "Help in the menu"

    begin = Step(
        "Begin with a sample",
        "Each opens as a copy, with data and finished runs in it. “Handwritten digits” is a good first one. For data "
        "of your own, make a new project.",
        lambda: window.welcome.samples_part,
        welcome or (lambda: None),
    )
    parts = (
        (
            "The project",
            "Datasets, and under each the runs on it. What you choose here is what the rest of the window shows. Drop "
            "a file on the window to import it.",
            lambda: window.tree,
        ),
        (
            "The inspector",
            "What is known of what you chose. With “New run…” it is the place where you choose an engine and its "
            "parameters, each with a sentence on what it does.",
            lambda: window.inspector,
        ),
        (
            "Start, pause, step, stop",
            "A run can be paused and resumed at any time, also after the window was closed. Everything else that you "
            "do can be undone.",
            toolbar,
        ),
        (
            "The views",
            "They move while a run learns. Drag a tab to put views side by side, or give one a window of its own.",
            lambda: window.views,
        ),
        (
            "The timeline",
            "The cost, step by step. Click it to see every view as it was then.",
            lambda: window.timeline,
        ),
        (
            "Find anything",
            f"{keys('palette')} finds whatever can be done by typing a few letters of it. {keys('help')} opens the "
            "help page about the part of the window that you are in.",
            searching,
        ),
    )
    steps = [Step(title, text, part, window.show_workspace) for title, text, part in parts]
    return [begin, *steps] if welcome is not None else steps
