"""A search for the right count of prototypes: what it is, how far it is, what it says; `sweeping` measures."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from engines import EngineInfo
from workbench.session.checks import engine_arguments
from workbench.session.dataset import Dataset
from workbench.session.errors import SessionError
from workbench.session.run_facts import RunFacts
from workbench.session.study import Study, StudyFile, Table

if TYPE_CHECKING:
    from engines.choice import Recommendation

MOST_COUNTS = 200
SAMPLE_ROWS = 3000
"""Training rows that are judged where a criterion compares rows with each other, or trains on parts of them."""
REFERENCE_ROWS = 1000
REFERENCES = 3
"""Sets of rows without groups, of at most `REFERENCE_ROWS` each, from which the silhouette by chance is learned."""
REPEATS = 5
"""Splits of the sample in two halves, from which stability is learned."""


class Sweep(Study):
    """Trainings of one engine on one dataset with several counts of prototypes, measured by the same criteria.

    Attributes
    ----------
    counts : tuple of int
        What is tried, increasing; the keys of the study.
    """

    noun = "count"

    def __init__(
        self,
        id: str,
        name: str,
        engine: EngineInfo,
        counts: tuple[int, ...],
        parameters: dict[str, Any],
        dataset: Dataset,
        facts: RunFacts,
        file: StudyFile,
        **state: Any,
    ) -> None:
        super().__init__(id, name, engine, counts, parameters, dataset, facts, file, **state)
        self._said: tuple[int, Recommendation] | None = None

    @property
    def counts(self) -> tuple[int, ...]:
        return self.keys

    @property
    def recommendation(self) -> Recommendation:
        """The count to take, by what is measured so far, and why; computed once for each state of the table."""
        from engines.choice import recommend

        sequence, said = self.sequence, self._said
        if said is None or said[0] != sequence:
            said = self._said = sequence, recommend(self.counts, self.table, likelihood=self.has_likelihood)
        return said[1]

    @property
    def has_likelihood(self) -> bool:
        """Whether BIC and AIC are the engine's own."""
        return hasattr(self.engine.estimator, "bic")

    def parameters_with(self, count: int) -> dict[str, Any]:
        """The parameters of a run with this count."""
        return {**self.parameters, self.engine.count: count}

    def run_name(self, count: int) -> str:
        return f"{self.engine.name} {count} on {self.dataset.name}"

    def choice(self) -> int:
        """The count that is recommended; raises SessionError if none is."""
        value = self.recommendation.value
        if value is None:
            raise SessionError(f"Sweep '{self.name}' recommends no number: say which one to train.")
        return value

    def arguments_with(self, count: int, seed: int) -> dict[str, Any]:
        """The parameters with this count and, where the engine takes one, this seed, as the engine takes them."""
        parameters = self.parameters_with(count)
        if "random_state" in parameters:
            parameters["random_state"] = seed
        return engine_arguments(self.engine, parameters)

    def _empty_table(self) -> Table:
        from engines.choice import COLUMNS

        return {name: np.full(len(self.counts), np.nan) for name in COLUMNS}


def parse_counts(text: str) -> tuple[int, ...]:
    """Counts in words, e.g. "2:12" for 2 to 12, "10:50:10" for every tenth, "2,4,8", or a mixture of these.

    Raises
    ------
    SessionError
        If the text is none of these.
    """
    found: set[int] = set()
    try:
        for part in text.replace(" ", "").split(","):
            numbers = [int(number) for number in part.split(":")]
            if len(numbers) == 1:
                found.add(numbers[0])
            else:
                first, last, step = (*numbers, 1)[:3] if len(numbers) < 4 else numbers
                if step < 1 or last < first or (last - first) // step >= 10 * MOST_COUNTS:
                    raise ValueError
                found.update(range(first, last + 1, step))
    except ValueError:
        raise SessionError(
            f"The counts '{text}' are not understood: write 2:12 for 2 to 12, 10:50:10 for every tenth, or 2,4,8."
        ) from None
    return tuple(sorted(found))


def check_counts(info: EngineInfo, dataset: Dataset, counts: Iterable[int]) -> tuple[int, ...]:
    """The counts, increasing and without repetitions, if this engine can try them on this dataset.

    Raises
    ------
    SessionError
        If the engine has no count, or a count is not allowed, or there are fewer than two or too many.
    """
    if not info.count or info.supervised:
        raise SessionError(f"{info.title} has no single number of prototypes to choose: sweep another engine.")
    wanted = tuple(sorted(set(counts)))
    parameter = next(p for p in info.parameters if p.name == info.count)
    n_rows = dataset.n_in("train")
    for count in wanted:
        try:
            parameter.check(count, info.name)
        except ValueError as error:
            raise SessionError(str(error)) from None
        if count > n_rows:
            raise SessionError(
                f"{info.name} is to try {count:,} prototypes, but the training part of dataset '{dataset.name}' has "
                f"{n_rows:,} rows: try smaller numbers."
            )
    if not 2 <= len(wanted) <= MOST_COUNTS:
        raise SessionError(f"A sweep compares 2 to {MOST_COUNTS} counts, but {len(wanted)} were given.")
    return wanted
