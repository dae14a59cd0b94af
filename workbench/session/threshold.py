"""The threshold that is kept with a run: which rows its model shall not decide; how it is chosen, the views show."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from workbench.session.commands import Command, choosing_threshold
from workbench.session.dataset import SPLIT, Part
from workbench.session.errors import SessionError

if TYPE_CHECKING:
    from workbench.session.run import Run


@dataclass(frozen=True)
class Threshold:
    """Rows are rejected whose certainty (D⁻ - D⁺)/(D⁻ + D⁺) is below `value`.

    D⁺ and D⁻ are the squared distances of a row to the nearest prototype of all and of any other class; see
    `engines.lvq.reject.certainty`.

    Attributes
    ----------
    value : float
        From 0, which rejects none, to 1.
    part : {"train", "validation", "test"}
        The part it was chosen on.
    iteration : int
        Of the model it was chosen for.
    edition : int
        Number of the edition of the run that this model is of.
    """

    value: float
    part: Part
    iteration: int
    edition: int

    def to_json(self) -> dict[str, Any]:
        """This threshold as what JSON can hold."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Threshold:
        """The threshold that `to_json` gave."""
        return cls(**value)


def choosing(run: Run, value: float | None, part: str) -> Command | None:
    """The command that keeps a threshold with a run, or for None takes it away; None where that is so already.

    Raises
    ------
    SessionError
        If the engine tells no classes, the run has learned nothing, or the value or part is not possible.
    """
    chosen = None if value is None else _checked(run, value, part)
    kept = run.kept_threshold
    if chosen == kept:
        return None
    before, after = (None if one is None else one.to_json() for one in (kept, chosen))
    return choosing_threshold(run.id, run.name, before, after)


def _checked(run: Run, value: float, part: str) -> Threshold:
    """The threshold for the model that a run has now."""
    if not run.engine.supervised:
        raise SessionError(f"{run.engine.name} predicts no classes, so no row can be rejected: choose a classifier.")
    latest = run.latest
    if latest is None:
        raise SessionError(f"Run '{run.name}' has learned nothing yet: wait for its first iteration.")
    if not (math.isfinite(value) and 0 <= value <= 1):
        raise SessionError(f"A threshold of the relative certainty lies between 0 and 1, but {value!r} was given.")
    if part not in SPLIT:
        raise SessionError(f"A threshold is chosen on the part train, validation or test, but {part!r} was given.")
    if part == "test" and run.dataset.is_sealed:
        raise SessionError(
            f"The test part of '{run.dataset.name}' has not been looked at yet: choose the threshold on another part, "
            "or show the test part first."
        )
    return Threshold(float(value), part, latest.iteration, run.edition)
