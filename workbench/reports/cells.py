"""Values as cells of a CSV file that a spreadsheet will never take for a formula; nothing of files."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_RISKY = frozenset("=+-@\t\r\n＝＋－＠")  # full-width signs are formulas too, in some spreadsheets


def cell(value: Any) -> str:
    """`value` as the text of a cell.

    Numbers are written in the shortest form that reads back the same. A text that a spreadsheet would take for a
    formula gets an apostrophe in front.
    """
    if value is None:
        return ""
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, int | np.integer):
        return str(int(value))
    if isinstance(value, float | np.floating):
        return "" if math.isnan(value) else str(value)
    text = str(value)
    return "'" + text if is_formula(text) else text


def is_formula(text: str) -> bool:
    """Whether a spreadsheet could take `text` for a formula: it begins like one and is no plain number."""
    if not text or (text[0] not in _RISKY and text.lstrip()[:1] not in _RISKY):
        return False
    return not is_number(text)


def is_number(text: str) -> bool:
    """Whether a spreadsheet would read `text` as a plain number."""
    try:
        float(text)
    except ValueError:
        return False
    return text == text.strip() and "_" not in text


def plain_number(value: Any) -> float | None:
    """`value` as JSON can hold it: float32 in its shortest form, None for what is not finite."""
    return float(str(value)) if math.isfinite(value) else None
