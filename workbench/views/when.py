"""Moments that any run has, and which recorded snapshot of a run comes nearest to one; nothing of what is drawn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from engines.training import Snapshot

if TYPE_CHECKING:
    from workbench.session import Run

Measure = Literal["iteration", "share"]


@dataclass(frozen=True)
class When:
    """A moment, so that it can be looked up in more than one run.

    Attributes
    ----------
    at : float
        An iteration, or a share (0 to 1) of the iterations that a run has done.
    by : {"iteration", "share"}
    """

    at: float
    by: Measure = "iteration"

    def ordered(self, snapshots: Iterable[Snapshot], last: int) -> list[Snapshot]:
        """`snapshots` of a run that has come to the iteration `last`, the nearest first; of two as near the earlier."""

        def far(snapshot: Snapshot) -> tuple[float, int]:
            return abs(place_of(snapshot.iteration, last, self.by) - self.at), snapshot.iteration

        return sorted(snapshots, key=far)


def place_of(iteration: float, last: float, by: Measure) -> float:
    """Where an iteration lies in a run that has come to `last`; a run of its start alone is all of itself."""
    if by == "iteration":
        return float(iteration)
    return iteration / last if last > 0 else 1.0


def recorded_near(run: Run, when: When) -> Snapshot | None:
    """The recorded snapshot of `run` that is nearest to `when`; its newest one where none is recorded yet.

    Reads the project file. One that a run which goes on has taken out of its timeline meanwhile is passed over.
    """
    latest = run.latest
    if latest is None:
        return None
    found = when.ordered(run.snapshots(), latest.iteration)
    return next((snapshot for snapshot in found if snapshot.arrays), latest)
