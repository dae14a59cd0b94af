"""A search for good parameters: what it is, what it says of its trials; `space` makes them, `searching` trains them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines import EngineInfo
from workbench.session.checks import check_run, check_size, complete_parameters, n_prototypes_of, trained_classes
from workbench.session.dataset import Dataset
from workbench.session.errors import SessionError
from workbench.session.evaluation import Score, score_of
from workbench.session.folds import check_folds
from workbench.session.run_facts import RunFacts
from workbench.session.space import Range, Space, check_space, trials_of
from workbench.session.study import Study, StudyFile, Table


@dataclass(frozen=True, eq=False)
class SearchPlan:
    """A search that can be made: everything checked and complete.

    Attributes
    ----------
    dataset : Dataset
    engine : EngineInfo
    space : dict
        Values or a range of each parameter that varies.
    parameters : dict
        All others, as JSON.
    trials : tuple of dict
        What varies, trial by trial, as JSON.
    scheme : {"grid", "random"}
    n_trials : int or None
        As asked for.
    folds, seed : int
    remarks : tuple of str
        Sentences for people.
    """

    dataset: Dataset
    engine: EngineInfo
    space: dict[str, list[Any] | Range]
    parameters: dict[str, Any]
    trials: tuple[dict[str, Any], ...]
    scheme: str
    n_trials: int | None
    folds: int
    seed: int
    remarks: tuple[str, ...]

    @property
    def n_trainings(self) -> int:
        return len(self.trials) * self.folds


def check_search(
    info: EngineInfo,
    dataset: Dataset,
    space: Space,
    parameters: Mapping[str, Any],
    *,
    scheme: str,
    n_trials: int | None,
    folds: int,
    seed: int,
) -> SearchPlan:
    """The search, if this engine can make it on this dataset.

    Raises
    ------
    SessionError
        If a parameter, a value, the number of trials or of folds, or the dataset does not fit.
    """
    wanted = check_space(info, space)
    for name in wanted:
        if name in parameters:
            raise SessionError(f"{name} is varied by the search and cannot have one value as well: leave one out.")
    trials = trials_of(wanted, scheme, n_trials, seed)
    values = complete_parameters(info, {**parameters, **trials[0]}, dataset)
    remarks = check_run(dataset, info, values)
    remarks += check_folds(dataset, info.supervised, folds)
    n_rows = dataset.n_in("train", labelled=info.supervised)
    n_classes = len(trained_classes(dataset)) if info.supervised else 0
    for trial in trials:
        words = f"{folds} folds of dataset '{dataset.name}' leave"
        check_size(info, {**values, **trial}, n_rows - math.ceil(n_rows / folds), n_classes, words)
    shared = {name: value for name, value in values.items() if name not in wanted}
    return SearchPlan(dataset, info, wanted, shared, trials, scheme, n_trials, folds, seed, remarks)


@dataclass(frozen=True)
class Ranking:
    """What the scores say.

    Attributes
    ----------
    order : tuple of int
        Trials that have a score, the best first.
    near : frozenset of int
        The best, and those whose mean is within one standard error of its own (Breiman, Friedman, Olshen and Stone,
        Classification and Regression Trees, 1984, section 3.4.3): the folds cannot tell them apart from it.
    simplest : int or None
        Of these the one with the fewest prototypes, the best of them where several have as few; None where nothing is
        known.
    """

    order: tuple[int, ...] = ()
    near: frozenset[int] = frozenset()
    simplest: int | None = None

    @property
    def best(self) -> int | None:
        """The trial with the best mean score."""
        return self.order[0] if self.order else None


class Search(Study):
    """Trainings of one engine on one dataset with several sets of parameters, judged by cross-validation.

    Attributes
    ----------
    space : dict
        Values or a `Range` of each parameter that varies.
    trials : tuple of dict
        What varies, as JSON: trial k, counted from 1, is `trials[k - 1]`. The keys of the study are these numbers.
    scheme : {"grid", "random"}
    folds, seed : int
        The rows are shuffled by `seed` before they are cut, and random trials drawn with it.
    score : Score
        What is measured of rows that are held out.
    """

    noun = "trial"

    def __init__(
        self,
        id: str,
        name: str,
        engine: EngineInfo,
        trials: tuple[dict[str, Any], ...],
        parameters: dict[str, Any],
        dataset: Dataset,
        facts: RunFacts,
        file: StudyFile,
        *,
        space: Mapping[str, list[Any] | Range],
        scheme: str,
        folds: int,
        seed: int,
        **state: Any,
    ) -> None:
        keys = tuple(range(1, len(trials) + 1))
        super().__init__(id, name, engine, keys, parameters, dataset, facts, file, **state)
        self.trials = trials
        self.space = dict(space)
        self.scheme = scheme
        self.folds = folds
        self.seed = seed
        self._said: tuple[int, Ranking] | None = None

    @cached_property
    def score(self) -> Score:
        return score_of(self.engine)

    @property
    def means(self) -> NDArray[np.float64]:
        """(n_trials,) mean score over the folds; NaN where there is none."""
        means: NDArray[np.float64] = self.table["scores"].mean(axis=1)
        return means

    @property
    def deviations(self) -> NDArray[np.float64]:
        """(n_trials,) standard deviation of the score over the folds, with the divisor `folds` - 1."""
        deviations: NDArray[np.float64] = self.table["scores"].std(axis=1, ddof=1)
        return deviations

    @property
    def standard_errors(self) -> NDArray[np.float64]:
        """(n_trials,) of the mean: `deviations` by the root of the number of folds."""
        return self.deviations / math.sqrt(self.folds)

    @property
    def ranking(self) -> Ranking:
        """What the scores say so far; computed once for each state of the table."""
        sequence, said = self.sequence, self._said
        if said is None or said[0] != sequence:
            said = self._said = sequence, self._rank()
        return said[1]

    def parameters_with(self, trial: int) -> dict[str, Any]:
        """The parameters of a run like this trial."""
        if trial not in self.keys:
            raise SessionError(f"Search '{self.name}' has no trial {trial}; its trials are 1 to {len(self.keys)}.")
        return {**self.parameters, **self.trials[trial - 1]}

    def run_name(self, trial: int) -> str:
        return f"{self.engine.name} {trial} of {self.name}"

    def choice(self) -> int:
        """The best trial; raises SessionError if none has a score."""
        best = self.ranking.best
        if best is None:
            raise SessionError(f"Search '{self.name}' has measured no trial yet: say which one to train, or wait.")
        return best

    def n_prototypes(self, trial: int) -> int | None:
        """How many prototypes a trial asks for; None where its parameters do not tell."""
        return n_prototypes_of(self.parameters_with(trial), len(self.dataset.classes))

    def _rank(self) -> Ranking:
        means, errors = self.means, self.standard_errors
        losses = -means if self.score.higher else means
        known = np.flatnonzero(np.isfinite(losses))
        if not len(known):
            return Ranking()
        order = [int(k) + 1 for k in known[np.argsort(losses[known], kind="stable")]]
        best = order[0] - 1
        near = [trial for trial in order if losses[trial - 1] <= losses[best] + errors[best]]
        sizes = {trial: self.n_prototypes(trial) for trial in near}
        told = [trial for trial in near if sizes[trial] is not None]
        simplest = min(told, key=lambda trial: sizes[trial] or 0) if told else None
        return Ranking(tuple(order), frozenset(near), simplest)

    def _empty_table(self) -> Table:
        n = len(self.keys)
        return {"scores": np.full((n, self.folds), np.nan), "seconds": np.full(n, np.nan)}
