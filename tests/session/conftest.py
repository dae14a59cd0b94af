"""Projects with data to train on, and the check that no test leaves a thread behind."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from session_help import write_blobs

from workbench.data import guess
from workbench.session import Dataset, Session


@pytest.fixture(autouse=True)
def no_leaked_threads() -> Iterator[None]:
    """Fail a test that leaves a thread running."""
    before = set(threading.enumerate())
    yield
    end = time.monotonic() + 5
    while leaked := [t for t in threading.enumerate() if t not in before and t.is_alive()]:
        if time.monotonic() > end:
            pytest.fail(f"left running: {', '.join(t.name for t in leaked)}")
        time.sleep(0.01)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A new, empty project that is open."""
    with Session.create(tmp_path / "p.vqw") as opened:
        yield opened


@pytest.fixture
def blobs_csv(tmp_path: Path) -> Path:
    return write_blobs(tmp_path / "blobs.csv")


@pytest.fixture
def blobs(session: Session, blobs_csv: Path) -> Dataset:
    """Three labelled clouds of 60 rows in 4 dimensions."""
    return session.import_data(guess(blobs_csv)).result(60)
