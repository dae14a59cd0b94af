"""How MRSLVQ is tried."""

from case import Case

from cases.gradient_lvq import AVERAGED, DESCENT, METRIC, OMEGA, ON_BATCHES, QUICK, START

CASE = Case(
    quick=QUICK,
    variants=(
        {"rank": 2, "log_det": 0.01, "validation_fraction": 0.3, "learn_variance": True},
        {**ON_BATCHES, "metric_warmup": 2, "learn_variance": True},
        {**AVERAGED, "pinned": (0,), "variance": 0.5},
    ),
    effects={
        **START,
        "variance": ({}, "auto", 2.0),
        "learn_variance": ({"metric_warmup": 0}, False, True),
        **OMEGA,
        **METRIC,
        **DESCENT,
    },
    wide={"rank": 2, "omega_init": "random"},
    takes_missing=True,
)
