"""What the online engines of the LVQ family share as estimators: parameters, their learner, `partial_fit`."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from engines.base import check_sample_weight, generator
from engines.blocks import resolve_jobs
from engines.clustering.competitive import Schedule
from engines.lvq import declarations as d
from engines.lvq.classifier import PrototypeClassifier
from engines.lvq.epochs import Roster, epoch, placed, survey_field
from engines.lvq.gaps import hold
from engines.lvq.labels import LabelledRows, check_labels, codes_of, encode_labels, prototype_counts, row_weights
from engines.lvq.rules import Rule
from engines.lvq.sequential import Plan, SequentialLearner
from engines.parameters import Param, check_all
from engines.training import Learner, StopToken


@dataclass(eq=False, repr=False, kw_only=True)
class ScheduleParameters:
    """How the rate α(t) falls, where t counts epochs and passes within them.

    Parameters
    ----------
    rate : {"hyperbolic", "exponential"}
        α₀/(1 + βt) or α₀ exp(−βt).
    initial_rate : float
        α₀, at most 1.
    decay : float
        β per epoch; 0 keeps the rate constant.
    """

    rate: Annotated[Literal["hyperbolic", "exponential"], Param("how the learning rate falls with time")] = "hyperbolic"
    initial_rate: Annotated[float, Param("learning rate at the start", low=0, high=1, open_low=True)] = 0.05
    decay: Annotated[float, Param("how fast the learning rate falls, per epoch", low=0)] = 0.1

    @property
    def _schedule(self) -> Schedule:
        return Schedule(self.rate, float(self.initial_rate), float(self.decay))


@dataclass(eq=False, repr=False, kw_only=True)
class EpochParameters:
    """When learning ends, how classes and rows count.

    Parameters
    ----------
    max_iter : int
        Most epochs.
    tol : float
        End when the squared shift of all prototypes over an epoch is at most this share of the mean column variance.
    patience : int
        End after so many epochs in turn without a higher accuracy, on the validation rows where there are any. Rows
        count by their weights.
    restore_best : bool
        End with the prototypes of the highest such accuracy, of equal ones with those of the lowest cost.
    class_weight : dict, "balanced" or None
        Weights by class value (or its text; 1 where left out); "balanced" gives all classes the same total.
    random_state : int, RandomState or None
    n_jobs : int or None
        Threads of everything but the learning itself; None is all cores, -1 too.
    """

    max_iter: Annotated[int, Param("most epochs", low=1)] = 100
    tol: Annotated[float, Param("shift that counts as none, squared, relative to the mean column variance", low=0)] = (
        1e-6
    )
    patience: Annotated[int, Param("epochs without a higher accuracy before the end", low=1)] = 20
    restore_best: Annotated[bool, Param("end at the epoch of the highest (validation) accuracy, not at the last")] = (
        True
    )
    class_weight: d.ClassWeight = None
    random_state: d.Seed = None
    n_jobs: d.NJobs = None


class OnlineClassifier(PrototypeClassifier):
    """An engine whose labelled prototypes are moved by one row after another, as its `_rule` says.

    Nothing is batched or approximated: each row meets the prototypes as the row before left them. An epoch shows every
    row once, in an order newly drawn for each epoch. Prototypes are found, and moved, in the rows' own precision;
    equally near ones give way to the lowest index.

    A row of weight w (its sample weight times its class weight) moves a prototype by α_w = 1 − (1 − α)^w. Where it
    attracts, that is as far as w rows of its kind in turn would; where it repels, it is less, and at most as far as
    the row is away, however large w. A row of weight 0 is not there.

    Rows may lack values (NaN): they are compared, and move prototypes, in their observed features; a start puts the
    class's mean into the gaps. Rows are held in memory: a `RowSource` is read once.
    """

    prototypes_per_class: Any
    init: Any
    pinned: Any
    max_iter: int
    tol: float
    patience: int
    restore_best: bool
    class_weight: dict[Any, float] | Literal["balanced"] | None
    random_state: Any
    n_iter_: int

    @abstractmethod
    def _rule(self) -> Rule:
        """What a row does; raises ValueError if a parameter is unfit."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def partial_fit(self, X: Any, y: Any = None, classes: Any = None, sample_weight: Any = None) -> Self:
        """Learn from these rows once, in their order, going on from what is there.

        The first call places the prototypes by `init` among its rows. Each call counts as an epoch, also in the time
        by which the rate falls.

        Parameters
        ----------
        X : array-like of shape (n, d), or RowSource
        y : array-like of shape (n,)
        classes : array-like of shape (C,), optional
            On the first call: all classes that there will ever be, if these rows lack some, which then need an array
            as `init`.
        sample_weight : array-like of shape (n,), optional

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If a parameter, the rows, the labels or the weights are unfit, a class is new, `class_weight` is
            "balanced", which needs all rows at once, or prototypes leave the data.
        """
        check_all(self)
        stop, n_jobs = StopToken(), resolve_jobs(self.n_jobs)
        first = not self.__sklearn_is_fitted__()
        data, known = self._part(X, y, classes, sample_weight, first)
        rows = hold(data, stop)
        field = survey_field(rows, len(known), n_jobs=n_jobs, stop=stop)
        rule, rng = self._rule(), generator(self.random_state)
        if first:
            roster = self._roster(known, prototype_counts(self.prototypes_per_class, data.codes, known))
            prototypes = placed(self.init, roster, rows, field, rng)
            rule = rule.of_rows(rows, rng, stop)
            memory, epochs = rule.memory(roster.size), 0
        else:
            roster = self._roster(known, np.bincount(codes_of(self.prototype_labels_, known), minlength=len(known)))
            prototypes = np.ascontiguousarray(self.prototypes_, rows.array.dtype)
            rule = rule.of_taken({name: getattr(self, name) for name in rule.TAKEN})
            memory = getattr(self, rule.MEMORY) if rule.MEMORY else rule.memory(roster.size)
            epochs = getattr(self, "n_iter_", 0)
        field = field.with_start(prototypes)
        prototypes, memory, _ = epoch(rule, roster, rows, None, prototypes, memory, epochs, stop)
        if field.lost(prototypes):
            raise ValueError(f"{type(self).__name__}: the prototypes leave the data: take a lower rate.")
        self.adopt({"prototypes_": prototypes, **roster.labels, **rule.learned(memory), "n_iter_": epochs + 1})
        return self

    def _part(self, X: Any, y: Any, classes: Any, sample_weight: Any, first: bool) -> tuple[LabelledRows, NDArray[Any]]:
        """Checked rows of one `partial_fit`, and all classes; those of weight 0 are not left out."""
        name = type(self).__name__
        if isinstance(self.class_weight, str):
            raise ValueError(f"{name}: class_weight='balanced' needs all rows at once: give a mapping to partial_fit.")
        rows = self._training_rows(X)[0] if first else self._new_rows(X)
        labels = check_labels(y, rows.shape[0], name)
        if first:
            every = labels if classes is None else np.asarray(classes)
            known = encode_labels(every, len(every), name)[0]
        else:
            known = self.classes_
        strangers = sorted({str(label) for label in np.setdiff1d(labels, known)})
        if strangers:
            raise ValueError(
                f"{name}: there are rows of the class {strangers[0]!r}, which is none of {known.tolist()}."
            )
        codes = codes_of(labels, known)
        weights = row_weights(self.class_weight, known, codes, check_sample_weight(sample_weight, len(codes)))
        return LabelledRows(rows, codes, weights, float(weights.mean())), known

    def _roster(self, classes: NDArray[Any], counts: NDArray[np.int64]) -> Roster:
        return Roster(classes, counts, d.pinned_of(self, int(counts.sum())))

    def _learner(self, X: Any, y: Any, sample_weight: Any, validation: tuple[Any, Any] | None) -> Learner:
        rule = self._rule()
        data, held_out, classes = self._labelled(X, y, sample_weight, self.class_weight, validation)
        plan = Plan(
            roster=self._roster(classes, prototype_counts(self.prototypes_per_class, data.codes, classes)),
            init=self.init,
            max_iter=int(self.max_iter),
            tol=float(self.tol),
            patience=int(self.patience),
            restore_best=bool(self.restore_best),
            n_jobs=resolve_jobs(self.n_jobs),
        )
        return SequentialLearner(rule, plan, data, held_out, generator(self.random_state))
