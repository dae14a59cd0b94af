"""Where a run or a study is, for the bar above its pictures, and what its buttons do."""

from __future__ import annotations

from typing import Any

from workbench.session import Run, Study
from workbench.views.run_words import STATUS, alarm_words, duration, progress_of


def possible(work: Run | Study) -> tuple[str, ...]:
    """Names of the methods of `work` that are of use now."""
    if not work.active:
        return ("resume",) if work.resumable else ()
    if isinstance(work, Study):
        return ("stop",)
    held = work.control.paused
    return ("resume" if held else "pause", "step", "stop")


def obey(work: Run | Study, what: str) -> None:
    """Do what a button says, if that is of use now."""
    if what in possible(work):
        getattr(work, what)()


def standing(work: Run | Study | None) -> dict[str, Any]:
    """Where it is, as facts for the browser; of nothing, the same facts empty."""
    if work is None:
        return {"status": "", "words": "", "progress": None, "alarm": "", "can": []}
    words = [STATUS[work.status]]
    if isinstance(work, Run) and (snapshot := work.latest) is not None:
        of = f" of {snapshot.n_iterations:,}" if snapshot.n_iterations else ""
        words.append(f"iteration {snapshot.iteration:,}{of}")
    if work.seconds >= 1:
        words.append(duration(work.seconds))
    left = work.seconds_left
    if work.status == "running" and left is not None:
        words.append(f"at most {duration(left)} left")
    return {
        "status": work.status,
        "words": " · ".join(words),
        "progress": progress_of(work),
        "alarm": alarm_words(work) or work.error if isinstance(work, Run) else "",
        "can": list(possible(work)),
    }
