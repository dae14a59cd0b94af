"""What the cases of auto-encoders with a latent codebook share."""

QUICK = {
    "n_latent": 3,
    "hidden": (8,),
    "max_iter": 4,
    "batch_size": 32,
    "device": "cpu",
    "random_state": 0,
}
EFFECTS = {
    "n_latent": ({}, 2, 3),
    "hidden": ({}, (8,), (8, 6)),
    "activation": ({}, "gelu", "relu"),
    "max_iter": ({}, 2, 4),
    "batch_size": ({}, 16, 32),
    "learning_rate": ({}, 1e-3, 1e-2),
    "schedule": ({}, "cosine", "constant"),
    "residual": ({"hidden": (8, 8)}, False, True),
    "precision": ({}, "full", "mixed"),
    "clip": ({}, 1e-3, None),
    "random_state": ({}, 0, 1),
}
FAILURES = {
    "check_sample_weight_equivalence_on_dense_data": "repeated rows fall into several batches, weighty ones count "
    "more in one, and batch statistics count each row once"
}
