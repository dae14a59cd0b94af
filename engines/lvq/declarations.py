"""Parameters that LVQ engines share, declared once, and the checks that need several of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray

from engines.lvq.learner import Descent
from engines.optimize import Plan, Schedule, Solver
from engines.parameters import Param, RandomState

PrototypesPerClass = Annotated[
    int | tuple[int, ...] | Literal["auto"],
    Param("prototypes of each class: one number, one for each class, or auto (10√C in all)", low=1),
]
Init = Annotated[
    Literal["kmeans", "mean", "kmeans++", "random"] | NDArray[Any],
    Param("where the prototypes start: a method, or an array (prototypes, features)"),
]
Pinned = Annotated[
    tuple[int, ...] | None,
    Param("numbers of prototypes that stay at their start, counted from 0", low=0, advanced=True),
]
MaxIter = Annotated[int, Param("most iterations; one is an update on all rows, or an epoch of batches", low=1)]
Tol = Annotated[float, Param("relative fall of the cost that counts as progress", low=0)]
Patience = Annotated[int, Param("iterations without progress before the end", low=1)]
RestoreBest = Annotated[bool, Param("end at the iteration of the lowest (validation) cost, not at the last")]
ValidationFraction = Annotated[
    float, Param("share of the rows, drawn by class, to watch progress on and not learn from", 0, 1, open_high=True)
]
Transfer = Annotated[
    Literal["identity", "sigmoid", "swish", "relu"], Param("transfer function φ of the relative distance μ")
]
Beta = Annotated[float | None, Param("steepness β of sigmoid and swish; none is 8", low=0, open_low=True)]
Margin = Annotated[float, Param("added to μ before φ: rows are pushed to a margin of this size", -1, 1)]
MetricWarmup = Annotated[
    int | Literal["auto"], Param("iterations before the metric moves; auto: until prototypes have settled", 0)
]
Frozen = Annotated[Literal["prototypes", "metric"] | None, Param("part of the model that stays at its start")]
ClassWeight = Annotated[
    dict[Any, float] | Literal["balanced"] | None,
    Param("weight of each class, by its name; balanced gives all the same total"),
]
SolverName = Annotated[Solver, Param("optimizer: L-BFGS on all rows, or Adam or SGD on batches")]
BatchSize = Annotated[int | None, Param("rows of a batch; none is all rows (adam and sgd)", low=1)]
Accumulate = Annotated[int, Param("batches whose gradients make one update", low=1, advanced=True)]
LearningRate = Annotated[
    float | None,
    Param("learning rate in units of the data's spread (adam and sgd); none is 0.05", low=0, open_low=True),
]
MetricRate = Annotated[
    float | None,
    Param("learning rate of the metric; none is that of the prototypes", low=0, open_low=True, advanced=True),
]
Momentum = Annotated[float, Param("momentum of sgd", 0, 1, open_high=True, advanced=True)]
ScheduleName = Annotated[Schedule, Param("how the learning rate falls over the iterations", advanced=True)]
Decay = Annotated[
    float | None,
    Param("rate of the hyperbolic or exponential schedule, power of polynomial, factor of piecewise", 0, advanced=True),
]
ScheduleSteps = Annotated[
    int | tuple[int, ...] | None,
    Param("iterations of warm-up, first period of restarts, or where piecewise falls", low=1, advanced=True),
]
Average = Annotated[
    float, Param("decay of the moving average that is kept instead of the last update; 0 is none", 0, 1, open_high=True)
]
NJobs = Annotated[int | None, Param("threads; none is all cores", advanced=True)]
Seed = Annotated[RandomState, Param("seed of all random draws", low=0, advanced=True)]

DEFAULT_RATE, DEFAULT_BETA = 0.05, 8.0


def descent_of(engine: Any, *, has_validation: bool) -> Descent:
    """How to learn, from the parameters of a gradient engine.

    Raises
    ------
    ValueError
        If a parameter was set that has no effect beside the others.
    """
    name = type(engine).__name__
    if engine.solver == "lbfgs":
        for unused in ("batch_size", "learning_rate"):
            if getattr(engine, unused) is not None:
                raise ValueError(f"{name}: {unused} has no effect with solver='lbfgs': leave it out.")
    if engine.accumulate > 1 and engine.batch_size is None:
        raise ValueError(f"{name}: accumulate has no effect without batch_size: leave it at 1.")
    if engine.validation_fraction > 0 and has_validation:
        raise ValueError(f"{name}: validation rows were given, so validation_fraction must be 0.")
    steps = engine.schedule_steps
    rate = DEFAULT_RATE if engine.learning_rate is None else float(engine.learning_rate)
    rates = {"prototypes": rate, "metric": rate}
    warmup: int | None = 0
    frozen = None
    if hasattr(engine, "metric_warmup"):
        if engine.metric_learning_rate is not None:
            rates["metric"] = float(engine.metric_learning_rate)
        warmup = None if engine.metric_warmup == "auto" else int(engine.metric_warmup)
        frozen = engine.frozen
        _check_metric(engine, name)
    return Descent(
        plan=Plan(
            solver=engine.solver,
            rates=rates,
            n_iterations=int(engine.max_iter),
            momentum=float(engine.momentum),
            schedule=engine.schedule,
            decay=None if engine.decay is None else float(engine.decay),
            steps=() if steps is None else tuple(int(step) for step in np.atleast_1d(steps)),
            average=float(engine.average),
        ),
        tol=float(engine.tol),
        patience=int(engine.patience),
        restore_best=bool(engine.restore_best),
        batch_size=None if engine.batch_size is None else int(engine.batch_size),
        accumulate=int(engine.accumulate),
        metric_warmup=warmup,
        frozen=frozen,
        pinned=(),
        validation_fraction=float(engine.validation_fraction),
    )


def _check_metric(engine: Any, name: str) -> None:
    if engine.metric_learning_rate is not None and engine.solver == "lbfgs":
        raise ValueError(f"{name}: metric_learning_rate has no effect with solver='lbfgs': leave it out.")
    if engine.pinned is not None and engine.frozen == "prototypes":
        raise ValueError(f"{name}: pinned has no effect with frozen='prototypes': leave it out.")
    if engine.metric_learning_rate is not None and engine.frozen is not None:
        raise ValueError(f"{name}: metric_learning_rate has no effect with frozen={engine.frozen!r}: leave it out.")


def pinned_of(engine: Any, n_prototypes: int) -> tuple[int, ...]:
    """The numbers of the prototypes that are to stay; raises ValueError where there is no such prototype."""
    pinned = () if engine.pinned is None else tuple(sorted({int(number) for number in engine.pinned}))
    if pinned and pinned[-1] >= n_prototypes:
        raise ValueError(
            f"{type(engine).__name__}: pinned names the prototype {pinned[-1]}, but there are {n_prototypes}, "
            "counted from 0."
        )
    return pinned


def steepness(engine: Any) -> float:
    """β; raises ValueError where the transfer function has none, or where a margin changes nothing."""
    name = type(engine).__name__
    if engine.beta is not None and engine.transfer not in ("sigmoid", "swish"):
        raise ValueError(f"{name}: beta has no effect with transfer={engine.transfer!r}: leave it out.")
    if engine.margin != 0 and engine.transfer == "identity":
        raise ValueError(f"{name}: margin has no effect with transfer='identity': leave it at 0.")
    return DEFAULT_BETA if engine.beta is None else float(engine.beta)
