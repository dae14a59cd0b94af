"""Runs, sweeps and times in words for windows and notebooks; reads only what never waits for the project file."""

from __future__ import annotations

from engines import Snapshot
from workbench.session import Run, Search, Study, Sweep
from workbench.views.search import score_in_words
from workbench.views.wording import metric_title, number, percent

STATUS = {
    "queued": "waiting",
    "running": "running",
    "paused": "paused",
    "stopped": "stopped",
    "finished": "finished",
    "failed": "failed",
    "interrupted": "interrupted",
}


_TOLD = tuple(
    f"{score}_{part}" for score in ("accuracy", "quantization_error") for part in ("test", "validation", "train")
)
"""Figures of a run, the one that says most first."""
_MOST_NAMED = 8
KINDS = {"table": "a table", "image": "images", "spd": "SPD matrices", "dissimilarity": "dissimilarities"}


def status_words(work: Run | Study, place: int = 0) -> str:
    """One word or two on how far a run or a study is, or its `place` in the queue; of a finished study what it says."""
    progress = progress_of(work)
    if work.status == "running" and progress is not None:
        return f"{100 * progress:.0f} %"
    if isinstance(work, Sweep) and work.status == "finished":
        value = work.recommendation.value
        return "no clear number" if value is None else f"{value:,} recommended"
    if isinstance(work, Search) and work.status == "finished" and work.ranking.best is not None:
        return score_in_words(work.score, float(work.means[work.ranking.best - 1]))
    return f"waiting, no. {place}" if place and work.status == "queued" else STATUS[work.status]


def result_words(work: Run | Study) -> str:
    """What came of work that has ended, as the beginning of a sentence."""
    if work.status == "failed":
        return f"Failed: {work.error.rstrip('.')}"
    if isinstance(work, Search) and work.ranking.best is not None:
        return f"Finished: trial {work.ranking.best} is the best, with {work.score.title} {status_words(work)}"
    if isinstance(work, Study):
        return f"Finished: {status_words(work)}"
    for name in _TOLD:
        if name in work.metrics:
            value = work.metrics[name]
            return f"Finished: {metric_title(name)} {percent(value) if 'accuracy' in name else number(value)}"
    return "Finished"


def alarm_words(run: Run) -> str:
    """Why a run was paused, which rows that names, and what can be done; "" without an alarm."""
    alarm = run.alarm
    if alarm is None:
        return ""
    rows = ", ".join(f"{row:,}" for row in alarm.rows[:_MOST_NAMED])
    more = len(alarm.rows) - _MOST_NAMED
    named = f" Rows {rows}{f' and {more} more' if more > 0 else ''}." if rows else ""
    ways = " Resume goes on in spite of it; Stop keeps what was learned before." if run.status == "paused" else ""
    return f"Iteration {alarm.iteration:,}: {alarm.sentence}{named}{ways}"


def newest(run: Run) -> Snapshot | None:
    """The newest snapshot in memory; None for a run whose snapshots are still in the file only."""
    return run.mailbox.latest


def progress_of(work: Run | Study) -> float | None:
    """0 to 1 for a run with a known end, or a study, that is under way; None otherwise."""
    if isinstance(work, Study):
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
