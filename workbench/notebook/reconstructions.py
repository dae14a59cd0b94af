"""Rows beside what their codes make of them, and the error that this leaves; the worst rows first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import traitlets

from workbench.notebook.parcel import Array, Drawing
from workbench.notebook.picks import pick_of
from workbench.notebook.scripts import module
from workbench.notebook.widget import ViewWidget
from workbench.views.picking import Pick, Picked
from workbench.views.prototypes import FEW_FEATURES
from workbench.views.reconstructions import GROUPS, ReconstructionsData, common_unit
from workbench.views.theme import Theme
from workbench.views.wording import distinct, number, with_unit


class Reconstructions(ViewWidget):
    """Original, code, reconstruction and error of rows: of the picked ones, or of all, the worst, middle and best.

    Rows that are pictures are shown as pictures, others feature by feature, or as curves over many features. Click a
    row to pick it: Ctrl or Shift adds, Alt takes out, Ctrl with Shift narrows. Arrow keys go from row to row, and
    Enter picks.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from engines import ProductQuantizer
    >>> digits = load_digits()
    >>> model = ProductQuantizer(n_subspaces=4, n_bits=4, random_state=0).fit(digits.data)
    >>> widget = Reconstructions(model, digits.data, image_shape=(8, 8))
    >>> widget
    Reconstructions(Product quantizer, 1,797 rows)
    >>> widget.close()
    """

    VIEW: ClassVar[str] = "reconstructions"
    _esm = module("axes", "shades", "picking", "sheet", "tiles", "reconstructions")
    height = traitlets.Int(520, min=80, max=4000).tag(sync=True)

    def pick(self, told: Mapping[str, Any], buffers: Sequence[Any]) -> Pick | None:
        return pick_of(told, self.subject)

    def drawing(self, data: ReconstructionsData, picked: Picked, theme: Theme) -> Drawing:
        arrays: dict[str, Array] = {"rows": data.rows.astype(np.int32)}
        if data.images is not None and data.reconstructed is not None and data.image_errors is not None:
            arrays |= {"original": data.images, "reconstruction": data.reconstructed}
            arrays["errors"] = data.image_errors.astype(np.float32)
        else:
            arrays["original"] = data.placed(data.original).astype(np.float32)
            arrays["reconstruction"] = data.placed(data.reconstruction).astype(np.float32)
        if data.cells is not None:
            arrays["bits"] = data.cells.astype(np.int16)
        facts = {
            "kind": _kind(data),
            "heads": list(data.heads),
            "captions": list(data.captions),
            "told": [_told(data, k) for k in range(len(data.rows))],
            "groups": [[GROUPS[group], int(np.count_nonzero(data.groups == group))] for group in range(len(GROUPS))],
            "feature_names": list(distinct(data.feature_names, 40)) if _kind(data) == "marks" else [],
            "limit": data.limit,
            "ends": [f"{sign}{number(data.limit, 3)}{common_unit(data.units)}" for sign in "−+"],
            "note": _note(data),
        }
        return Drawing(facts, arrays)


def _kind(data: ReconstructionsData) -> str:
    if data.images is not None:
        return "pictures"
    return "marks" if data.original.shape[1] <= FEW_FEATURES else "curves"


def _told(data: ReconstructionsData, k: int) -> str:
    """Row, bits and error, and of few features what they were and became."""
    lines = [data.heads[k], f"bits {data.bits[k] or 'none'}", data.captions[k]]
    if _kind(data) == "marks":
        values = zip(data.feature_names, data.units, data.original[k], data.reconstruction[k], strict=True)
        lines += [f"{with_unit(name, unit)}: {number(was)} → {number(became)}" for name, unit, was, became in values]
    return "\n".join(lines)


def _note(data: ReconstructionsData) -> str:
    """What the shades mean, and which rows these are."""
    if not len(data.rows):
        return "No row without missing values to encode."
    if data.images is None:
        return f"on the range of the data · {data.note}"
    (low, high), unit = data.image_range, common_unit(data.units)
    ends = ("no colour", "full colour") if data.images.ndim == 4 else ("black", "white")
    return f"{ends[0]} is {number(low)}{unit}, {ends[1]} {number(high)}{unit} · {data.note}"
