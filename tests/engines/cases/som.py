"""How SOM is tried."""

from case import Case

CASE = Case(
    quick={"shape": (3, 4), "max_iter": 5, "random_state": 0},
    variants=(
        {"mode": "online", "init": "random", "topology": "hexagonal"},
        {"toroidal": True, "neighbourhood": "bubble", "annealing": 0.4, "tol": 0.0},
        {"mode": "online", "neighbourhood": "mexican_hat", "sigma_start": 1.0, "learning_rate_start": 0.05},
    ),
    effects={
        "shape": ({}, (3, 4), (4, 3)),
        "topology": ({}, "rectangular", "hexagonal"),
        "toroidal": ({}, False, True),
        "mode": ({}, "batch", "online"),
        "neighbourhood": ({}, "gaussian", "bubble"),
        "init": ({"max_iter": 1}, "pca", "random"),
        "sigma_start": ({}, 1.0, 2.0),
        "sigma_end": ({}, 0.5, 0.3),
        "sigma_schedule": ({"sigma_start": 2.0}, "exponential", "linear"),
        "learning_rate_start": ({"mode": "online"}, 0.5, 0.3),
        "learning_rate_end": ({"mode": "online"}, 0.01, 0.1),
        "learning_rate_schedule": ({"mode": "online"}, "exponential", "hyperbolic"),
        "annealing": ({}, 1.0, 0.4),
        "max_iter": ({}, 2, 5),
        "tol": ({"max_iter": 40}, 0.0, 10.0),
        "random_state": ({"init": "random"}, 0, 1),
    },
)
