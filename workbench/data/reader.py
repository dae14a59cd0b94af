"""The child process that reads foreign binary files: one request after another on standard input, answers on output.

Started by `workbench.data.isolated` as ``python -m workbench.data.reader``. Each request is a line of JSON; each answer
too, and what is large lies as files in the folder that the request names. The process ends with its parent.
"""

from __future__ import annotations

import json
import os
import queue
import shutil
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from workbench.data.errors import DataError
from workbench.data.handover import pack_arrays, pack_sample, pack_table
from workbench.data.plan import Plan
from workbench.data.rows import keep_spools_in
from workbench.data.watch import Watch
from workbench.errors import Cancelled

_PAUSE = 0.02
"""Seconds between two lines on progress."""

Answer = Callable[[dict[str, Any]], None]


def main() -> None:
    """Answer requests until standard input ends."""
    answer = _answers()
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    stop = threading.Event()
    place = _Place()
    threading.Thread(target=_listen, args=(requests, stop, place), daemon=True).start()
    while True:
        request = requests.get()
        place.folder = Path(request["folder"])
        reply = _carried_out(request, answer, stop)
        place.folder = None
        answer(reply)


class _Place:
    """Where the present request wants its files; None between requests."""

    folder: Path | None = None


def _answers() -> Answer:
    """Writes lines to what was standard output, which libraries can no longer reach."""
    lines = os.fdopen(os.dup(1), "w", encoding="ascii")
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)

    def answer(told: dict[str, Any]) -> None:
        lines.write(json.dumps(told) + "\n")
        lines.flush()

    return answer


def _listen(requests: queue.SimpleQueue[dict[str, Any]], stop: threading.Event, place: _Place) -> None:
    for line in sys.stdin:
        asked = json.loads(line)
        if asked.get("stop"):
            stop.set()
        else:
            stop.clear()
            requests.put(asked)
    if place.folder is not None:  # the parent is gone, and nobody else would clear up
        shutil.rmtree(place.folder, ignore_errors=True)
    os._exit(0)


def _carried_out(request: dict[str, Any], answer: Answer, stop: threading.Event) -> dict[str, Any]:
    folder = Path(request["folder"])
    keep_spools_in(folder)
    try:
        importer = import_module(request["module"])
        _limit_memory(request["memory"])
        _limit_time(request["seconds"])
        answer({"begun": True})
        if request["do"] == "sample":
            options = importer.Options(**request["options"])
            pack_sample(importer.sample([Path(path) for path in request["paths"]], options), folder)
        elif request["do"] == "arrays":
            pack_arrays(importer.arrays_of(Path(request["path"]), request["most_bytes"]), folder)
        else:
            options = importer.Options(**request["options"])
            watch = Watch(_progress(answer, request["seconds"]), stop.is_set)
            pack_table(importer.load(Plan.from_json(request["plan"]), options, watch), folder)
        return {"done": True}
    except DataError as error:
        return {"refused": str(error)}
    except Cancelled:
        return {"cancelled": True}
    except MemoryError:
        return {"memory": True}
    except Exception as error:
        return {"failed": type(error).__name__, "trace": traceback.format_exc()}
    finally:
        _limit_time(0.0)
        _limit_memory(None)


def _progress(answer: Answer, seconds: float) -> Callable[[float], None]:
    told = -_PAUSE

    def progress(fraction: float) -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= _PAUSE:
            told = now
            _limit_time(seconds)
            answer({"at": fraction})

    return progress


def _limit_time(seconds: float) -> None:
    """End this process after so many more seconds of computing, whatever library it is in; 0 takes the limit away."""
    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGPROF, signal.SIG_DFL)
        signal.setitimer(signal.ITIMER_PROF, seconds)


def _limit_memory(n_bytes: int | None) -> None:
    """Refuse this process more than `n_bytes` beyond what it has now, where the system tells and limits that."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        limit = most
        if n_bytes is not None:
            size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
            limit = size + n_bytes if most == resource.RLIM_INFINITY else min(size + n_bytes, most)
        resource.setrlimit(resource.RLIMIT_AS, (limit, most))


if __name__ == "__main__":
    main()
