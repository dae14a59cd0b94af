"""The projects that this kernel has open, each once, however often a cell names its file."""

from __future__ import annotations

import atexit
import threading
import weakref
from pathlib import Path
from typing import Protocol

from workbench.session import Session


class Holder(Protocol):
    """What has a project open: a widget."""

    @property
    def awake(self) -> bool:
        """Whether anybody can see it."""
        ...

    def close(self) -> None: ...


_lock = threading.RLock()
_sessions: dict[Path, tuple[Session, weakref.WeakSet[Holder]]] = {}


def hold(path: Path | str, holder: Holder) -> Session:
    """The session of the project in this file, which is made where there is none; `let_go` of it in the end.

    Raises
    ------
    ProjectError
        If it can be neither read nor made, or another program has it open; one sentence says why.
    """
    place = _place(path)
    with _lock:
        session, holders = _sessions.get(place, (None, weakref.WeakSet[Holder]()))
        if session is None or session.closed:
            session, holders = Session.open(place) if place.exists() else Session.create(place), weakref.WeakSet()
        holders.add(holder)
        _sessions[place] = session, holders
        return session


def let_go(session: Session, holder: Holder) -> None:
    """Close the project, unless somebody else who can be seen has it open: what runs is stopped and recorded.

    A cell that is run again leaves a widget behind that nobody can see, nor close: it does not keep a project open.
    """
    with _lock:
        place = next((place for place, (held, _) in _sessions.items() if held is session), None)
        if place is None:
            return
        others = _sessions[place][1]
        others.discard(holder)
        if any(other.awake for other in others):
            return
        del _sessions[place]
    session.close()
    for other in list(others):
        other.close()


def _place(path: Path | str) -> Path:
    """The file itself, wherever links lead; without an ending it gets that of projects."""
    named = Path(path).expanduser()
    return (named if named.suffix else named.with_suffix(".vqw")).resolve()


@atexit.register
def _close_all() -> None:
    """A kernel that is restarted ends its runs first: they are recorded as stopped, and can be resumed."""
    for session, _ in list(_sessions.values()):
        session.close()
