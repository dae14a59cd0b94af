"""How the parameters are tried that gradient LVQ engines share."""

START = {
    "prototypes_per_class": ({}, 1, 2),
    "init": ({"prototypes_per_class": 2}, "kmeans", "random"),
    "pinned": ({}, None, (1,)),
}
TRANSFER = {
    "transfer": ({}, "identity", "sigmoid"),
    "beta": ({"transfer": "swish"}, None, 3.0),
    "margin": ({"transfer": "relu"}, 0.0, 0.5),
}
METRIC = {
    "metric_warmup": ({}, "auto", 0),
    "metric_learning_rate": ({"solver": "adam", "metric_warmup": 1}, None, 0.01),
    "frozen": ({}, None, "metric"),
}
OMEGA = {
    "rank": ({}, None, 2),
    "omega_init": ({}, "auto", "random"),
    "log_det": ({"metric_warmup": 0}, 0.0, 0.1),
}
DESCENT = {
    "solver": ({}, "lbfgs", "adam"),
    "max_iter": ({}, 6, 2),
    "tol": ({"max_iter": 60, "patience": 2}, 1e-4, 0.5),
    "patience": ({"max_iter": 60, "tol": 0.02}, 10, 1),
    "restore_best": ({"solver": "sgd", "learning_rate": 50.0}, True, False),
    "validation_fraction": ({}, 0.0, 0.3),
    "batch_size": ({"solver": "adam"}, None, 16),
    "accumulate": ({"solver": "adam", "batch_size": 16}, 1, 3),
    "learning_rate": ({"solver": "adam"}, None, 0.01),
    "momentum": ({"solver": "sgd"}, 0.0, 0.5),
    "schedule": ({"solver": "adam"}, "constant", "cosine"),
    "decay": ({"solver": "adam", "schedule": "hyperbolic"}, None, 1.0),
    "schedule_steps": ({"solver": "adam", "schedule": "piecewise"}, 2, (4, 5)),
    "average": ({"solver": "adam"}, 0.0, 0.9),
    "class_weight": ({}, None, {0: 5.0}),
    "random_state": ({"solver": "adam", "batch_size": 16}, 0, 1),
}
QUICK = {"max_iter": 6, "random_state": 0}
ON_BATCHES = {"solver": "adam", "batch_size": 16, "accumulate": 2, "schedule": "cosine"}
AVERAGED = {"solver": "sgd", "momentum": 0.5, "average": 0.9, "prototypes_per_class": 2}
