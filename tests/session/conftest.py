"""Projects with data to train on, and the check that no test leaves a thread behind."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from merging_help import finished, make_study
from session_help import write_blobs

from workbench.data import guess
from workbench.session import Dataset, RowMask, Session


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


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a project that has one of everything, `study.vqw`, and with the file that it was made of."""
    folder = tmp_path_factory.mktemp("made")
    make_study(folder)
    return folder


@pytest.fixture
def study(made: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(made / "study.vqw", tmp_path / "study.vqw"))


@pytest.fixture
def filled(session: Session, made: Path) -> Dataset:
    """The same data in the open project, relabelled otherwise, with a run and a subset of the same names."""
    data = session.import_data(guess(made / "blobs.csv")).result(60)
    session.relabel(data, [3, 4], "kind 1")
    session.relabel(data, [7], "kind 2")
    finished(session.add_run(data, "KMeans", {"n_clusters": 2, "random_state": 5}, name="groups"))
    session.name_subset("some", data, RowMask.of_rows([2], data.n_rows))
    return data
