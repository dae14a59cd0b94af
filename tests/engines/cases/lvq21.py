"""How LVQ21 is tried."""

from case import Case

from cases.online_lvq import EFFECTS, QUICK, REPEATED, SCHEDULE

CASE = Case(
    quick=QUICK,
    variants=({"pinned": (1,)}, {"prototypes_per_class": 2, "restore_best": False}, {"class_weight": "balanced"}),
    effects={**EFFECTS, **SCHEDULE, "window": ({}, 0.25, 0.1)},
    expected_failures=REPEATED,
    takes_missing=True,
)
