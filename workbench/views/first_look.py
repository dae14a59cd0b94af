"""What is said of the test part of a dataset: that it is sealed, or when it was first looked at and what came after."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from workbench.views.wording import counted

if TYPE_CHECKING:
    from workbench.session import Dataset, Run
    from workbench.session.first_look import FirstLook

NOT_YET = "not looked at yet"
"""Stands where a figure of the test part would."""
BEFORE_LOOKING = (
    "It tells how well a run does on rows that it has not seen, as long as no run is chosen by it: choose by the "
    "validation part or by cross-validation first. Undo does not take this back. Reports tell when the test part was "
    "first looked at, and which runs were started or changed after it."
)
"""What is to be known before a test part is shown."""
_FROM_BEFORE = (
    "The project is from before first looks at a test part were recorded: its figures could be seen from the start, so "
    "any run may have been chosen with knowledge of them."
)


def without_test_part(n_sealed: int) -> str:
    """What follows the number of rows where so many more are sealed; "" where none is."""
    return f", without the {n_sealed:,} of the test part ({NOT_YET})" if n_sealed else ""


def sealed_words(dataset: Dataset) -> str:
    """A sentence on a test part that is sealed; "" of other datasets."""
    n = dataset.n_sealed
    return f"The test part of {dataset.name}, {counted(n, 'row')}, has not been looked at yet." if n else ""


def look_words(dataset: Dataset, runs: Iterable[Run]) -> str:
    """A sentence on when the test part was first looked at, of a dataset that has one and is not sealed.

    `runs` are all runs on the dataset, deleted ones too.
    """
    look = dataset.first_look
    if look is None or not look.is_recorded:
        return _FROM_BEFORE
    n_after = sum(bool(look.since(run)) for run in runs)
    before = f"{counted(len(look.runs), 'run')} on these data had been started" if look.runs else "no run was started"
    after = f"{counted(n_after, 'run')} {'was' if n_after == 1 else 'were'}" if n_after else "none was"
    return (
        f"The test part was first looked at on {moment(look)}, when {before}; {after} started or changed after it"
        + (", with knowledge of the test part." if n_after else ".")
    )


def caution(run: Run) -> str:
    """A sentence on what was done to `run` with knowledge of the test part; "" where that was nothing, or unknown."""
    look = run.dataset.first_look
    done = () if look is None or not look.is_recorded else look.since(run)
    if not done:
        return ""
    listed = done[0] if len(done) == 1 else f"{', '.join(done[:-1])} and {done[-1]}"
    return (
        f"Run '{run.name}' {listed} after the test part was first looked at, so it may have been chosen with knowledge "
        "of it: figures of the test part may be too good to be true."
    )


def seen_before(dataset: Dataset, kin: Iterable[Dataset]) -> str:
    """A sentence on other datasets that may share rows of the test part and were looked at before; "" without any.

    `kin` are those of one origin with the dataset, or of equal rows.
    """
    own = dataset.first_look
    told = []
    for other in kin:
        look = other.first_look
        if other.has_test_part and look is not None and (own is None or look.is_before(own)):
            told.append(f"{other.name} ({moment(look) if look.is_recorded else 'from before that was recorded'})")
    if not told:
        return ""
    return f"Some of its rows may have been seen before, in a test part that was looked at: that of {', '.join(told)}."


def moment(look: FirstLook) -> str:
    """When a look was, for people."""
    return look.time.replace("T", " ")[:16]
