"""How GMLVQ is tried."""

from case import Case

from cases.gradient_lvq import AVERAGED, DESCENT, METRIC, OMEGA, ON_BATCHES, QUICK, START, TRANSFER

CASE = Case(
    quick=QUICK,
    variants=(
        {"rank": 2, "log_det": 0.01, "validation_fraction": 0.3},
        {**ON_BATCHES, "metric_warmup": 2},
        {**AVERAGED, "pinned": (0,)},
    ),
    effects={**START, **TRANSFER, **OMEGA, **METRIC, **DESCENT},
    wide={"rank": 2, "omega_init": "random"},
    takes_missing=True,
)
