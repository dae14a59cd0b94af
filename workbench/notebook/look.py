"""The colours and markers of `workbench.views.theme` as the browser takes them."""

from __future__ import annotations

from functools import cache
from typing import Any

from workbench.views.theme import MARKERS, ColorTable, Theme, theme

THEMES = ("light", "dark")


@cache
def palettes() -> dict[str, Any]:
    """All colours of the light and the dark theme, as JSON: the browser chooses without asking.

    Each has "text", "surface" and so on as "#RRGGBB"; "looks", the [colour, name of the marker] of the class codes 0,
    1, ..., which start anew after the last one; and "sequential" and "diverging", 256 colours in one string of
    hexadecimal digits.
    """
    return {name: _palette(theme("dark" if name == "dark" else "light")) for name in THEMES}


def _palette(of: Theme) -> dict[str, Any]:
    names = ("background", "surface", "text", "muted", "grid", "accent", "accent_text", "danger", "good", "neutral")
    looks = [[of.class_color(code), of.class_marker(code).name] for code in range(len(of.classes) * len(MARKERS))]
    tables = {"sequential": _digits(of.sequential), "diverging": _digits(of.diverging)}
    return {name: getattr(of, name) for name in names} | {"looks": looks} | tables


def _digits(table: ColorTable) -> str:
    return table[:, :3].tobytes().hex()
