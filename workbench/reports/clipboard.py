"""Tables for the clipboard: tab-separated text and HTML, which spreadsheets take as cells and never as formulas."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any

from workbench.reports.cells import cell, is_number

Rows = Sequence[Sequence[Any]]


def tabbed(rows: Rows) -> str:
    """One line a row, a tab between cells; tabs and line ends inside a text become spaces."""
    return "".join("\t".join(_one_line(cell(value)) for value in row) + "\n" for row in rows)


def as_html(rows: Rows, *, n_heads: int = 1) -> str:
    """A table whose first `n_heads` rows are heads; texts are marked as such, so that none becomes a date."""
    lines = []
    for k, row in enumerate(rows):
        tag = "th" if k < n_heads else "td"
        cells = (f"<{tag}{_form(value)}>{html.escape(cell(value))}</{tag}>" for value in row)
        lines.append(f"<tr>{''.join(cells)}</tr>")
    return f'<html><head><meta charset="utf-8"></head><body><table>{"".join(lines)}</table></body></html>'


def _form(value: Any) -> str:
    """Marks what is no number as text; digits after a leading zero belong to a name."""
    digits = str(value).lstrip("+-")
    is_name = digits[:1] == "0" and digits[1:2].isdigit()
    return "" if is_number(str(value)) and not is_name else " style=\"mso-number-format:'\\@'\""


def _one_line(text: str) -> str:
    return " ".join(text.splitlines()).replace("\t", " ")
