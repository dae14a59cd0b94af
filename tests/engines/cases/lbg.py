"""How LBG is tried."""

from case import Case

CASE = Case(
    quick={"n_clusters": 5, "max_iter": 4},
    variants=({}, {"tol": 0.0, "n_clusters": 8}, {"epsilon": 3.0}),
    effects={
        "n_clusters": ({}, 3, 5),
        "epsilon": ({"max_iter": 1}, 0.01, 1.0),
        "max_iter": ({"tol": 0.0}, 1, 4),
        "tol": ({"max_iter": 50}, 0.0, 0.3),
    },
)
