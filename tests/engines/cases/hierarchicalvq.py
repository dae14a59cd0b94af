"""How HierarchicalVQ is tried."""

from case import Case

CASE = Case(
    quick={"n_coarse": 3, "n_fine": 2, "max_iter": 4, "random_state": 0},
    variants=({"n_init": 2, "init": "random"}, {"min_cell_rows": 40}, {"init": "pca", "n_fine": 1}),
    effects={
        "n_coarse": ({}, 2, 3),
        "n_fine": ({}, 2, 4),
        "min_cell_rows": ({}, 1, 45),
        "init": ({"max_iter": 1}, "pca", "random"),
        "n_init": ({"init": "random", "max_iter": 1}, 1, 9),
        "max_iter": ({"init": "random"}, 1, 4),
        "tol": ({"init": "random", "max_iter": 50}, 0.0, 10.0),
        "random_state": ({"init": "random", "max_iter": 1}, 0, 1),
    },
    expected_failures={
        "check_sample_weight_equivalence_on_dense_data": "k-means++ draws other rows from repeated ones; weights are "
        "tested beside"
    },
)
