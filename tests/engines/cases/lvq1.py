"""How LVQ1 is tried."""

from case import Case

from cases.online_lvq import EFFECTS, QUICK, REPEATED, SCHEDULE

CASE = Case(
    quick=QUICK,
    variants=(
        {"pinned": (1,), "class_weight": "balanced"},
        {"update": "winner-impostor", "initial_rate": 0.01},
        {"prototypes_per_class": 2, "rate": "exponential", "restore_best": False},
    ),
    effects={**EFFECTS, **SCHEDULE, "update": ({"initial_rate": 0.001}, "winner", "winner-impostor")},
    expected_failures=REPEATED,
    takes_missing=True,
)
