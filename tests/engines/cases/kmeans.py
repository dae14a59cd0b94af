"""How KMeans is tried."""

from case import Case

CASE = Case(
    quick={"n_clusters": 4, "max_iter": 6, "random_state": 0},
    variants=({"n_init": 3, "init": "random", "tol": 0.0}, {"init": "pca"}, {"algorithm": "bisecting"}),
    effects={
        "n_clusters": ({}, 3, 5),
        "init": ({"max_iter": 1}, "pca", "random"),
        "n_init": ({"init": "random", "max_iter": 1, "n_clusters": 7, "random_state": 1}, 1, 9),
        "max_iter": ({"init": "random"}, 1, 4),
        "tol": ({"init": "random", "max_iter": 50}, 0.0, 10.0),
        "algorithm": ({}, "lloyd", "bisecting"),
        "random_state": ({"init": "random", "max_iter": 1}, 0, 1),
    },
    expected_failures={
        "check_sample_weight_equivalence_on_dense_data": "k-means++ draws other rows from repeated ones; with a "
        "given start the equivalence holds and is tested beside"
    },
)
