"""MetaQuantizer in the contract suite."""

from case import Case

from cases.deep_codebook import EFFECTS, FAILURES, QUICK

CASE = Case(
    quick={"n_codes": 6, **QUICK},
    variants=({}, {"hidden": (), "beta": 0.0}, {"outer_learning_rate": 0.1, "batch_size": 17}),
    effects={
        "n_codes": ({}, 4, 6),
        "beta": ({}, 0.0, 1.0),
        "hyper_hidden": ({}, 4, 16),
        "outer_learning_rate": ({}, 1e-3, 1e-2),
        "embedding_learning_rate": ({}, 0.1, 1.0),
        "revive": ({}, 0.0, 0.9),
        **EFFECTS,
    },
    wide={"hidden": (4,)},
    expected_failures=FAILURES,
)
