"""Widgets without a kernel, each with a page that keeps what is sent; no test leaves a thread or a widget behind."""

from __future__ import annotations

import csv
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("anywidget", reason="Not installed: anywidget; pip install vq-workbench[notebook] brings it.")

import comm
import ipywidgets
from sklearn.datasets import load_iris

from tests.notebook.page import Page
from workbench.data import guess
from workbench.notebook.feed import feed
from workbench.session import Dataset, Session


@pytest.fixture(autouse=True)
def pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Widgets open their comms to pages; all are closed in the end, and the feed comes to rest."""
    monkeypatch.setattr(comm, "create_comm", Page)
    before = set(threading.enumerate())
    yield
    ipywidgets.Widget.close_all()
    end = time.monotonic() + 10
    while leaked := [t for t in threading.enumerate() if t not in before and t.is_alive()]:
        assert time.monotonic() < end, f"left running: {', '.join(t.name for t in leaked)}"
        time.sleep(0.01)
    assert feed.resting


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    """A new project that is open."""
    with Session.create(tmp_path / "p.vqw") as opened:
        yield opened


@pytest.fixture
def iris(session: Session, tmp_path: Path) -> Dataset:
    """Iris in that project, all rows for training, as they are."""
    made = load_iris()
    with (tmp_path / "iris.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*made.feature_names, "species"])
        for row, code in zip(made.data.tolist(), made.target.tolist(), strict=True):
            writer.writerow([*row, made.target_names[code]])
    return session.import_data(guess(tmp_path / "iris.csv"), name="iris").result(60)
