"""What a session tells those who watch it, and the one way of telling; what they do with it is theirs."""

from __future__ import annotations

import sys
import threading
from typing import Any

from psygnal import EmitLoopError, Signal, SignalGroup, SignalInstance


class SessionEvents(SignalGroup):
    """Rare events of a session, emitted on whatever thread causes them, after the change is in place.

    Nothing is emitted per snapshot, and no progress: those are read from `Run` and `Job` whenever somebody draws.
    A window connects with `thread="main"` and drains with `psygnal.emit_queued()`.

    Attributes
    ----------
    dataset_added, dataset_removed, dataset_changed : Signal(Dataset)
        Shown, hidden, renamed or annotated.
    run_added, run_removed, run_changed : Signal(Run)
        Shown, hidden; or its status, name, notes or metrics changed.
    sweep_added, sweep_removed, sweep_changed : Signal(Sweep)
    search_added, search_removed, search_changed : Signal(Search)
        Likewise.
    selection_changed : Signal()
        Rows, prototypes or features picked; or the list of named subsets.
    history_changed : Signal()
        What can be undone or redone.
    job_changed : Signal(Job)
        A job's status.
    failed : Signal(str, str)
        Title and one sentence, of something that went wrong in the background.
    """

    dataset_added = Signal(object)
    dataset_removed = Signal(object)
    dataset_changed = Signal(object)
    run_added = Signal(object)
    run_removed = Signal(object)
    run_changed = Signal(object)
    sweep_added = Signal(object)
    sweep_removed = Signal(object)
    sweep_changed = Signal(object)
    search_added = Signal(object)
    search_removed = Signal(object)
    search_changed = Signal(object)
    selection_changed = Signal()
    history_changed = Signal()
    job_changed = Signal(object)
    failed = Signal(str, str)


def tell(signal: SignalInstance, *values: Any) -> None:
    """Emit; what a listener raises goes to `threading.excepthook` and never disturbs the work that told it."""
    try:
        signal.emit(*values)
    except EmitLoopError as error:
        cause = error.__cause__ or error
        threading.excepthook(
            threading.ExceptHookArgs((type(cause), cause, cause.__traceback__, threading.current_thread()))
        )
    except RecursionError:
        print("A listener of the session answers an event with the same event.", file=sys.stderr)
