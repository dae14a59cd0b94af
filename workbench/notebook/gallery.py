"""All prototypes of a run or a model, as pictures or as profiles over the features."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from workbench.notebook.parcel import Array, Drawing
from workbench.notebook.picks import marks_of, pick_of
from workbench.notebook.scripts import module
from workbench.notebook.widget import ViewWidget
from workbench.views.picking import Pick, Picked
from workbench.views.prototypes import FEW_FEATURES, MOST_TILES, PrototypesData
from workbench.views.theme import Theme
from workbench.views.wording import counted, distinct, number, shorten, with_unit


class PrototypeGallery(ViewWidget):
    """Every prototype as a picture, as named bars of its features, or as a curve over many; of a map as on its grid.

    Click one to pick it with its rows: Ctrl or Shift adds, Alt takes out, Ctrl with Shift narrows. Arrow keys go from
    one to the next, and Enter picks. Where rows alone are picked, a line under each prototype is as long as the share
    of them that it wins.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from engines import KMeans
    >>> digits = load_digits()
    >>> model = KMeans(n_clusters=10, random_state=0).fit(digits.data)
    >>> widget = PrototypeGallery(model, image_shape=(8, 8))
    >>> widget
    PrototypeGallery(k-means)
    >>> widget.close()
    """

    VIEW: ClassVar[str] = "prototypes"
    _esm = module("axes", "picking", "sheet", "tiles", "gallery")

    def pick(self, told: Mapping[str, Any], buffers: Sequence[Any]) -> Pick | None:
        return pick_of(told, self.subject)

    def drawing(self, data: PrototypesData, picked: Picked, theme: Theme) -> Drawing:
        shown = slice(min(len(data.index), MOST_TILES))
        can_pick = data.noun != "word"
        arrays: dict[str, Array] = {
            "index": data.index[shown].astype(np.int32),
            "codes": data.codes[shown].astype(np.int16),
            **(marks_of(picked) if can_pick else {}),
        }
        if data.images is not None:
            arrays["images"] = data.images[shown]
        else:
            arrays["values"] = data.values[shown].astype(np.float32)
            arrays["relative"] = data.relative[shown].astype(np.float32)
        facts = {
            "kind": _kind(data),
            "columns": data.n_columns,
            "names": data.names[shown],
            "titles": data.titles[shown],
            "captions": data.captions[shown],
            "can_pick": can_pick,
            "feature_names": [] if data.images is not None else _feature_names(data),
            "classes": _classes(data),
            "note": _note(data),
        }
        return Drawing(facts, arrays)


def _kind(data: PrototypesData) -> str:
    if data.images is not None:
        return "pictures"
    return "bars" if data.values.shape[1] <= FEW_FEATURES else "curves"


def _feature_names(data: PrototypesData) -> list[str]:
    names = distinct(data.feature_names, 40)
    return [with_unit(name, shorten(unit, 12)) for name, unit in zip(names, data.units, strict=True)]


def _classes(data: PrototypesData) -> list[list[Any]]:
    """Code and name of the classes that prototypes have."""
    codes = sorted({code for code in data.codes.tolist() if code >= 0})
    return [[code, data.class_names[code]] for code in codes]


def _note(data: PrototypesData) -> str:
    """How many there are, what shades or lengths mean, and what is counted."""
    n = len(data.index)
    parts = [counted(n, data.noun) if n <= MOST_TILES else f"the first {MOST_TILES:,} of {n:,} {data.noun}s"]
    if data.images is not None:
        (low, high), unit = data.image_range, next((f" {u}" for u in data.units if u), "")
        ends = ("no colour", "full colour") if data.images.ndim == 4 else ("black", "white")
        parts.append(f"{ends[0]} is {number(low)}{unit}, {ends[1]} {number(high)}{unit}")
    else:
        what = "bars" if _kind(data) == "bars" else f"curves over {len(data.feature_names):,} features"
        parts.append(f"{what} on the range of the data")
    return " · ".join([*parts, *([data.note] if data.note else [])])
