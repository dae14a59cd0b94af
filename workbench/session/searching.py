"""Measures a search on the worker's thread: each trial is trained on every fold and judged on what that holds out."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engines import ArrayRows
from workbench.errors import Cancelled
from workbench.session.checks import engine_arguments
from workbench.session.errors import SessionError
from workbench.session.evaluation import held_out_score
from workbench.session.folds import Folds
from workbench.session.jobs import one_sentence
from workbench.session.search import Search
from workbench.session.studying import Row, Studying


class Searcher(Studying[Search, Folds]):
    """The work of a search's job."""

    def _prepare(self) -> Folds:
        search = self._study
        return Folds(search.given, search.engine.supervised, search.folds, search.seed, lambda: search.control.stopping)

    def _figures(self, ground: Folds, key: int) -> Iterator[Row]:
        search = self._study
        scores = np.full(search.folds, np.nan)
        for k in range(search.folds):
            self._look()
            try:
                scores[k] = self._judge(ground, key, k)
            except Cancelled:
                raise
            except Exception as error:
                raise SessionError(f"On fold {k + 1}: {one_sentence(error)}") from error
        yield {"scores": scores}

    def _judge(self, folds: Folds, trial: int, k: int) -> float:
        """The score of a trial on the rows that fold `k` holds out."""
        search, fold = self._study, folds[k]
        model = search.engine.estimator(**engine_arguments(search.engine, search.parameters_with(trial)))
        self._train(model, fold.X, fold.y, 1 / search.folds, "With these parameters")
        rows = ArrayRows(fold.X_out) if isinstance(fold.X_out, np.ndarray) else fold.X_out
        score = held_out_score(model, search.score, rows, fold.y_out, lambda: search.control.stopping)
        if not np.isfinite(score):
            raise SessionError(f"the {search.score.title} became {score}.")
        return score
