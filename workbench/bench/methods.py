"""The methods of Table 1 of the DeepVQ paper: engines that are tried at each number of bits, and published figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from engines import engine_info
from engines.deep.bit_settings import parted
from workbench.bench.uneven import UnevenProduct
from workbench.errors import WorkbenchError

BITS = (10, 12, 15, 24, 32)
MOST_WORDS = 32768
"""Of one codebook: more would be as many as rows."""
_NARROWEST, _WIDEST = 3, 12
"""Bits of one book of several; a wider one has too few rows for each word."""

Candidate = tuple[str, Mapping[str, Any]]
"""Name of an engine, or of `UnevenProduct`, and its parameters."""


@dataclass(frozen=True)
class Method:
    """One line of the table.

    Attributes
    ----------
    name, title : str
        On the command line, and for people.
    candidates : callable
        What is tried at a number of bits; of several the one that is best on rows held out of training is taken.
        None at all raises a WorkbenchError with the reason.
    published : mapping of int to (float, float)
        Published error of the training and the test rows, by bits.
    """

    name: str
    title: str
    candidates: Callable[[int], tuple[Candidate, ...]]
    published: Mapping[int, tuple[float, float]] = field(default_factory=dict)


def _published(train: str, test: str) -> dict[int, tuple[float, float]]:
    """Figures in the order of `BITS`; fewer where none is printed for the last ones."""
    return dict(zip(BITS, zip(map(float, train.split()), map(float, test.split()), strict=True), strict=False))


def _deep(method: str, **others: Any) -> Callable[[int], tuple[Candidate, ...]]:
    return lambda n_bits: (("DeepVQ", {"n_bits": n_bits, "method": method, **others, "random_state": 0}),)


def _even(engine: str, count: str, n_bits: int) -> tuple[Candidate, ...]:
    """Every way to part the bits evenly among at least two books."""
    widths = [width for width in range(_WIDEST, _NARROWEST - 1, -1) if n_bits % width == 0 and n_bits > width]
    return tuple((engine, {count: n_bits // width, "n_bits": width, "random_state": 0}) for width in widths)


def _uneven(n_bits: int) -> tuple[Candidate, ...]:
    """The way to part the bits among as few books as can be, if these are of two sizes."""
    fewest = max(2, -(-n_bits // _WIDEST))
    widths = parted(n_bits, fewest)
    if widths[0] == widths[-1] or widths[-1] < _NARROWEST:
        return ()
    return (("UnevenProduct", {"widths": widths, "random_state": 0}),)


def _books(engine: str, count: str) -> Callable[[int], tuple[Candidate, ...]]:
    """Every even way, and of product quantizers an uneven one too."""

    def candidates(n_bits: int) -> tuple[Candidate, ...]:
        found = _even(engine, count, n_bits) + (_uneven(n_bits) if engine == "ProductQuantizer" else ())
        if not found:
            raise WorkbenchError(f"{n_bits} bits cannot be parted among books of 3 to 12 bits")
        return found

    return candidates


def made(candidate: Candidate) -> Any:
    """The untrained quantizer."""
    name, parameters = candidate
    return UnevenProduct(**parameters) if name == "UnevenProduct" else engine_info(name).estimator(**parameters)


def _words(engine: str, others: Mapping[str, Any]) -> Callable[[int], tuple[Candidate, ...]]:
    """One codebook of as many words as there are codes."""

    def candidates(n_bits: int) -> tuple[Candidate, ...]:
        if 2**n_bits > MOST_WORDS:
            raise WorkbenchError(f"2^{n_bits} prototypes are too many for one codebook; up to {MOST_WORDS:,} are tried")
        return ((engine, {"n_clusters": 2**n_bits, **others, "random_state": 0}),)

    return candidates


METHODS: tuple[Method, ...] = (
    Method(
        "mpec",
        "DeepVQ (mpec)",
        _deep("mpec", max_iter=3),  # as many epochs as the paper's; one costs ten of the others
        _published(".1439 .1358 .1254 .1101 .1123", ".1525 .1438 .1335 .1162 .1180"),
    ),
    Method("best", "DeepVQ (best)", _deep("auto")),
    Method(
        "opq",
        "OPQ",
        _books("OptimizedProductQuantizer", "n_subspaces"),
        _published(".2324 .2138 .2016 .1495 .1220", ".2303 .2123 .2001 .1492 .1240"),
    ),
    Method(
        "pq",
        "PQ",
        _books("ProductQuantizer", "n_subspaces"),
        _published(".2649 .2406 .2313 .1654 .1330", ".2672 .2390 .2293 .1645 .1341"),
    ),
    Method("rq", "RQ", _books("ResidualQuantizer", "n_stages")),
    Method(
        "dcn",
        "DCN",
        _words("DCN", {}),
        _published(".9386 .8935 .8560", ".9361 .8947 .8961"),
    ),
    Method(
        "modified-dcn",
        "Modified DCN",
        _words("ModifiedDCN", {}),
        _published(".9113 .8902 .8558", ".9112 .8922 .8754"),
    ),
    Method("kmeans", "K-means", _words("KMeans", {"n_init": 1}), _published(".1786 .1609 .0421", ".1791 .1704 .1658")),
)
"""Every method, in the order of the table; the published figures are those of Le Tan et al. 2018."""


def methods_called(names: str) -> tuple[Method, ...]:
    """The methods of a list of names with commas; all for "".

    Raises
    ------
    WorkbenchError
        If there is no method of a name.
    """
    wanted = [name.strip().lower() for name in names.split(",") if name.strip()]
    known = {method.name: method for method in METHODS}
    for name in wanted:
        if name not in known:
            raise WorkbenchError(f"There is no method '{name}'; there are {', '.join(known)}.")
    return tuple(known[name] for name in wanted) if wanted else METHODS
