"""How RSLVQ is tried."""

from case import Case

from cases.gradient_lvq import AVERAGED, DESCENT, ON_BATCHES, QUICK, START

CASE = Case(
    quick=QUICK,
    variants=(
        {"learn_variance": True, "validation_fraction": 0.3},
        {**ON_BATCHES, "learn_variance": True},
        {**AVERAGED, "pinned": (0,), "variance": 0.5},
    ),
    effects={
        **START,
        "variance": ({}, "auto", 2.0),
        "learn_variance": ({}, False, True),
        **DESCENT,
    },
    takes_missing=True,
)
