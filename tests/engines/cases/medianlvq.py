"""How MedianLVQ is tried."""

from case import Case

CASE = Case(
    quick={"init": "random", "n_init": 1, "random_state": 0},
    variants=(
        {"prototypes_per_class": 3, "transfer": "sigmoid", "n_init": 1, "random_state": 1},
        {"metric": "mahalanobis", "n_init": 3, "init": "kmeans++"},
        {"prototypes_per_class": (1, 3, 2), "pinned": (0, 4), "n_init": 2},
    ),
    effects={
        "prototypes_per_class": ({}, 1, 2),
        "metric": ({}, "sqeuclidean", "cityblock"),
        "metric_params": ({"metric": "minkowski"}, None, {"p": 9}),
        "init": ({"max_iter": 1, "n_init": 1}, "random", "medoids"),
        "pinned": ({}, None, (1,)),
        "transfer": ({"prototypes_per_class": 3}, "identity", "sigmoid"),
        "beta": ({"prototypes_per_class": 3, "transfer": "sigmoid"}, None, 0.1),
        "n_init": ({"max_iter": 1, "prototypes_per_class": 3}, 1, 9),
        "max_iter": ({"prototypes_per_class": 3, "n_init": 1}, 1, 50),
        "class_weight": ({}, None, {0: 50.0}),
        "random_state": ({"prototypes_per_class": 4, "n_init": 1}, 0, 1),
    },
)
