"""Residual quantization in the contract suite."""

from case import Case

CASE = Case(
    quick={"n_stages": 2, "n_bits": 2, "beam": 2, "max_iter": 4, "random_state": 0},
    variants=({"n_init": 2, "init": "random"}, {"beam": 1, "n_stages": 3}, {"init": "pca", "tol": 0.0}),
    effects={
        "n_stages": ({}, 1, 2),
        "n_bits": ({}, 1, 3),
        "beam": ({"n_stages": 3}, 1, 5),
        "init": ({"max_iter": 1}, "pca", "random"),
        "n_init": ({"init": "random", "max_iter": 1, "n_bits": 3, "random_state": 1}, 1, 9),
        "max_iter": ({"init": "random"}, 1, 4),
        "tol": ({"init": "random", "max_iter": 50}, 0.0, 10.0),
        "random_state": ({"init": "random", "max_iter": 1}, 0, 1),
    },
    expected_failures={
        "check_sample_weight_equivalence_on_dense_data": "k-means++ draws other rows from repeated ones; with a "
        "given start of every stage the equivalence holds and is tested beside"
    },
)
