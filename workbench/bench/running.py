"""One method at one number of bits: candidates are compared on rows held out, the best learns all, and is measured."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.bench.data import Rows
from workbench.bench.methods import Candidate, Method, made
from workbench.errors import WorkbenchError

_BLOCK = 4096
_HELD_OUT = 6
"""One training row in so many is held out while candidates are compared."""
_NAN = float("nan")


@dataclass(frozen=True)
class Result:
    """A cell of the table.

    Attributes
    ----------
    method, title : str
    bits : int
    train, test : float
        Mean squared error of a component; NaN where there is none.
    seconds, processor_seconds : float
        Of learning with what was chosen, without the comparing: by the clock, and of all cores together.
    encode_seconds : float
        Of encoding the test rows.
    code_bytes, model_bytes : int
        Packed codes of the training rows, and arrays that decode and encode need.
    chosen : str
        Engine and parameters.
    reason : str
        Why there are no figures; "" where there are.
    """

    method: str
    title: str
    bits: int
    train: float = _NAN
    test: float = _NAN
    seconds: float = _NAN
    processor_seconds: float = _NAN
    encode_seconds: float = _NAN
    code_bytes: int = 0
    model_bytes: int = 0
    chosen: str = ""
    reason: str = ""


class _TooLong(Exception):
    """The time of a cell is over."""


def measure(method: Method, n_bits: int, rows: Rows, minutes: float) -> Result:
    """Learn and measure; whatever goes wrong is the reason of a result without figures.

    Parameters
    ----------
    minutes : float
        Most time for comparing and learning.
    """
    end = time.monotonic() + 60 * minutes
    try:
        candidates = method.candidates(n_bits)
        candidate = candidates[0] if len(candidates) == 1 else _best(candidates, rows.train, end)
        began, used = time.perf_counter(), time.process_time()
        model = _fitted(candidate, rows.train, end)
        times = time.perf_counter() - began, time.process_time() - used
        return _measured(method, n_bits, candidate, model, rows, times)
    except _TooLong:
        return Result(method.name, method.title, n_bits, reason=f"took longer than {minutes:g} min")
    except WorkbenchError as error:
        return Result(method.name, method.title, n_bits, reason=str(error))
    except Exception as error:  # the other cells are worth having
        words = " ".join(str(error).split()) or type(error).__name__
        return Result(method.name, method.title, n_bits, reason=words)


def _best(candidates: tuple[Candidate, ...], X: NDArray[Any], end: float) -> Candidate:
    """The candidate of least error on held-out rows; one that does not take the data is no candidate."""
    order = np.random.default_rng(0).permutation(len(X))
    n_held = max(1, len(X) // _HELD_OUT)
    held_out, rest = X[np.sort(order[:n_held])], X[np.sort(order[n_held:])]
    errors: list[float] = []
    refusals: list[str] = []
    for candidate in candidates:
        try:
            errors.append(mean_squared_error(_fitted(candidate, rest, end), held_out))
        except ValueError as error:
            errors.append(np.inf)
            refusals.append(str(error))
    if len(refusals) == len(candidates):
        raise WorkbenchError(refusals[0])
    return candidates[int(np.argmin(errors))]


def _fitted(candidate: Candidate, X: NDArray[Any], end: float) -> Any:
    """The engine after learning; raises _TooLong if that is not done at `end`."""
    model = made(candidate)
    training = model.train(X)
    timer = threading.Timer(max(0.0, end - time.monotonic()), training.stop)
    timer.daemon = True
    timer.start()
    try:
        training.run()
    finally:
        timer.cancel()
    if not training.finished:
        raise _TooLong
    return model


def _measured(
    method: Method, n_bits: int, candidate: Candidate, model: Any, rows: Rows, times: tuple[float, float]
) -> Result:
    began = time.perf_counter()
    model.encode(rows.test)
    encode_seconds = time.perf_counter() - began
    name, parameters = candidate
    words = ", ".join(f"{key}={value}" for key, value in parameters.items() if key not in ("random_state", "n_init"))
    return Result(
        method=method.name,
        title=method.title,
        bits=n_bits,
        train=mean_squared_error(model, rows.train),
        test=mean_squared_error(model, rows.test),
        seconds=times[0],
        processor_seconds=times[1],
        encode_seconds=encode_seconds,
        code_bytes=model.encode(rows.train, packed=True).nbytes,
        model_bytes=sum(np.asarray(getattr(model, part)).nbytes for part in model.FITTED if hasattr(model, part)),
        chosen=f"{name}({words})",
    )


def mean_squared_error(model: Any, X: NDArray[Any]) -> float:
    """Mean squared error of a component of rows (n, d) and what they are quantized to; a block at a time."""
    total = 0.0
    for start in range(0, len(X), _BLOCK):
        block = X[start : start + _BLOCK].astype(np.float64)
        total += float(np.sum((block - model.quantize(X[start : start + _BLOCK])) ** 2))
    return total / X.size
