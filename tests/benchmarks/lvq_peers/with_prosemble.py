"""prosemble (JAX) on a case of the LVQ benchmark: full-batch Adam in one compiled scan; in float32, its only type."""

from __future__ import annotations

from importlib.metadata import version

import jax
import numpy as np
from child import Case, Library, answer
from prosemble.core.activations import sigmoid_beta
from prosemble.models import GLVQ, GMLVQ, MedianLVQ


def library(case: Case) -> Library:
    of = version("prosemble")
    if case.engine == "MedianLVQ":
        return Library(of, trainings={"": lambda n: _median(case, n)})
    kind = {"GLVQ": GLVQ, "GMLVQ": GMLVQ}[case.engine]
    models = {
        n: kind(
            n_prototypes_per_class=case.per_class, max_iter=n, transfer_fn=sigmoid_beta, beta=2.0, optimizer="adam",
            epsilon=0.0,
        )
        for n in (case.short, case.long)
    }  # fmt: skip
    X, y = jax.numpy.asarray(case.X, "float32"), jax.numpy.asarray(case.y, "int32")
    labels = jax.numpy.asarray(case.labels, "int32")
    _, params, _ = models[case.short]._init_state(X, y, jax.random.PRNGKey(0))
    params["prototypes"] = jax.numpy.asarray(case.start, "float32")
    cost_and_gradient = jax.jit(models[case.short]._value_and_grad_fn)

    def evaluate() -> float:
        cost, gradient = cost_and_gradient(params, X, y, labels)
        jax.block_until_ready(gradient)
        return float(cost)

    def train(n_updates: int) -> tuple[int, np.ndarray]:
        model = models[n_updates].fit(X, y, initial_prototypes=case.start, initial_labels=labels)
        return n_updates, np.asarray(model.prototypes_)

    return Library(of, evaluate, {"adam": train})


def _median(case: Case, n_sweeps: int) -> tuple[int, np.ndarray]:
    model = MedianLVQ(case.per_class, max_iter=n_sweeps)
    model.fit(case.X, case.y, initial_prototypes=case.start)
    return int(model.n_iter_), np.asarray(model.prototypes_)


if __name__ == "__main__":
    answer(library)
