"""What people point at in the browser as picks, and what is picked as arrays for the browser; for all widgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from workbench.notebook.parcel import Array
from workbench.notebook.subject import Subject
from workbench.views.picking import Pick, Picked

HOWS = ("replace", "and", "or", "not")
"""What becomes of what was picked before, see `Pick`."""


def pick_of(told: Mapping[str, Any], subject: Subject) -> Pick | None:
    """A message of the kind "pick" that names a prototype, features or a row; None for nothing that there is."""
    how = told.get("how", "replace")
    if how not in HOWS:
        return None
    if "prototype" in told:
        return Pick(prototypes=(int(told["prototype"]),), how=how)
    if "features" in told:
        return Pick(features=tuple(sorted({int(j) for j in told["features"]})), how=how)
    row = int(told["row"])
    return Pick(rows=(row,), how=how) if 0 <= row < subject.n_rows else None


def marks_of(picked: Picked) -> dict[str, Array]:
    """Which prototypes and features are picked, and, where rows alone are, the share of them that each unit wins."""
    marks = {
        "picked_prototypes": np.array(sorted(picked.prototypes), np.int32),
        "picked_features": np.array(sorted(picked.features), np.int32),
    }
    if picked.n_rows and not picked.prototypes:
        marks["shares"] = picked.share.astype(np.float32)
    return marks
