"""How GLVQ is tried."""

from case import Case

from cases.gradient_lvq import AVERAGED, DESCENT, ON_BATCHES, QUICK, START, TRANSFER

CASE = Case(
    quick=QUICK,
    variants=({"validation_fraction": 0.3}, ON_BATCHES, {**AVERAGED, "pinned": (0,)}),
    effects={**START, **TRANSFER, **DESCENT},
    takes_missing=True,
)
