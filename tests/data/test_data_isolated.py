"""The child process of foreign files: the same results and errors, limits that hold, nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import misbehaving
import numpy as np
import pytest

from workbench.data import DataError, Plan, isolated
from workbench.data.isolated import Limits
from workbench.data.watch import Watch
from workbench.errors import Cancelled

HERE = Path(__file__).parent
FILE = Path("some file.h5")
PLAN = Plan((str(FILE),), "misbehaving")
TIGHT = Limits(seconds=0.3, memory=256 << 20)
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is limited on Linux alone")


@pytest.fixture(autouse=True)
def _child_that_finds_the_importer(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    isolated.close()
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(HERE), os.environ.get("PYTHONPATH", ""))))
    yield
    isolated.close()
    assert children() == []


def children() -> list[int]:
    """The processes that read for this one."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == os.getpid() and b"workbench.data.reader" in (place / "cmdline").read_bytes():
                found.append(int(place.name))
        except OSError:
            continue
    return found


def sampled(way: str, limits: Limits = TIGHT) -> misbehaving.Sample:
    return isolated.sample("misbehaving", [FILE], misbehaving.Options(way), limits)


def refusal(way: str, limits: Limits = TIGHT) -> str:
    with pytest.raises(DataError) as caught:
        sampled(way, limits)
    assert str(caught.value).endswith(".")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_sample_comes_across_unchanged() -> None:
    ours, theirs = misbehaving.sample([FILE], misbehaving.Options()), sampled("well")
    for mine, other in zip(ours.values, theirs.values, strict=True):
        assert mine.dtype == other.dtype
        np.testing.assert_array_equal(mine, other)
    np.testing.assert_array_equal(ours.images, theirs.images)
    rest = {"values": (), "images": None}
    assert vars(replace(ours, **rest)) == vars(replace(theirs, **rest))


def test_a_table_comes_across_unchanged() -> None:
    ours = misbehaving.load(PLAN, misbehaving.Options(), Watch())
    theirs = isolated.load("misbehaving", PLAN, misbehaving.Options(), Watch())
    for mine, other in ((ours.rows, theirs.rows), (ours.codes, theirs.codes), (ours.ids, theirs.ids)):
        assert mine.dtype == other.dtype
        np.testing.assert_array_equal(np.asarray(mine), np.asarray(other))
    ours.rows.close()
    theirs.rows.close()
    rest = {"rows": None, "codes": None, "ids": None}
    assert vars(replace(ours, **rest)) == vars(replace(theirs, **rest))


def test_a_refusal_comes_across_word_by_word() -> None:
    assert refusal("refuse") == "The file is not to my taste."


@pytest.mark.parametrize("way", ["crash", "leave"])
def test_a_crash_is_one_sentence_and_the_next_file_is_read(way: str) -> None:
    assert refusal(way).startswith("some file.h5 is damaged")
    assert sampled("well").n_rows == 3


def test_an_error_that_nobody_foresaw_is_one_sentence_with_its_traceback_in_the_notes() -> None:
    with pytest.raises(DataError, match=r"some file.h5 is damaged, .* \(ZeroDivisionError\)") as caught:
        sampled("raise")
    assert "never mind" in caught.value.__notes__[0]


@linux
@pytest.mark.parametrize("way", ["allocate", "hoard"])
def test_memory_is_limited(way: str) -> None:
    assert "some file.h5 takes more than 0.25 GB of memory" in refusal(way, replace(TIGHT, seconds=20.0))


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="computing cannot be limited on this system")
@pytest.mark.parametrize("way", ["spin", "spin in a library"])
def test_computing_is_limited_even_inside_a_library(way: str) -> None:
    assert refusal(way).startswith("Nothing could be made of some file.h5 within 0.3 seconds")


def test_waiting_is_limited() -> None:
    assert "within 0.1 seconds" in refusal("wait", Limits(seconds=0.1))


def test_what_a_library_prints_does_not_get_between() -> None:
    assert sampled("chatter").n_rows == 3


def test_one_process_reads_one_file_after_another() -> None:
    sampled("well")
    first = isolated._idle[0]._process.pid
    refusal("refuse")
    refusal("raise")
    sampled("well")
    assert isolated._idle[0]._process.pid == first
    assert len(isolated._idle) == 1


@pytest.mark.parametrize("way", ["wait", "spin"])
def test_a_load_is_stopped_whatever_the_library_does(way: str) -> None:
    told: list[float] = []
    with pytest.raises(Cancelled):
        isolated.load(
            "misbehaving", PLAN, misbehaving.Options(way), Watch(told.append, lambda: bool(told)), Limits(600.0)
        )
    assert told == [0.25]
    assert children() == []


def test_an_error_of_the_one_who_watches_ends_the_process() -> None:
    def fail(fraction: float) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        isolated.load("misbehaving", PLAN, misbehaving.Options("wait"), Watch(fail))
    assert children() == []


def test_numba_and_the_window_stay_out_of_the_process() -> None:
    script = "import sys, workbench.data.reader, workbench.data.catalog; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    assert "h5py" in loaded
    assert not {"numba", "torch", "sklearn", "PySide6", "matplotlib"} & set(loaded)


@linux
def test_when_the_parent_is_killed_the_child_goes_and_clears_up(tmp_path: Path) -> None:
    script = (
        "import misbehaving; from workbench.data import isolated, Plan; from workbench.data.watch import Watch\n"
        "options, watch = misbehaving.Options('wait'), Watch(lambda f: print(f, flush=True))\n"
        "isolated.load('misbehaving', Plan(('x',), 'x'), options, watch)\n"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline().startswith(b"0.25")
        assert list(tmp_path.glob("vq-workbench-*/*"))
        parent.kill()
    end = time.monotonic() + 60
    while os.listdir(tmp_path) and time.monotonic() < end:
        time.sleep(0.05)
    assert os.listdir(tmp_path) == []
