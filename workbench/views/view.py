"""What a view is; the views themselves have a file each, and the list of them is in `workbench.views`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from workbench.views.scene import Scene
from workbench.views.theme import Theme

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class View:
    """One thing to see of a run.

    Attributes
    ----------
    name, title : str
        For programs and for people.
    summary : str
        One line: what it tells.
    applies : callable
        Whether there is anything to show of a scene.
    compute : callable
        Frozen data of arrays and strings, complete for drawing; any thread may call it.
    figure : callable
        A matplotlib figure of these data in a theme; any thread may call it.
    of_data : bool
        Whether there is something to see before anything is learned.
    follows_picks : bool
        Whether what it computes depends on what is picked.
    printed : bool
        Whether its figure belongs into reports; others are for the screen.
    beside : callable or None
        Of a view that compares: gives the scene of the other run that it lays beside that of a scene to which it
        applies.
    lacking : callable or None
        Says in a sentence what a scene lacks to which it does not apply; "" where the summary says enough.
    """

    name: str
    title: str
    summary: str
    applies: Callable[[Scene], bool]
    compute: Callable[[Scene], Any]
    figure: Callable[[Any, Theme], Figure]
    of_data: bool = False
    follows_picks: bool = False
    printed: bool = True
    beside: Callable[[Scene], Scene] | None = None
    lacking: Callable[[Scene], str] | None = None
