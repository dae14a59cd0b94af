"""How OLVQ1 is tried."""

from case import Case

from cases.online_lvq import EFFECTS, QUICK, REPEATED

CASE = Case(
    quick=QUICK,
    variants=({"pinned": (1,)}, {"prototypes_per_class": 2}, {"class_weight": {0: 2.5}}),
    effects={
        **EFFECTS,
        "initial_rate": ({}, 0.3, 0.1),
        "max_rate": ({"prototypes_per_class": 2}, 0.3, 0.9),
    },
    expected_failures=REPEATED,
    takes_missing=True,
)
