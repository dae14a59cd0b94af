"""The place that a figure is made for, in print or on a slide: its size, its letters and what goes with the plot."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.errors import WorkbenchError

NATURAL_LETTERS = 8.0
"""Points of a tick label in a figure that is made for no page."""
NARROW = 4.6
"""Inches: on a page of this width, measured in letters of the natural size, parts go one under another."""


class NoRoom(WorkbenchError):
    """A view does not fit on its page."""


@dataclass(frozen=True)
class Page:
    """What a person wants of a figure.

    Attributes
    ----------
    width : float
        In inches.
    height : float or None
        In inches; None for as much as the view needs at this width.
    letters : float
        Points of a tick label; all other letters keep their proportion to it.
    title : str
        Above everything; "" for none.
    with_legend, with_note : bool
        Whether legends, and the remark under the plot, are drawn.
    part : str
        The only part to draw of a view that has several, by its title; any other word for all of them.
    """

    width: float
    height: float | None = None
    letters: float = NATURAL_LETTERS
    title: str = ""
    with_legend: bool = True
    with_note: bool = True
    part: str = ""

    @property
    def scale(self) -> float:
        """Of letters, to their natural size."""
        return self.letters / NATURAL_LETTERS

    @property
    def room(self) -> float:
        """The width in inches, if letters had their natural size: what a view can reckon with."""
        return self.width / self.scale

    @property
    def is_narrow(self) -> bool:
        """Whether two parts beside one another would have too little room."""
        return self.room < NARROW
