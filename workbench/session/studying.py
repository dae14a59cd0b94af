"""The work of a study's job, on the worker's thread: training after training is measured and kept."""

from __future__ import annotations

import logging
import math
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from engines.base import Engine
from workbench.errors import Cancelled, WorkbenchError
from workbench.session.errors import SessionError
from workbench.session.jobs import Job, one_sentence
from workbench.session.run_facts import RunStatus
from workbench.session.study import Study

logger = logging.getLogger(__name__)

SAVE_SECONDS = 1.0

Row = Mapping[str, float | NDArray[np.float64]]
S = TypeVar("S", bound=Study)
Ground = TypeVar("Ground")


class Studying(ABC, Generic[S, Ground]):
    """The work of a study's job.

    Everything random comes from the study's seed and the key, so a study that was stopped and resumed gives the same
    table as one that was not. What a subclass writes is `_prepare`, what all trainings are measured on, and
    `_figures`, the row of one of them.

    Parameters
    ----------
    study : Study
    """

    def __init__(self, study: S) -> None:
        self._study = study
        self._job: Job[S] | None = None
        self._done = 0.0  # of the present key, as a share
        self._saved: Future[None] | None = None
        self._saved_at = time.monotonic()

    def __call__(self, job: Job[S]) -> S:
        """Measure everything that is left; the study tells what came of it. Raises SessionError after a failure."""
        study, self._job = self._study, job
        began, before = time.perf_counter(), study.facts.seconds
        status: RunStatus = "finished"
        try:
            study.clock, study.done_before = time.monotonic(), len(study.measured) / len(study.keys)
            study.become("running")
            ground = self._prepare()
            for key in study.keys:
                if key not in study.measured:
                    self._measure(ground, key)
                    study.facts.seconds = before + time.perf_counter() - began
                    self._save("running")
        except Cancelled:
            status = "stopped"
        except Exception as error:
            logger.info("study %s failed", study.id, exc_info=True)
            raise SessionError(self._fail(error)) from error
        finally:
            study.control.detach()
        study.facts.seconds = before + time.perf_counter() - began
        if status == "finished" and len(study.failures) == len(study.keys):
            raise SessionError(
                self._fail(SessionError(f"No {study.noun} could be measured: {next(iter(study.failures.values()))}"))
            )
        self._save(status, wait=True)
        study.become(status)
        return study

    @abstractmethod
    def _prepare(self) -> Ground:
        """What all trainings are measured on; raises Cancelled."""

    @abstractmethod
    def _figures(self, ground: Ground, key: int) -> Iterator[Row]:
        """The row of the table, part after part; raises Cancelled."""

    def _measure(self, ground: Ground, key: int) -> None:
        """Train and judge one, and enter it; what cannot be measured is left out, with the reason."""
        began = time.perf_counter()
        row: dict[str, float | NDArray[np.float64]] = {}
        failure = ""
        self._done = 0.0
        try:
            for figures in self._figures(ground, key):
                row |= figures
        except Cancelled:
            raise
        except Exception as error:
            logger.info("%s %d of %s failed", self._study.noun, key, self._study.id, exc_info=True)
            failure = one_sentence(error)
        self._study.put(key, row | {"seconds": time.perf_counter() - began}, failure)

    def _train(self, model: Engine, X: Any, y: Any, share: float, what: str) -> dict[str, float]:
        """Train `model` to the end, as this `share` of the work on the present key; gives the figures of its last step.

        Raises
        ------
        SessionError
            If the cost is no number; `what` says with what.
        Cancelled
        """
        self._look()
        training = model.train(X, y)
        self._study.control.attach(training)
        last, base = None, self._done
        for last in training:
            if last.n_iterations:
                self._report(base + share * last.iteration / last.n_iterations)
        self._look()
        if last is None or not math.isfinite(last.cost):
            raise SessionError(f"{what} the cost became {last.cost if last else math.nan}.")
        self._report(base + share)
        self._done = base + share
        return dict(last.metrics)

    def _look(self) -> None:
        if self._study.control.stopping:
            raise Cancelled

    def _report(self, share: float) -> None:
        """Tell how far the study is: `share` of the present key, and all before."""
        if self._job is not None:
            self._job.report((len(self._study.measured) + min(1.0, share)) / len(self._study.keys))

    def _save(self, status: RunStatus, *, wait: bool = False, error: str = "") -> None:
        """Keep what is measured: at the end, and about once a second before."""
        study = self._study
        if not wait and (time.monotonic() - self._saved_at < SAVE_SECONDS or (self._saved and not self._saved.done())):
            return
        attributes = {
            "status": status,
            "error": error,
            "seconds": study.facts.seconds,
            "failures": {str(key): text for key, text in study.failures.items()},
        }
        if self._saved is not None:
            self._saved.result()
        self._saved = study.file.save(attributes, study.table)
        self._saved_at = time.monotonic()
        if wait:
            self._saved.result()

    def _fail(self, error: Exception) -> str:
        """Record a failure; gives the sentence."""
        sentence = str(error) if isinstance(error, WorkbenchError) else one_sentence(error)
        try:
            self._save("failed", wait=True, error=sentence)
        except WorkbenchError:
            logger.info("the failure of study %s could not be recorded", self._study.id, exc_info=True)
        self._study.become("failed", sentence)
        return sentence
