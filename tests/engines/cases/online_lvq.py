"""What the cases of online LVQ engines have in common."""

QUICK = {"max_iter": 5, "tol": 0.0, "patience": 99, "restore_best": False, "random_state": 0}
EFFECTS = {
    "prototypes_per_class": ({}, 1, 2),
    "init": ({"prototypes_per_class": 2}, "kmeans", "random"),
    "pinned": ({}, None, (0,)),
    "max_iter": ({}, 5, 1),
    "tol": ({}, 0.0, 10.0),
    "patience": ({"max_iter": 60}, 99, 1),
    "restore_best": ({"max_iter": 30}, True, False),
    "class_weight": ({}, None, {0: 5.0}),
    "random_state": ({}, 0, 1),
}
SCHEDULE = {
    "rate": ({}, "hyperbolic", "exponential"),
    "initial_rate": ({}, 0.1, 0.02),
    "decay": ({}, 0.1, 1.0),
}
REPEATED = {
    "check_sample_weight_equivalence_on_dense_data": "repeated rows are shuffled otherwise; rows in a given order are "
    "equal and are tested beside"
}
