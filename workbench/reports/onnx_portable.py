"""The rules of portable models as ONNX graphs, in float64 throughout; they are written and tried elsewhere."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.reports.errors import ReportError
from workbench.reports.onnx_graph import Graph, prepared
from workbench.reports.portable import Books, Mixture, Nearest, Portable

if TYPE_CHECKING:
    from onnx import ModelProto

Outputs = dict[str, tuple[Any, int | None]]
F64 = np.float64


def portable_model(model: Portable, notes: Mapping[str, str]) -> ModelProto:
    """From `rows` (n, d) in original units to what the model says of them.

    Outputs are `winner` (n,) and `distances` (n, M), squared; with classes `label` (n,), text or int64, and `certainty`
    (n,), with a threshold `rejected` (n,); of a mixture `posteriors` (n, M). Of books they are `codes` (n, B) and
    `distance` (n,), squared. A row that the model cannot take has winner or codes -1 and NaN for numbers.

    Raises
    ------
    ReportError
        If ONNX has no operation that the rule needs.
    """
    graph, rule = Graph(), model.rule
    x, seen, usable = _rows(graph, model)
    if isinstance(rule, Books):
        outputs = _books(graph, x, usable, rule)
    else:
        if isinstance(rule, Mixture):
            winner, squared, outputs = _mixture(graph, x, seen, usable, rule)
        else:
            winner, squared, outputs = _nearest(graph, x, seen, rule)
        winner = _where_usable(graph, usable, winner, -1, np.int64, "winner")
        distances = _where_usable(graph, graph.op("Unsqueeze", usable, _axis(graph, 1)), squared, np.nan, F64)
        graph.op("Identity", distances, result="distances")
        outputs |= {"winner": (np.int64, None), "distances": (F64, _width(rule))}
        if model.classes:
            outputs |= _classes(graph, model, winner, distances)
    return graph.model({"rows": (model.recipe.dtype, len(model.names))}, outputs, notes)


def _width(rule: Nearest | Mixture) -> int:
    return len(rule.prototypes if isinstance(rule, Nearest) else rule.means)


def _rows(graph: Graph, model: Portable) -> tuple[str, str, str]:
    """Rows (n, p) as they are compared, with 0 where no number is; 1 where one is (n, p); which rows can be taken."""
    x = graph.cast(prepared(graph, "rows", model.recipe), F64)
    absent = graph.op("IsNaN", x)
    lost = graph.op("IsInf", x) if model.takes_gaps else graph.op("Or", absent, graph.op("IsInf", x))
    x = graph.op("Where", graph.op("Or", absent, lost), _number(graph, 0), x)
    seen = graph.cast(graph.op("Not", absent), F64)
    n_lost = graph.op("ReduceSum", graph.cast(lost, F64), _axis(graph, 1), keepdims=0)
    n_seen = graph.op("ReduceSum", seen, _axis(graph, 1), keepdims=0)
    usable = graph.op(
        "And", graph.op("Equal", n_lost, _number(graph, 0)), graph.op("Greater", n_seen, _number(graph, 0))
    )
    if isinstance(model.rule, Nearest) and model.rule.is_unit:
        x = graph.cast(graph.cast(_unit(graph, x), model.recipe.dtype), F64)
    return x, seen if model.takes_gaps else "", usable


def _unit(graph: Graph, x: str) -> str:
    """Rows over their lengths, by way of their largest values; rows of zeros stay."""
    x = _over(graph, x, graph.op("ReduceMax", graph.op("Abs", x), _axis(graph, 1)))
    return _over(graph, x, graph.op("Sqrt", _squares(graph, x, 1, True)))


def _over(graph: Graph, x: str, sizes: str) -> str:
    """Rows over numbers (n, 1), where these are above 0."""
    positive = graph.op("Greater", sizes, _number(graph, 0))
    return graph.op("Div", x, graph.op("Where", positive, sizes, _number(graph, 1)))


# The nearest prototype


def _nearest(graph: Graph, x: str, seen: str, rule: Nearest) -> tuple[str, str, Outputs]:
    if rule.shrinkage is not None:
        raise ReportError("ONNX has no operation for the logarithm of a matrix: export C or Python instead.")
    squared = _measured(graph, x, seen, rule)
    if rule.coarse is None or rule.offsets is None:
        return graph.op("ArgMin", squared, axis=1, keepdims=0), squared, {}
    coarse = np.asarray(rule.coarse, F64)
    cell = graph.op("ArgMin", _expanded(graph, x, coarse, coarse.mean(axis=0)), axis=1, keepdims=0)
    number = np.arange(len(rule.prototypes))
    inside = (number >= rule.offsets[:-1, None]) & (number < rule.offsets[1:, None])
    mine = graph.op("Gather", graph.constant(inside, np.bool_), cell)
    return graph.op("ArgMin", graph.op("Where", mine, squared, _number(graph, np.inf)), axis=1, keepdims=0), squared, {}


def _measured(graph: Graph, x: str, seen: str, rule: Nearest) -> str:
    """Squared distances (n, M) to all prototypes; those of one metric after the other, put in order at the end."""
    W = np.asarray(rule.prototypes, F64)
    origin = W.mean(axis=0)
    parts, order = [], []
    for k, omega in enumerate(_maps(rule)):
        which = np.flatnonzero(rule.of == k)
        if seen:
            parts.append(_of_seen(graph, x, seen, W[which], omega))
        else:
            parts.append(_expanded(graph, x, W[which], origin, omega))
        order.append(which)
    if len(parts) == 1:
        return parts[0]
    places = np.argsort(np.concatenate(order))
    return graph.op("Gather", graph.op("Concat", *parts, axis=1), graph.constant(places, np.int64), axis=1)


def _maps(rule: Nearest) -> list[NDArray[Any] | None]:
    """Ω of each metric: a matrix, or the diagonal of one, or None for the identity."""
    if rule.omegas is not None:
        return [np.asarray(omega, F64) for omega in rule.omegas]
    return [None if rule.relevances is None else np.sqrt(np.asarray(rule.relevances, F64))]


def _mapped(values: NDArray[Any], omega: NDArray[Any] | None) -> NDArray[Any]:
    if omega is None:
        return values
    return np.asarray(values * omega if omega.ndim == 1 else values @ omega.T)


def _mapped_in(graph: Graph, values: str, omega: NDArray[Any] | None) -> str:
    if omega is None:
        return values
    kind, array = ("Mul", omega) if omega.ndim == 1 else ("MatMul", omega.T)
    return graph.op(kind, values, graph.constant(array, F64))


def _expanded(graph: Graph, x: str, W: NDArray[Any], origin: NDArray[Any], omega: NDArray[Any] | None = None) -> str:
    """‖Ω(x - w)‖² (n, K) as ‖z‖² - 2 z·v + ‖v‖² of z = Ω(x - origin) and v = Ω(w - origin), not below 0."""
    z = _mapped_in(graph, graph.op("Sub", x, graph.constant(origin, F64)), omega)
    V = _mapped(W - origin, omega)
    products = graph.op("MatMul", z, graph.constant(-2 * V.T, F64))
    sums = graph.op("Add", graph.op("Add", products, _squares(graph, z, 1, True)), graph.constant((V * V).sum(1), F64))
    return graph.op("Max", sums, _number(graph, 0))


def _of_seen(graph: Graph, x: str, seen: str, W: NDArray[Any], omega: NDArray[Any] | None) -> str:
    """The same (n, K) of rows that lack values: those differences are 0, and the rest stands for all."""
    rows, there = (graph.op("Unsqueeze", values, _axis(graph, 1)) for values in (x, seen))
    difference = graph.op("Mul", graph.op("Sub", rows, graph.constant(W[None], F64)), there)
    squared = _squares(graph, _mapped_in(graph, difference, omega), 2, False)
    n_seen = graph.op("ReduceSum", seen, _axis(graph, 1))
    return graph.op("Mul", squared, graph.op("Div", _number(graph, W.shape[1]), n_seen))


def _classes(graph: Graph, model: Portable, winner: str, distances: str) -> Outputs:
    """`label` and `certainty` of rows, and whether they are `rejected`."""
    values, codes = np.array(model.classes), model.codes
    kind = np.int64 if values.dtype.kind in "iu" else object
    table = [values[code].item() if kind is np.int64 else str(values[code]) for code in codes]
    table.append(-1 if kind is np.int64 else "")  # where the winner is -1
    graph.op("Gather", graph.constant(table, kind), winner, result="label")
    nearest = [
        graph.op(
            "ReduceMin",
            graph.op("Gather", distances, graph.constant(np.flatnonzero(codes == code), np.int64), axis=1),
            _axis(graph, 1),
        )
        for code in range(len(values))
        if np.any(codes == code)
    ]
    both = _lowest(graph, graph.op("Concat", *nearest, axis=1), 2)[0]
    first, second = (graph.op("Gather", both, graph.constant(place, np.int64), axis=1) for place in (0, 1))
    total = graph.op("Add", second, first)
    ratio = graph.op("Div", graph.op("Sub", second, first), total)
    empty = graph.op("Equal", total, _number(graph, 0))
    certainty = graph.op("Where", empty, _number(graph, 0), ratio, result="certainty")
    outputs: Outputs = {"label": (kind, None), "certainty": (F64, None)}
    if model.threshold is not None:
        graph.op("Less", certainty, _number(graph, model.threshold), result="rejected")
        outputs["rejected"] = (np.bool_, None)
    return outputs


# Mixtures


def _mixture(graph: Graph, x: str, seen: str, usable: str, rule: Mixture) -> tuple[str, str, Outputs]:
    if seen and rule.variances is None:
        raise ReportError(
            "A mixture of full covariances of rows whose values may be missing cannot be written as ONNX, which has no "
            "operation for it: export C or Python instead."
        )
    parts = []
    for k, mean in enumerate(np.asarray(rule.means, F64)):
        difference = graph.op("Sub", x, graph.constant(mean, F64))
        if seen:
            difference = graph.op("Mul", difference, seen)
        if rule.factors is not None:
            scaled = graph.op("MatMul", difference, graph.constant(rule.factors[k % len(rule.factors)], F64))
        else:
            assert rule.variances is not None
            scaled = graph.op("Div", difference, graph.constant(np.sqrt(rule.variances[k]), F64))
        parts.append(_squares(graph, scaled, 1, True))
    squared = graph.op("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]
    constants = graph.constant(rule.log_weights if seen else rule.constants, F64)
    if seen:
        assert rule.variances is not None
        logs = graph.constant(0.5 * np.log(2 * math.pi * rule.variances).T, F64)
        constants = graph.op("Sub", constants, graph.op("MatMul", seen, logs))
    densities = graph.op("Sub", constants, graph.op("Mul", squared, _number(graph, 0.5)))
    shares = graph.op("Softmax", densities, axis=1)
    rows = graph.op("Unsqueeze", usable, _axis(graph, 1))
    graph.op("Identity", _where_usable(graph, rows, shares, np.nan, F64), result="posteriors")
    return graph.op("ArgMax", densities, axis=1, keepdims=0), squared, {"posteriors": (F64, len(rule.means))}


# Codes of several books


def _books(graph: Graph, x: str, usable: str, rule: Books) -> Outputs:
    codes, decoded = _product(graph, x, rule) if rule.splits is not None else _residual(graph, x, rule)
    rows = graph.op("Unsqueeze", usable, _axis(graph, 1))
    _where_usable(graph, rows, codes, -1, np.int64, "codes")
    squared = _squares(graph, graph.op("Sub", x, decoded), 1, False)
    _where_usable(graph, usable, squared, np.nan, F64, "distance")
    return {"codes": (np.int64, len(rule.books)), "distance": (F64, None)}


def _product(graph: Graph, x: str, rule: Books) -> tuple[str, str]:
    """Codes (n, B), and what they stand for (n, p)."""
    assert rule.splits is not None
    if rule.rotation is not None and rule.mean is not None:
        x = graph.op("Sub", x, graph.constant(rule.mean, F64))
        x = graph.op("MatMul", x, graph.constant(rule.rotation, F64))
    codes, words = [], []
    for b, book in enumerate(rule.books):
        columns = graph.constant(np.arange(rule.splits[b], rule.splits[b + 1]), np.int64)
        values = np.asarray(book, F64)
        part = graph.op("Gather", x, columns, axis=1)
        code = graph.op("ArgMin", _expanded(graph, part, values, values.mean(axis=0)), axis=1)
        codes.append(code)
        words.append(graph.op("Gather", graph.constant(values, F64), graph.op("Squeeze", code, _axis(graph, 1))))
    decoded = graph.op("Concat", *words, axis=1)
    if rule.rotation is not None and rule.mean is not None:
        decoded = graph.op("MatMul", decoded, graph.constant(rule.rotation.T, F64))
        decoded = graph.op("Add", decoded, graph.constant(rule.mean, F64))
    return graph.op("Concat", *codes, axis=1), decoded


def _residual(graph: Graph, x: str, rule: Books) -> tuple[str, str]:
    """Codes (n, B), and what they stand for (n, p): the best of `beam` sums, each kept for what it leaves."""
    left, n_paths, codes = graph.op("Unsqueeze", x, _axis(graph, 1)), 1, ""
    for book in (np.asarray(book, F64) for book in rule.books):
        size = len(book)
        n_kept = min(rule.beam, n_paths * size)
        products = graph.op("MatMul", left, graph.constant(-2 * book.T, F64))
        scores = graph.op("Add", products, graph.constant((book * book).sum(axis=1), F64))
        scores = graph.op("Add", scores, _squares(graph, left, 2, True))
        scores = graph.op("Reshape", scores, graph.constant([0, n_paths * size], np.int64))
        best = _lowest(graph, scores, n_kept)[1]
        path = graph.op("Unsqueeze", graph.op("Div", best, graph.constant(size, np.int64)), _axis(graph, 2))
        word = graph.op("Mod", best, graph.constant(size, np.int64))
        left = graph.op("GatherND", left, path, batch_dims=1)
        left = graph.op("Sub", left, graph.op("Gather", graph.constant(book, F64), word))
        own = graph.op("Unsqueeze", word, _axis(graph, 2))
        codes = graph.op("Concat", graph.op("GatherND", codes, path, batch_dims=1), own, axis=2) if codes else own
        n_paths = n_kept
    best = graph.op("ArgMin", _squares(graph, left, 2, False), axis=1)
    return graph.op("GatherND", codes, best, batch_dims=1), graph.op(
        "Sub", x, graph.op("GatherND", left, best, batch_dims=1)
    )


# Small things


def _lowest(graph: Graph, values: str, n: int) -> tuple[str, str]:
    """The n lowest values of each row, the lowest first and of equal ones the earlier, and their places."""
    return graph.pair("TopK", values, graph.constant([n], np.int64), axis=1, largest=0)


def _squares(graph: Graph, values: str, axis: int, keep: bool) -> str:
    return graph.op("ReduceSumSquare", values, _axis(graph, axis), keepdims=int(keep))


def _where_usable(graph: Graph, usable: str, values: str, otherwise: Any, dtype: Any, result: str = "") -> str:
    return graph.op("Where", usable, values, graph.constant(otherwise, dtype), result=result)


def _number(graph: Graph, value: float) -> str:
    return graph.constant(value, F64)


def _axis(graph: Graph, axis: int) -> str:
    return graph.constant([axis], np.int64)
