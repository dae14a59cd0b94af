"""DeepVQ in the contract suite."""

from case import Case

MPEC, SIGN = {"method": "mpec"}, {"method": "sign"}
CASE = Case(
    quick={
        "n_bits": 6,
        "hidden": (8,),
        "max_iter": 4,
        "batch_size": 32,
        "device": "cpu",
        "random_state": 0,
    },
    variants=(
        {"group_bits": (4, 2), "pretrain_iter": 1, "max_iter": 2},
        {"method": "sign", "precision": "mixed", "pretrain_iter": 1, "max_iter": 2},
        {
            "method": "mpec",
            "decoder": "tied",
            "solver": "sgd",
            "learning_rate": 0.05,
            "hidden": (6, 6),
            "residual": True,
        },
        {"method": "mpec", "penalty": "squared", "hidden": (7, 5), "activation": "tanh", "max_iter": 3},
    ),
    effects={
        "n_bits": ({}, 4, 6),
        "method": ({}, "sign", "product"),
        "preset": (
            {"method": "auto", "hidden": (512, 512), "batch_size": None, "max_iter": 30, "n_bits": 4},
            "none",
            "paper",
        ),
        "bits": (SIGN, "bernoulli", "reinmax"),
        "hidden": ({}, (8,), (8, 6)),
        "activation": ({}, "gelu", "relu"),
        "residual": ({"hidden": (8, 8)}, False, True),
        "noise": ({}, 0.0, 0.3),
        "shift": ({"image_shape": (2, 2)}, 1, 2),
        "image_shape": ({"shift": 1}, (2, 2), (4, 1)),
        "decoder": ({}, "tied", "untied"),
        "pretrain_iter": ({}, 0, 1),
        "max_iter": ({}, 2, 4),
        "batch_size": ({}, 16, 32),
        "solver": ({}, "adam", "sgd"),
        "learning_rate": ({}, 1e-3, 1e-2),
        "momentum": ({"solver": "sgd"}, 0.0, 0.9),
        "schedule": ({}, "cosine", "constant"),
        "clip": ({"solver": "sgd"}, 1e-3, None),
        "penalty": (MPEC, "exact", "squared"),
        "rho": ({**MPEC, "learning_rate": 0.05}, 1e-3, 50.0),
        "rho_growth": ({**MPEC, "learning_rate": 0.05}, 1.0, 8.0),
        "code_iter": ({**MPEC, "learning_rate": 0.05}, 1, 12),
        "gamma": (MPEC, 0.0, 3.0),
        "spread": (SIGN, 0.2, 1.0),
        "chain": (SIGN, 1, 3),
        "group_bits": ({}, (3, 3), (4, 2)),
        "group_width": ({}, 2, 3),
        "decay": ({}, 0.5, 0.99),
        "beta": ({}, 0.1, 1.0),
        "revive": ({"group_bits": (6,), "decay": 0.5}, 0.0, 0.9),
        "precision": ({}, "full", "mixed"),
        "random_state": ({}, 0, 1),
    },
    wide={"hidden": (4,)},
    expected_failures={
        "check_sample_weight_equivalence_on_dense_data": "repeated rows fall into several batches, weighty ones count "
        "more in one, and batch statistics count each row once"
    },
)
