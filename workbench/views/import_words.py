"""What an import asks for, in words: columns and what is known of them, preparation, parts; nothing is read."""

from __future__ import annotations

import math
from dataclasses import replace

from workbench.data import ColumnSummary, Preview, Recipe, Split
from workbench.views.wording import number, shorten

MISSING = {
    "error": "Refuse the file",
    "drop": "Leave the row out",
    "mean": "Fill with the mean",
    "median": "Fill with the median",
    "keep": "Leave to the engine",
}
SCALING = {
    "none": "None",
    "standard": "Mean 0, deviation 1",
    "minmax": "To 0 … 1",
    "symmetric": "To −1 … 1",
}
WHITENING = {"none": "None", "pca": "PCA", "zca": "ZCA (stays an image)"}
ENCODINGS = {
    "number": ("number", "one-hot", "ordinal", "hash:32", "cyclic:24", "cyclic:360"),
    "text": ("one-hot", "ordinal", "hash:32"),
    "date": (
        "date:days",
        "date:day",
        "date:week",
        "date:year",
        "date:days+year",
        "date:day+week",
        "date:day+week+year",
    ),
    "pixel": ("number",),
}
"""Suggestions for each type of column; others can be typed, such as ordinal:low<mid<high."""


def recipe_of(
    base: Recipe,
    *,
    missing: str,
    scaling: str,
    whitening: str,
    contrast: bool,
    dissimilarities: bool,
    validation: int,
    test: int,
    stratify: bool,
    seed: int,
) -> Recipe:
    """The recipe that a person asks for, parts in percent; the rest is as in `base`.

    Raises
    ------
    DataError
        If it cannot be.
    """
    shares = validation / 100, test / 100
    split = Split(round(1 - sum(shares), 10), *shares, stratify, seed)
    if dissimilarities:
        return Recipe(dissimilarities=True, split=split)
    return replace(
        base,
        missing=missing,
        scaling=scaling,
        contrast=contrast,
        whitening=whitening,
        dissimilarities=False,
        split=split,
    )


def encoding_words(summary: ColumnSummary) -> str:
    """How a column becomes numbers; how dates are written is found out, and seldom of interest."""
    return "" if summary.encoding is None else str(replace(summary.encoding, format=""))


def missing_words(summary: ColumnSummary) -> str:
    """How many values are missing; "" for none."""
    return f"{summary.n_missing:,}" if summary.n_missing else ""


def range_words(summary: ColumnSummary) -> str:
    """The lowest and the highest value, or examples."""
    if math.isfinite(summary.minimum):
        return f"{number(summary.minimum)} … {number(summary.maximum)}"
    return ", ".join(shorten(example, 14) for example in summary.examples[:4])


def extent_words(found: Preview) -> str:
    """How many rows and features there are."""
    n_features = sum(summary.column.role == "feature" for summary in found.columns)
    return f"{'' if found.exact else 'about '}{found.n_rows:,} rows, {n_features:,} features"
