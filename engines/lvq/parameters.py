"""The training parameters that gradient LVQ engines share, as dataclasses whose `__init__` the engines inherit.

An engine sets its own fields between those of the start and those of the descent, where a form should show them::

    @dataclass(eq=False, repr=False, kw_only=True)
    class MyOwn(TransferParameters): ...

    @dataclass(eq=False, repr=False)
    class MyParameters(DescentParameters, MyOwn, StartParameters): ...

    class Mine(MyParameters, GradientClassifier): ...

Fields come in the reverse order of the bases. Fitted attributes belong in the last class, which is no dataclass.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass

from engines.lvq import declarations as d


@dataclass(eq=False, repr=False)
class StartParameters:
    """Which prototypes there are, and where they begin.

    Parameters
    ----------
    prototypes_per_class : int, sequence of int or "auto"
        Prototypes of each class: one number, one for each class in sorted order, or "auto" for 10√C in all, no class
        more than it has rows.
    init : {"kmeans", "mean", "kmeans++", "random"} or array of shape (M, d)
        Start of the prototypes: means of a k-means within each class (with one prototype, the class mean), class means
        with a little noise, rows drawn by k-means++ or evenly, or given ones, those of the first class first.
    pinned : sequence of int or None
        Numbers of prototypes, in the order of `prototypes_`, that stay bit for bit at their start.
    """

    prototypes_per_class: d.PrototypesPerClass = 1
    _: KW_ONLY
    init: d.Init = "kmeans"
    pinned: d.Pinned = None


@dataclass(eq=False, repr=False, kw_only=True)
class TransferParameters:
    """What is made of the relative distance μ of a row, in costs of the GLVQ kind.

    Parameters
    ----------
    transfer : {"identity", "sigmoid", "swish", "relu"}
        φ: x, 1/(1 + exp(-βx)), x/(1 + exp(-βx)), max(0, x).
    beta : float or None
        β of sigmoid and swish; None is 8, so that rows near a border count most.
    margin : float
        Added to μ before φ.
    """

    transfer: d.Transfer = "sigmoid"
    beta: d.Beta = None
    margin: d.Margin = 0.0


@dataclass(eq=False, repr=False, kw_only=True)
class MetricParameters:
    """How a learned metric goes along with the prototypes.

    Parameters
    ----------
    metric_warmup : int or "auto"
        Iterations before the metric moves; "auto" until one lowers the cost by less than 1 %.
    metric_learning_rate : float or None
        α₀ of the metric ("adam", "sgd"); None is that of the prototypes.
    frozen : {"prototypes", "metric"} or None
        Part that stays bit for bit at its start.
    """

    metric_warmup: d.MetricWarmup = "auto"
    metric_learning_rate: d.MetricRate = None
    frozen: d.Frozen = None


@dataclass(eq=False, repr=False, kw_only=True)
class DescentParameters:
    """How the cost is descended; see `engines.optimize.Plan` for the optimizers and schedules.

    Parameters
    ----------
    solver : {"lbfgs", "adam", "sgd"}
        L-BFGS with a strong Wolfe line search on all rows; Adam; SGD. Prototypes move in units of the data's spread.
    max_iter : int
        Most iterations: updates on all rows, or epochs of mini-batches.
    tol, patience : float, int
        End after `patience` iterations that together lowered the watched cost by less than this share of it. The
        watched cost is that of the validation rows where there are any.
    restore_best : bool
        End with the arrays of the lowest watched cost.
    validation_fraction : float
        Share of the rows of each class drawn for validation, when `train` is given none.
    batch_size : int or None
        Rows of a batch ("adam", "sgd"); None is all rows.
    accumulate : int
        Batches whose gradients are averaged for one update.
    learning_rate : float or None
        α₀ of "adam" and "sgd"; None is 0.05.
    momentum : float
        Of "sgd".
    schedule, decay, schedule_steps
        How rates fall over the iterations.
    average : float
        Decay, at each update, of the exponential moving average of what is learned that becomes the model; 0 for none.
    class_weight : dict, "balanced" or None
        Weights by class value (or its text; 1 where left out); "balanced" gives all classes the same total.
    random_state : int, RandomState or None
    n_jobs : int or None
        Threads; None is all cores, -1 too. The result is the same, bit for bit.
    """

    solver: d.SolverName = "lbfgs"
    max_iter: d.MaxIter = 100
    tol: d.Tol = 1e-5
    patience: d.Patience = 10
    restore_best: d.RestoreBest = True
    validation_fraction: d.ValidationFraction = 0.0
    batch_size: d.BatchSize = None
    accumulate: d.Accumulate = 1
    learning_rate: d.LearningRate = None
    momentum: d.Momentum = 0.0
    schedule: d.ScheduleName = "constant"
    decay: d.Decay = None
    schedule_steps: d.ScheduleSteps = None
    average: d.Average = 0.0
    class_weight: d.ClassWeight = None
    random_state: d.Seed = None
    n_jobs: d.NJobs = None


@dataclass(eq=False, repr=False)
class GradientParameters(DescentParameters, StartParameters):
    """All that every gradient LVQ engine has."""
