"""VQVAE in the contract suite."""

from case import Case

from cases.deep_codebook import EFFECTS, FAILURES, QUICK

MAP = {"topology": "rectangular"}
CASE = Case(
    quick={"n_codes": 6, **QUICK},
    variants=({}, {"topology": "hexagonal", "shape": (3, 2)}, {"revive": 0.5, "gamma": 0.5, "hidden": ()}),
    effects={
        **EFFECTS,
        "n_codes": ({}, 4, 6),
        "topology": ({}, None, "rectangular"),
        "shape": (MAP, (2, 3), (1, 6)),
        "sigma_start": (MAP, 0.5, 2.0),
        "gamma": ({}, 0.5, 0.99),
        "beta": ({}, 0.0, 1.0),
        "revive": ({}, 0.0, 0.9),
    },
    wide={"hidden": (4,)},
    expected_failures=FAILURES,
)
