"""DCN in the contract suite."""

from case import Case

from cases.deep_codebook import EFFECTS, FAILURES, QUICK

CASE = Case(
    quick={"n_clusters": 5, "pretrain_iter": 2, **QUICK, "max_iter": 3},
    variants=({}, {"pretrain_iter": 0, "lam": 20.0}, {"hidden": (), "schedule": "constant", "batch_size": 50}),
    effects={
        "n_clusters": ({}, 4, 5),
        "lam": ({}, 0.5, 50.0),
        "pretrain_iter": ({}, 0, 2),
        **EFFECTS,
    },
    wide={"hidden": (4,)},
    expected_failures=FAILURES,
)
