"""Runs, sweeps and times in words for the window; reads only what never waits for the project file."""

from __future__ import annotations

from engines import Snapshot
from workbench.session import Run, Sweep

STATUS = {
    "queued": "waiting",
    "running": "running",
    "paused": "paused",
    "stopped": "stopped",
    "finished": "finished",
    "failed": "failed",
    "interrupted": "interrupted",
}


KINDS = {"table": "a table", "image": "images", "spd": "SPD matrices", "dissimilarity": "dissimilarities"}


def status_words(work: Run | Sweep) -> str:
    """One word or two on how far a run or a sweep is; of a finished sweep what it recommends."""
    progress = progress_of(work)
    if work.status == "running" and progress is not None:
        return f"{100 * progress:.0f} %"
    if isinstance(work, Sweep) and work.status == "finished":
        value = work.recommendation.value
        return "no clear number" if value is None else f"{value:,} recommended"
    return STATUS[work.status]


def newest(run: Run) -> Snapshot | None:
    """The newest snapshot in memory; None for a run whose snapshots are still in the file only."""
    return run.mailbox.latest


def progress_of(work: Run | Sweep) -> float | None:
    """0 to 1 for a run with a known end, or a sweep, that is under way; None otherwise."""
    if isinstance(work, Sweep):
        return work.progress if work.status == "running" else None
    run, snapshot = work, newest(work)
    if run.status not in ("running", "paused") or snapshot is None or not snapshot.n_iterations:
        return None
    return min(1.0, snapshot.iteration / snapshot.n_iterations)


def duration(seconds: float) -> str:
    """A time for people, e.g. "2 min 5 s"."""
    if seconds < 1:
        return "under 1 s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"
