"""What the texts of one column are: numbers, dates or words; where they come from is not known here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.data.dates import format_of, is_ambiguous
from workbench.data.dialect import DelimitedOptions, as_number
from workbench.data.encoding import Encoding
from workbench.data.plan import Column

_MOSTLY = 0.9


def typed(
    name: str, cells: Sequence[str], options: DelimitedOptions
) -> tuple[Column, NDArray[Any], Encoding | None, str]:
    """A column of numbers when nearly all of its cells are, of dates when all are written alike, else of text.

    Returns
    -------
    column : Column
        With the role feature.
    values : (n,) float64 with NaN, or StringDType with "" where missing
    encoding : Encoding or None
        Of dates: how they are written.
    warning : str
        "" where there is none.
    """
    numbers = [as_number(cell, options) for cell in cells]
    known = [number for number in numbers if number is None or number == number]
    if sum(number is not None for number in known) >= _MOSTLY * len(known):
        values = np.array([np.nan if number is None else number for number in numbers], np.float64)
        return Column(name), values, None, ""
    words = options.missing_words
    texts = ["" if cell.strip() in words else cell.strip() for cell in cells]
    column, values = Column(name, type="text"), np.array(texts, dtype=np.dtypes.StringDType())
    known_texts = [text for text in texts if text]
    form = format_of(known_texts)
    if not form:
        return column, values, None, ""
    warning = ""
    if is_ambiguous(known_texts, form):
        first = "day" if form.index("%d") < form.index("%m") else "month"
        warning = f'Dates in column "{name}" are read with the {first} first ({form}), but may be meant otherwise.'
    return replace(column, type="date"), values, Encoding("date", format=form), warning
