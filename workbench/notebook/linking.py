"""Which widgets share what is picked."""

from __future__ import annotations

from workbench.notebook import subject
from workbench.notebook.widget import ViewWidget


def link(*widgets: ViewWidget) -> None:
    """Let `widgets` share what is picked: rows by their number, prototypes where the model is the same.

    Views of runs and datasets of one project do so by themselves; views of models do when they are linked with one
    another, or with one of a project.

    Raises
    ------
    NotToBeSeen
        If some are of two projects or two datasets, or have different numbers of rows.
    """
    subject.link(*(widget.subject for widget in widgets))
    for widget in widgets:
        widget.refresh()
