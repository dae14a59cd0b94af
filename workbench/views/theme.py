"""Colours, colour maps and markers, light, dark and for print, for every hand that draws; knows no drawing library."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from workbench.resources import resource_path
from workbench.views.page import Page

ColorTable = NDArray[np.uint8]
"""(256, 4) uint8 red, green, blue, alpha: what matplotlib's ListedColormap and pyqtgraph's lookup tables take."""


@dataclass(frozen=True)
class Marker:
    """One shape of point.

    Attributes
    ----------
    name : str
        For people.
    matplotlib, pyqtgraph : str
        What the two libraries call it.
    """

    name: str
    matplotlib: str
    pyqtgraph: str


MARKERS = (
    Marker("circle", "o", "o"),
    Marker("square", "s", "s"),
    Marker("triangle", "^", "t1"),
    Marker("diamond", "D", "d"),
    Marker("triangle down", "v", "t"),
    Marker("cross", "P", "+"),
    Marker("saltire", "X", "x"),
    Marker("pentagon", "p", "p"),
    Marker("hexagon", "h", "h"),
    Marker("star", "*", "star"),
)


@dataclass(frozen=True, eq=False)
class Theme:
    """All colours of one look, as "#RRGGBB".

    Attributes
    ----------
    background, surface : str
        Of the window, and of what is written or plotted on.
    text, muted, grid : str
        Ink, lesser ink, lines that stay behind.
    accent, accent_text : str
        What is chosen or active, and the ink on top of it.
    danger, good : str
        Failure and success.
    neutral : str
        Whatever belongs to no class.
    classes : tuple of str
        Told apart by people with any of the common kinds of colour blindness, in this order.
    sequential, diverging : (256, 4) uint8
        From nothing (the surface) to much; from negative over nothing (the surface, in the middle) to positive.
    page : Page or None
        What a figure is made for; None for a screen, where it has the size that suits it.
    """

    name: Literal["light", "dark", "print"]
    background: str
    surface: str
    text: str
    muted: str
    grid: str
    accent: str
    accent_text: str
    danger: str
    good: str
    neutral: str
    classes: tuple[str, ...]
    sequential: ColorTable
    diverging: ColorTable
    page: Page | None = None

    def class_color(self, code: int) -> str:
        """Colour of class `code`; that of no class when it is negative."""
        return self.neutral if code < 0 else self.classes[code % len(self.classes)]

    def class_marker(self, code: int) -> Marker:
        """Shape of class `code`: one each for the first, shifted when colours start anew, so 100 stay distinct."""
        return MARKERS[0] if code < 0 else MARKERS[(code + code // len(self.classes)) % len(MARKERS)]


@cache
def theme(name: Literal["light", "dark", "print"]) -> Theme:
    """The theme called `name`, read from the palette of that name; "print" is the light one in black on white."""
    if name == "print":
        paper = replace(theme("light"), name=name, background="#FFFFFF", surface="#FFFFFF")
        return replace(paper, text="#000000", muted="#3A3A3A", grid="#CCCCCC")
    palette = json.loads(resource_path(f"palettes/{name}.json").read_text(encoding="utf-8"))
    classes = tuple(palette.pop("classes"))
    sequential = color_table(palette.pop("sequential"))
    diverging = color_table(palette.pop("diverging"))
    return Theme(name=name, classes=classes, sequential=sequential, diverging=diverging, **palette)


def color_table(anchors: list[str]) -> ColorTable:
    """A (256, 4) table that runs evenly through the colours `anchors`; read-only."""
    colors = np.array([rgb(anchor) for anchor in anchors], dtype=float)
    at = np.linspace(0, len(anchors) - 1, 256)
    table = np.full((256, 4), 255, np.uint8)
    for channel in range(3):
        table[:, channel] = np.rint(np.interp(at, np.arange(len(anchors)), colors[:, channel]))
    table.flags.writeable = False
    return table


def rgb(color: str) -> tuple[int, int, int]:
    """The three bytes of "#RRGGBB"."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
