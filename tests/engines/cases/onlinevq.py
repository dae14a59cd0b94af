"""How OnlineVQ is tried."""

from case import Case

CASE = Case(
    quick={"n_prototypes": 4, "max_iter": 4, "tol": 0.0, "random_state": 0},
    variants=({"init": "random"}, {"rate": "macqueen", "init": "pca"}, {"rate": "exponential", "tol": 1e-9}),
    effects={
        "n_prototypes": ({}, 3, 5),
        "init": ({"max_iter": 1}, "pca", "random"),
        "rate": ({}, "hyperbolic", "macqueen"),
        "initial_rate": ({}, 0.1, 0.2),
        "decay": ({}, 0.5, 1.0),
        "max_iter": ({}, 1, 4),
        "tol": ({}, 0.0, 10.0),
        "random_state": ({"init": "pca"}, 0, 1),
    },
    expected_failures={
        "check_sample_weight_equivalence_on_dense_data": "repeated rows are drawn and shuffled otherwise; MacQueen's "
        "means in a given order are equal and are tested beside"
    },
)
