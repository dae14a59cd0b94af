"""How GRLVQ is tried."""

import numpy as np
from case import Case

from cases.gradient_lvq import AVERAGED, DESCENT, METRIC, ON_BATCHES, QUICK, START, TRANSFER

CASE = Case(
    quick=QUICK,
    variants=({"validation_fraction": 0.3}, {**ON_BATCHES, "metric_warmup": 2}, {**AVERAGED, "pinned": (0,)}),
    effects={
        **START,
        **TRANSFER,
        "relevances_init": ({"metric_warmup": 0}, None, np.array([1.0, 2.0, 3.0, 4.0])),
        **METRIC,
        **DESCENT,
    },
    takes_missing=True,
)
