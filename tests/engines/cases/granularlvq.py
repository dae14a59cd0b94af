"""How GranularLVQ is tried."""

from case import Case

from cases.online_lvq import EFFECTS, QUICK, REPEATED, SCHEDULE

CASE = Case(
    quick=QUICK,
    variants=(
        {"pinned": (1,), "distance": "absolute"},
        {"prototypes_per_class": 3, "cooperation": 0.5},
        {"n_references": 40, "class_weight": "balanced"},
    ),
    effects={
        **EFFECTS,
        **SCHEDULE,
        "delta": ({}, 1.0, 0.3),
        "distance": ({}, "relative", "absolute"),
        "cooperation": ({"prototypes_per_class": 2}, 0.0, 0.3),
        "n_references": ({}, 1000, 20),
    },
    expected_failures=REPEATED,
    takes_missing=True,
)
