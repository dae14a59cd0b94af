"""The projects that this kernel has open, each once, however often a cell names its file."""

from __future__ import annotations

import atexit
import threading
from pathlib import Path

from workbench.session import Session

_lock = threading.Lock()
_sessions: dict[Path, tuple[Session, int]] = {}
"""By file, with the number of those who hold it."""


def hold(path: Path | str) -> Session:
    """The session of the project in this file, which is made where there is none; `let_go` of it in the end.

    Raises
    ------
    ProjectError
        If it can be neither read nor made, or another program has it open; one sentence says why.
    """
    place = _place(path)
    with _lock:
        session, n_holders = _sessions.get(place, (None, 0))
        if session is None or session.closed:
            session, n_holders = Session.open(place) if place.exists() else Session.create(place), 0
        _sessions[place] = session, n_holders + 1
        return session


def let_go(session: Session) -> None:
    """Need the session no more: with its last holder it is closed, what runs in it is stopped and recorded."""
    with _lock:
        place = next((place for place, (held, _) in _sessions.items() if held is session), None)
        if place is None:
            return
        n_holders = _sessions[place][1] - 1
        if n_holders:
            _sessions[place] = session, n_holders
            return
        del _sessions[place]
    session.close()


def _place(path: Path | str) -> Path:
    """The file itself, wherever links lead; without an ending it gets that of projects."""
    named = Path(path).expanduser()
    return (named if named.suffix else named.with_suffix(".vqw")).resolve()


@atexit.register
def _close_all() -> None:
    """A kernel that is restarted ends its runs first: they are recorded as stopped, and can be resumed."""
    for session, _ in list(_sessions.values()):
        session.close()
