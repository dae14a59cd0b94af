"""How LVQ3 is tried."""

from case import Case

from cases.online_lvq import EFFECTS, QUICK, REPEATED, SCHEDULE

CASE = Case(
    quick=QUICK,
    variants=({"pinned": (1,)}, {"prototypes_per_class": 3}, {"epsilon": 0.5, "prototypes_per_class": 2}),
    effects={
        **EFFECTS,
        **SCHEDULE,
        "window": ({}, 0.25, 0.1),
        "epsilon": ({"prototypes_per_class": 2}, 0.2, 0.4),
    },
    expected_failures=REPEATED,
    takes_missing=True,
)
