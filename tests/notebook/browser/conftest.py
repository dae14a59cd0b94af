"""One JupyterLab and one browser for all tests here; each test has a notebook of its own and leaves no complaint."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.notebook.browser.lab import Lab, Notebook, missing

SETUP = '''
import time
import numpy as np
import workbench.notebook as nb
from workbench.data import guess
from workbench.session import Session

def blobs(n, d=6, seed=0):
    """Rows (n, d) of eight clouds, and which cloud each is of."""
    random = np.random.default_rng(seed)
    y = np.arange(n) % 8
    return random.normal(scale=6, size=(8, d))[y] + random.normal(scale=2.2, size=(n, d)), y

def project(name, n=3000):
    """A project with such rows."""
    X, y = blobs(n)
    table = np.column_stack([X, y])
    columns = ",".join([f"f{j}" for j in range(X.shape[1])] + ["class"])
    np.savetxt(f"{name}.csv", table, fmt=["%.6f"] * X.shape[1] + ["%d"], delimiter=",", header=columns, comments="")
    session = Session.create(f"{name}.vqw")
    return session, session.import_data(guess(f"{name}.csv"), name="clouds").result(60)
'''
"""The first cell of every notebook."""


@pytest.fixture(autouse=True)
def pages() -> None:
    """Widgets live in a kernel of their own here, and the server's threads stay for the next test."""


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    if why := missing():
        pytest.skip(why)
    with Lab(tmp_path_factory.mktemp("lab")) as opened:
        yield opened


@pytest.fixture
def notebook(lab: Lab) -> Iterator[Callable[..., Notebook]]:
    """Opens a notebook of cells, the first of which has run: it defines what the others use."""
    opened: list[Notebook] = []

    def open_notebook(*cells: str) -> Notebook:
        made = lab.open(SETUP, *cells)
        opened.append(made)
        made.run(0)
        return made

    yield open_notebook
    complaints = [error for made in opened for error in made.errors]
    for made in opened:
        made.close()
    assert not complaints


@pytest.fixture
def pictures() -> Path | None:
    """Where screenshots go, if anybody wants to look at them."""
    wanted = os.environ.get("VQW_SCREENSHOTS")
    return Path(wanted) if wanted else None
