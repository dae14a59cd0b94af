"""How MiniBatchKMeans is tried."""

from case import Case

CASE = Case(
    quick={"n_clusters": 4, "batch_size": 30, "max_iter": 4, "tol": 0.0, "patience": 99, "random_state": 0},
    variants=({"init": "random"}, {"init": "pca", "reassignment_ratio": 0.9}, {"tol": 0.3, "patience": 3}),
    effects={
        "n_clusters": ({}, 3, 5),
        "batch_size": ({}, 20, 30),
        "init": ({"max_iter": 1}, "pca", "random"),
        "max_iter": ({}, 1, 4),
        "tol": ({"patience": 1, "max_iter": 9}, 0.0, 0.9),
        "patience": ({"tol": 0.9, "max_iter": 9}, 1, 4),
        "reassignment_ratio": ({"init": "random"}, 0.0, 0.9),
        "random_state": ({"init": "pca"}, 0, 1),
    },
    expected_failures={
        "check_sample_weight_equivalence_on_dense_data": "repeated rows are drawn more often, weighty ones count more; "
        "batch by batch the equivalence holds and is tested beside"
    },
)
