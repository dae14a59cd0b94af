"""When the test part of a dataset was first shown, and how its runs stood then; what is shown, the dataset says."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from workbench.session.commands import Command, looking_first, moved_look
from workbench.session.errors import SessionError
from workbench.session.log import now

if TYPE_CHECKING:
    from workbench.session.dataset import Dataset
    from workbench.session.run import Run


@dataclass(frozen=True)
class RunThen:
    """How far a run had come.

    Attributes
    ----------
    edition, n_editions : int
        The one in force, and how many there were.
    seconds : float or None
        Spent learning with that edition; None while it was under way.
    threshold : JSON
        That was kept with it, or None.
    """

    edition: int
    n_editions: int
    seconds: float | None
    threshold: Any

    @classmethod
    def of(cls, run: Run) -> RunThen:
        """How far `run` is now."""
        kept = run.kept_threshold
        seconds = None if run.active else run.seconds
        return cls(run.edition, len(run.editions), seconds, None if kept is None else kept.to_json())


@dataclass(frozen=True)
class FirstLook:
    """The first look at a test part.

    Attributes
    ----------
    time : str
        ISO 8601; "" in projects that are older than this, where the part could be seen from the start.
    runs : dict of str to RunThen
        All runs on the dataset that had been started, by id, deleted ones too.
    """

    time: str = ""
    runs: Mapping[str, RunThen] = field(default_factory=dict)

    @property
    def is_recorded(self) -> bool:
        """Whether it is known when that was."""
        return bool(self.time)

    def is_before(self, other: FirstLook) -> bool:
        """Whether it was before the other one; one that was not recorded was before all that were."""
        return _seconds(self.time) < _seconds(other.time)

    def since(self, run: Run) -> tuple[str, ...]:
        """What was done to a run on the dataset after it, in words such as "learned on"; () where nothing was."""
        then = self.runs.get(run.id)
        if then is None:
            return ("was started",)
        kept = run.kept_threshold
        learned = then.seconds is not None and run.edition == then.edition and run.seconds > then.seconds
        done = {
            "was edited": len(run.editions) > then.n_editions,
            "learned on": learned,
            "got its threshold": kept is not None and kept.to_json() != then.threshold,
        }
        return tuple(words for words, true in done.items() if true)

    def to_json(self) -> dict[str, Any]:
        """This look as what JSON can hold."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> FirstLook:
        """The look that `to_json` gave; of {} one that was not recorded."""
        runs = {id: RunThen(**then) for id, then in value.get("runs", {}).items()}
        return cls(value.get("time", ""), runs)


def together(
    here: FirstLook | None, runs: Iterable[Run], there: FirstLook | None, others: Iterable[Run], ids: Mapping[str, str]
) -> FirstLook | None:
    """The first look at a dataset that two projects have, where runs of the one come into the other.

    The earlier look counts. Runs of a project in which nobody had looked came before it, whenever that was; so did
    those of either project before its own look.

    Parameters
    ----------
    runs, others : iterable of Run
        On the dataset, of here and of there, deleted ones too.
    ids : dict of str to str
        Ids here, by those there.

    Returns
    -------
    FirstLook or None
        None where nobody has looked.
    """
    if here is None and there is None:
        return None
    if here is not None and not here.is_recorded:
        return here
    looks = []
    for look, own in ((here, runs), (there, others)):
        looks.append(FirstLook("", {run.id: RunThen.of(run) for run in own}) if look is None else look)
    moved = FirstLook.from_json(moved_look(looks[1].to_json(), ids))
    known = [look for look in (here, there) if look is not None]
    first = known[-1] if len(known) == 1 or known[1].is_before(known[0]) else known[0]
    return FirstLook(first.time, {**moved.runs, **looks[0].runs})


def _seconds(time: str) -> float:
    return datetime.fromisoformat(time).timestamp() if time else -math.inf


def looking(dataset: Dataset, runs: Iterable[Run]) -> Command | None:
    """The command that lets the test part of a dataset be shown; None where it is shown already.

    Parameters
    ----------
    runs : iterable of Run
        All on the dataset, deleted ones too.

    Raises
    ------
    SessionError
        If there is no test part.
    """
    if not dataset.has_test_part:
        raise SessionError(
            f"Dataset '{dataset.name}' has no test part: import it with a split such as 0.7/0/0.3, or make another "
            "dataset of it with one."
        )
    if not dataset.is_sealed:
        return None
    look = FirstLook(now(), {run.id: RunThen.of(run) for run in runs})
    return looking_first(dataset.id, dataset.name, look.to_json())
