"""Lets importers of foreign binary files work in a limited child process, with the same results and the same errors."""

from __future__ import annotations

import atexit
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from numpy.typing import NDArray

import workbench
from workbench.data.errors import DataError
from workbench.data.handover import unpack_arrays, unpack_sample, unpack_table
from workbench.data.plan import Plan, Sample, Table
from workbench.data.rows import spool_folder
from workbench.data.watch import Watch
from workbench.errors import Cancelled

_LOOK = 0.1
_GRACE = 0.5
_START = 60.0
_WAITING = 6.0
"""How many times the limit of computing may pass on the clock, on a system that limits computing: disks are slow."""

_UNDER_WAY = {"begun", "at"}
"""Answers that are not the last one to a request."""

T = TypeVar("T")
_SINGLE = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "POLARS_MAX_THREADS")


@dataclass(frozen=True)
class Limits:
    """What reading a foreign file may take.

    Attributes
    ----------
    seconds : float
        Of computing: for a sample in all, for a load without any progress. On a system that cannot limit that, and six
        times as long elsewhere, of waiting.
    memory : int
        Bytes beyond what the process needs before it opens the file; limited on Linux alone.
    """

    seconds: float = 10.0
    memory: int = 1 << 30


def sample(module: str, paths: Sequence[Path], options: Any, limits: Limits | None = None) -> Sample:
    """`sample` of the importer in `module`, carried out in a child process.

    Raises
    ------
    DataError
        As the importer does; also if the child crashes or passes its limits, in a sentence that names the file.
    """
    named = [os.path.abspath(path) for path in paths]
    request = {"do": "sample", "module": module, "paths": named, "options": asdict(options)}
    return _asked(request, paths[0], Watch(), limits or Limits(), unpack_sample)


def load(module: str, plan: Plan, options: Any, watch: Watch, limits: Limits | None = None) -> Table:
    """`load` of the importer in `module`, carried out in a child process.

    Raises
    ------
    DataError
        As `sample`.
    Cancelled
        When the watch says so, within a second.
    """
    told = {**plan.to_json(), "paths": [os.path.abspath(path) for path in plan.paths]}
    request = {"do": "load", "module": module, "plan": told, "options": asdict(options)}
    return _asked(request, Path(plan.paths[0]), watch, limits or Limits(), unpack_table)


def arrays_of(module: str, path: Path, most_bytes: int, limits: Limits | None = None) -> dict[str, NDArray[Any]]:
    """`arrays_of` of the importer in `module`, carried out in a child process; raises DataError as `sample`."""
    request = {"do": "arrays", "module": module, "path": os.path.abspath(path), "most_bytes": most_bytes}
    return _asked(request, path, Watch(), limits or Limits(), unpack_arrays)


def close() -> None:
    """End the process that waits for a next file."""
    with _lock:
        waiting = _idle.copy()
        _idle.clear()
    for reader in waiting:
        reader.close()


def _asked(request: dict[str, Any], path: Path, watch: Watch, limits: Limits, unpack: Callable[[Path], T]) -> T:
    with TemporaryDirectory(prefix="vq-workbench-", dir=spool_folder(), ignore_cleanup_errors=True) as folder:
        reader = _taken()
        try:
            reply = reader.ask({**request, "folder": folder, **asdict(limits)}, watch, limits)
        except BaseException:
            reader.close()
            raise
        if "crashed" in reply or "memory" in reply:
            reader.close()
        else:
            _put_back(reader)
        if "cancelled" in reply:
            raise Cancelled()
        if "done" not in reply:
            raise _refusal(reply, path, limits)
        return unpack(Path(folder))


def _refusal(reply: dict[str, Any], path: Path, limits: Limits) -> DataError:
    """The one sentence on a file that could not be read."""
    name = path.name or str(path)
    if "refused" in reply:
        return DataError(reply["refused"])
    if "memory" in reply:
        return DataError(
            f"{name} takes more than {limits.memory / (1 << 30):.3g} GB of memory to read, as no data of its size do: "
            "save it again in smaller pieces, or as a .npy file."
        )
    if "failed" in reply:
        error = DataError(f"{name} is damaged, or of a kind that cannot be read here ({reply['failed']}).")
        error.add_note(reply["trace"])
        return error
    if reply["crashed"] == "time":
        return DataError(
            f"Nothing could be made of {name} within {limits.seconds:g} seconds: it is damaged, or of a kind that "
            "cannot be read here."
        )
    return DataError(f"{name} is damaged: the process that reads foreign files crashed over it.")


class _Reader:
    """One child process, which answers one request at a time."""

    def __init__(self) -> None:
        root = str(Path(workbench.__file__).parents[1])
        path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
        plugins = {"HDF5_PLUGIN_PRELOAD": "::"}  # no filter is loaded from wherever a file or a variable says
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "workbench.data.reader"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path, **dict.fromkeys(_SINGLE, "1"), **plugins},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, request: dict[str, Any], watch: Watch, limits: Limits) -> dict[str, Any]:
        """The last answer to `request`; `crashed` tells of a process that ended or was ended.

        Raises
        ------
        Cancelled
            When the watch says so and the process does not end its work at once.
        """
        answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        listener = threading.Thread(target=self._listen, args=(answers,), name="foreign file", daemon=True)
        listener.start()
        try:
            self._tell(request)
            return self._last(answers, watch, limits)
        except BaseException:
            self._process.kill()
            raise
        finally:
            listener.join()

    def _last(self, answers: queue.SimpleQueue[dict[str, Any]], watch: Watch, limits: Limits) -> dict[str, Any]:
        patience = limits.seconds * (_WAITING if hasattr(signal, "setitimer") else 1.0)
        end = time.monotonic() + _START
        while True:
            try:
                told = answers.get(timeout=_LOOK)
            except queue.Empty:
                told = {}
            if told and not told.keys() & _UNDER_WAY:
                return told
            try:
                if "at" in told:
                    watch(told["at"])
                else:
                    watch.look()
            except Cancelled:
                if not self._stopped(answers):
                    raise
                return {"cancelled": True}
            if told:
                end = time.monotonic() + patience
            elif time.monotonic() > end:
                self._process.kill()
                return {"crashed": "time"}

    def _stopped(self, answers: queue.SimpleQueue[dict[str, Any]]) -> bool:
        """Ask the process to give its work up; whether it does so at once."""
        self._tell({"stop": True})
        end = time.monotonic() + _GRACE
        with suppress(queue.Empty):
            while answers.get(timeout=max(0.0, end - time.monotonic())).keys() & _UNDER_WAY:
                pass
            return True
        return False

    def _tell(self, line: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):  # it is gone, as its listener tells
            self._process.stdin.write(json.dumps(line).encode() + b"\n")
            self._process.stdin.flush()

    def _listen(self, answers: queue.SimpleQueue[dict[str, Any]]) -> None:
        assert self._process.stdout is not None
        with suppress(ValueError):  # of a line that was cut off
            for line in self._process.stdout:
                told = json.loads(line)
                answers.put(told)
                if not told.keys() & _UNDER_WAY:
                    return
        ended_by = self._process.wait()
        answers.put({"crashed": "time" if ended_by == -getattr(signal, "SIGPROF", 0) else str(ended_by)})

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with suppress(OSError):
                pipe.close()


_lock = threading.Lock()
_idle: list[_Reader] = []
"""At most one process that waits for a next file, since starting one takes half a second."""

atexit.register(close)


def _taken() -> _Reader:
    with _lock:
        reader = _idle.pop() if _idle else None
    if reader is not None and reader.alive:
        return reader
    if reader is not None:
        reader.close()
    return _Reader()


def _put_back(reader: _Reader) -> None:
    with _lock:
        kept = not _idle
        if kept:
            _idle.append(reader)
    if not kept:
        reader.close()
