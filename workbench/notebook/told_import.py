"""What is known of data before their import, and how they will be prepared, as facts for the browser."""

from __future__ import annotations

from typing import Any

from workbench.data import Preview, Recipe
from workbench.data.plan import ROLES
from workbench.views.import_words import (
    ENCODINGS,
    MISSING,
    SCALING,
    WHITENING,
    encoding_words,
    extent_words,
    missing_words,
    range_words,
)

MOST_COLUMNS = 200
"""So many columns are listed; of more, as of pixels, the first."""
_MOST_ROWS, _MOST_CELLS = 8, 40


def told_columns(found: Preview) -> dict[str, Any]:
    """The table of columns: what each is for and what is in it."""
    shown = found.columns[:MOST_COLUMNS]
    return {
        "roles": list(ROLES),
        "rows": [
            {
                "name": summary.column.name,
                "role": summary.column.role,
                "type": summary.column.type,
                "encoding": encoding_words(summary),
                "encodings": list(ENCODINGS[summary.column.type]),
                "unit": summary.column.unit,
                "note": summary.column.note,
                "missing": missing_words(summary),
                "range": range_words(summary),
                "counts": list(summary.counts),
            }
            for summary in shown
        ],
        "more": len(found.columns) - len(shown),
    }


def told_preview(found: Preview) -> dict[str, Any]:
    """How much there is, and the first rows or the captions of the first pictures."""
    return {
        "extent": extent_words(found),
        "heads": [summary.column.name for summary in found.columns[:_MOST_CELLS]] if found.rows else [],
        "rows": [list(row[:_MOST_CELLS]) for row in found.rows[:_MOST_ROWS]],
        "captions": list(found.captions),
    }


def told_recipe(recipe: Recipe) -> dict[str, Any]:
    """What is done to the rows, and the choices there are."""
    return {
        "missing": recipe.missing,
        "scaling": recipe.scaling,
        "whitening": recipe.whitening,
        "contrast": recipe.contrast,
        "dissimilarities": recipe.dissimilarities,
        "validation": round(100 * recipe.split.validation),
        "test": round(100 * recipe.split.test),
        "stratify": recipe.split.stratify,
        "seed": recipe.split.seed,
        "choices": {
            "missing": [list(pair) for pair in MISSING.items()],
            "scaling": [list(pair) for pair in SCALING.items()],
            "whitening": [list(pair) for pair in WHITENING.items()],
        },
    }
