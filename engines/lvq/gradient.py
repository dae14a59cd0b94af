"""What gradient LVQ engines have in common as estimators: their learner; the cost is each engine's own `Problem`."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.base import generator
from engines.blocks import resolve_jobs
from engines.lvq import declarations as d
from engines.lvq.classifier import PrototypeClassifier
from engines.lvq.distance_cost import Start
from engines.lvq.field import Transfer
from engines.lvq.labels import prototype_counts
from engines.lvq.learned import LearnedMetric
from engines.lvq.learner import GradientLearner
from engines.lvq.problem import Problem
from engines.lvq.relative_cost import RelativeProblem
from engines.training import Learner


class GradientClassifier(PrototypeClassifier):
    """An engine of `GradientParameters` whose prototypes, and whatever else it learns, descend a cost."""

    class_weight: Any
    prototypes_per_class: Any
    random_state: Any
    n_iter_: int

    @abstractmethod
    def _problem(self, counts: NDArray[np.int64], n_features: int, dtype: np.dtype[Any]) -> Problem:
        """The cost, for so many prototypes of each class (C,) and rows of so many features.

        Raises
        ------
        ValueError
            If a parameter is unfit, or was set without effect.
        """

    def _learner(self, X: Any, y: Any, sample_weight: Any, validation: tuple[Any, Any] | None) -> Learner:
        descent = d.descent_of(self, has_validation=validation is not None)
        data, held_out, classes = self._labelled(X, y, sample_weight, self.class_weight, validation)
        counts = prototype_counts(self.prototypes_per_class, data.codes, classes)
        descent = replace(descent, pinned=d.pinned_of(self, int(counts.sum())))
        problem = self._problem(counts, data.rows.shape[1], data.rows.dtype)
        labels = {"prototype_labels_": np.repeat(classes, counts), "classes_": classes}
        return GradientLearner(problem, descent, data, held_out, labels, generator(self.random_state))


class RelativeClassifier(GradientClassifier):
    """An engine that has `TransferParameters` too, and minimises the relative distance μ; its rows may lack values."""

    init: Any
    transfer: Any
    margin: float

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _relative_problem(
        self,
        counts: NDArray[np.int64],
        learned: LearnedMetric,
        dtype: np.dtype[Any],
        kind: type[RelativeProblem] = RelativeProblem,
    ) -> RelativeProblem:
        return kind(
            Start(counts, self.init),
            learned,
            Transfer(self.transfer, d.steepness(self), float(self.margin)),
            learned.n_features,
            dtype,
            n_jobs=resolve_jobs(self.n_jobs),
            allow_nan=self._allows_nan,
        )
