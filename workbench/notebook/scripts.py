"""The browser's side as text: what all widgets share, then the view's own file, joined into one ES module."""

from __future__ import annotations

from functools import cache
from pathlib import Path

STATIC = Path(__file__).parent / "static"


@cache
def module(*names: str) -> str:
    """One ES module of the files `static/<name>.js`, after `host.js`, which all need; the last one exports the widget.

    A widget is one module to the page, which cannot import files beside it. So files that are shared declare plain
    functions and classes at their top level, and the last one ends with `export default widget(...)`.
    """
    return "\n".join(_read(f"{name}.js") for name in ("host", *names))


@cache
def style(*names: str) -> str:
    """The style sheet of all widgets, and after it `static/<name>.css`."""
    return "\n".join(_read(f"{name}.css") for name in ("style", *names))


def _read(name: str) -> str:
    return (STATIC / name).read_text(encoding="utf-8")
