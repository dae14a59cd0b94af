"""Optimized product quantization in the contract suite."""

from case import Case

CASE = Case(
    quick={"n_subspaces": 2, "n_bits": 2, "start_iter": 2, "max_iter": 4, "random_state": 0},
    variants=(
        {"n_init": 2, "init": "random", "rotation_init": "identity"},
        {"init": "pca", "n_subspaces": 3},
        {"start_iter": 1, "tol": 0.0},
    ),
    effects={
        "n_subspaces": ({}, 1, 2),
        "n_bits": ({}, 1, 3),
        "rotation_init": ({}, "pca", "identity"),
        "init": ({"max_iter": 1}, "pca", "random"),
        "n_init": ({"init": "random", "max_iter": 1, "n_bits": 3, "random_state": 1}, 1, 9),
        "start_iter": ({"init": "random", "max_iter": 1}, 1, 4),
        "max_iter": ({"tol": 0.0}, 1, 4),
        "tol": ({"max_iter": 50}, 0.0, 10.0),
        "random_state": ({"init": "random", "max_iter": 1}, 0, 1),
    },
    expected_failures={
        "check_sample_weight_equivalence_on_dense_data": "k-means++ draws other rows from repeated ones; with a "
        "given start the equivalence holds and is tested beside"
    },
)
