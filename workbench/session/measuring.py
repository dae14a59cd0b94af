"""The job that measures how stable the metric of a run is: refit by refit, kept as it goes, and gone on with."""

from __future__ import annotations

import time
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING

from engines.training import Stopped, StopToken
from workbench.errors import Cancelled
from workbench.session.errors import SessionError
from workbench.session.jobs import Job
from workbench.session.run import Run
from workbench.session.stability import MeasuredStability
from workbench.session.worker import given_rows

if TYPE_CHECKING:  # imported where used: statistics take a while to import
    from engines.lvq.refits import Resampling

SAVE_SECONDS = 1.0


class Measuring:
    """The work of a job that measures the stability of a run's metric.

    A refit depends on its number alone, so what was begun goes on where it was left, unless the run has learned on
    since, or other refits are asked for.

    Parameters
    ----------
    run : Run
    resampling : Resampling
    """

    def __init__(self, run: Run, resampling: Resampling) -> None:
        self._run, self._resampling = run, resampling
        self._stop = StopToken()
        self._saved: Future[None] | None = None
        self._saved_at = time.monotonic()

    def stop(self) -> None:
        """End soon; what is measured stays."""
        self._stop.set()

    def __call__(self, job: Job[MeasuredStability]) -> MeasuredStability:
        """Make the refits that lack, and keep what they come to; raises Cancelled after a stop."""
        from engines.lvq.refits import refits

        run, how = self._run, self._resampling
        measured = self._begun()
        X, y, validation = given_rows(run, self._stop.is_set)
        began, before = time.perf_counter(), measured.seconds
        numbers = range(measured.stability.n_refits, how.n_refits)
        try:
            for refit in refits(run.model(), X, y, how, numbers, validation=validation, stop=self._stop):
                stability = measured.stability.and_refit(refit.matrix, refit.accuracy)
                seconds = before + time.perf_counter() - began
                measured = replace(measured, stability=stability, seconds=seconds)
                job.report(stability.n_refits / how.n_refits)
                self._keep(measured)
        except Stopped:
            raise Cancelled from None
        finally:
            self._keep(measured, wait=True)
        return measured

    def _begun(self) -> MeasuredStability:
        from engines.lvq.refits import metric_matrix
        from engines.lvq.stability import Stability

        run, how = self._run, self._resampling
        known = run.stability
        if known is not None and known.resampling == how:
            return known
        latest = run.latest
        assert latest is not None
        return MeasuredStability(how, Stability.of(metric_matrix(run.model())), latest.iteration)

    def _keep(self, measured: MeasuredStability, *, wait: bool = False) -> None:
        """Show it, and write it to the file: at the end, and about once a second before."""
        if not measured.stability.n_refits:
            return
        self._run.put_stability(measured)
        if not wait and (time.monotonic() - self._saved_at < SAVE_SECONDS or (self._saved and not self._saved.done())):
            return
        self._saved = self._run.file.save_stability(measured.to_bundle())
        self._saved_at = time.monotonic()
        if wait:
            self._saved.result()


def measuring(run: Run, scheme: str, n_refits: int, seed: int) -> Job[MeasuredStability]:
    """The job, for the queue, that measures a run's stability; the run knows of it.

    Raises
    ------
    SessionError
        If the run is not at rest, has learned no metric or is measured already, or other refits are asked for than
        there can be.
    """
    from engines.lvq.refits import Resampling, metric_matrix

    if run.is_measured:
        raise SessionError(f"The stability of run '{run.name}' is being measured already.")
    if run.active:
        raise SessionError(f"Run '{run.name}' is {run.status}: wait until it has ended, or stop it.")
    try:
        resampling = Resampling(scheme, n_refits, seed)  # type: ignore[arg-type]  # it says which there are
        metric_matrix(run.model())
    except ValueError as error:
        raise SessionError(str(error)) from None
    work = Measuring(run, resampling)
    run.measuring = Job(f"Stability of {run.name}", "training", work, work.stop)
    return run.measuring
