"""How a run or a study comes into the queue, and what becomes of it when it is cancelled there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from workbench.session.control import Control
from workbench.session.jobs import Job, JobQueue
from workbench.session.run import Run
from workbench.session.search import Search
from workbench.session.study import Study
from workbench.session.sweep import Sweep
from workbench.session.worker import Worker, mark_stopped


def launch(
    work: Run | Study,
    queue: JobQueue,
    is_closing: Callable[[], bool],
    changing: AbstractContextManager[Any],
    *,
    paused: bool = False,
) -> None:
    """Queue `work`, unless it is queued or running already; with `paused` it holds before its first step.

    It is taken up under the lock `changing`, so that nobody edits it then.
    """
    with changing:
        if work.active and work.job is not None:
            return
        job: Job[Any] = Job(work.name, "training", _worker(work, is_closing), lambda: _cancelled(work, job))
        work.control = Control()
        if paused:
            work.control.pause()
        work.job = job
        work.status = "queued"
    work.become("queued")
    queue.submit(job)


def _worker(work: Run | Study, is_closing: Callable[[], bool]) -> Callable[[Job[Any]], object]:
    if isinstance(work, Run):
        return Worker(work, is_closing)
    if isinstance(work, Search):
        from workbench.session.searching import Searcher  # only here, as below: these take a while to import

        return Searcher(work)
    assert isinstance(work, Sweep)
    from workbench.session.sweeping import Sweeper

    return Sweeper(work)


def withdraw(work: Run | Study) -> None:
    """Let work on which nobody works be stopped, also in the file."""
    if isinstance(work, Study):
        work.withdraw()
    else:
        mark_stopped(work)


def _cancelled(work: Run | Study, job: Job[Any]) -> None:
    work.control.stop()
    if job.status == "cancelled":
        withdraw(work)
