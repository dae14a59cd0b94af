"""Networks of an engine of bits, and the recipe of its rows, as ONNX graphs; they are written and tried elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from engines.deep.coder import Activation, Coder, Layer, SignCoder
from engines.deep.grouped_coder import GroupedCoder, bits_of_book, signs_of_numbers
from workbench.data import FittedRecipe

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto, TensorProto

OPSET, IR_VERSION = 18, 9
"""Old enough for runtimes of 2023."""


@dataclass
class Graph:
    """A graph that is being built: every operation gives the name of its result."""

    nodes: list[NodeProto] = field(default_factory=list)
    constants: list[TensorProto] = field(default_factory=list)

    def op(self, kind: str, *inputs: str, result: str = "", **attributes: Any) -> str:
        """The result of an operation, called `result` if that is given."""
        from onnx import helper

        name = result or f"{kind.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], **attributes))
        return name

    def pair(self, kind: str, *inputs: str, **attributes: Any) -> tuple[str, str]:
        """The two results of an operation that has two."""
        from onnx import helper

        names = tuple(f"{kind.lower()}_{len(self.nodes)}_{which}" for which in (0, 1))
        self.nodes.append(helper.make_node(kind, list(inputs), list(names), **attributes))
        return names[0], names[1]

    def constant(self, values: Any, dtype: Any) -> str:
        """An array, or a number, that is part of the graph."""
        from onnx import numpy_helper

        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.array(values, dtype, order="C"), name))
        return name

    def cast(self, values: str, dtype: Any) -> str:
        """The values in another type."""
        from onnx import helper

        return self.op("Cast", values, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    def model(
        self,
        inputs: Mapping[str, tuple[Any, int]],
        outputs: Mapping[str, tuple[Any, int | None]],
        notes: Mapping[str, str],
    ) -> ModelProto:
        """The whole as a checked model.

        Parameters
        ----------
        inputs, outputs : mapping of str to (dtype, width)
            Each is (rows, width), with any number of rows; or (rows,) without a width. Texts are of dtype object.
        notes : mapping
            Metadata of the file.
        """
        from onnx import checker, helper

        def described(tensors: Mapping[str, tuple[Any, int | None]]) -> list[Any]:
            return [
                helper.make_tensor_value_info(
                    name,
                    helper.np_dtype_to_tensor_dtype(np.dtype(dtype)),
                    ["rows"] if width is None else ["rows", width],
                )
                for name, (dtype, width) in tensors.items()
            ]

        graph = helper.make_graph(self.nodes, "vq", described(inputs), described(outputs), self.constants)
        made = helper.make_model(
            graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION, producer_name="VQ Workbench"
        )
        helper.set_model_props(made, dict(notes))
        checker.check_model(made, full_check=True)
        return made


def encoder_model(coder: SignCoder, recipe: FittedRecipe, notes: Mapping[str, str]) -> ModelProto:
    """From `rows` (n, d) in original units to `bits` (n, L) int8, `packed` (n, ⌈L/8⌉) uint8, and `latent`, float32.

    The recipe is followed in the precision in which the workbench follows it; the networks run in float32.
    """
    graph = Graph()
    z = prepared(graph, "rows", recipe)
    z = graph.op("Sub", z, graph.constant(coder.mean, recipe.dtype))
    z = graph.op("Div", z, graph.constant(coder.scale, recipe.dtype))
    n_latent, n_bits = _link_after_link(graph, graph.cast(z, np.float32), coder)
    _pack(graph, "bits", n_bits)
    outputs = {"bits": (np.int8, n_bits), "packed": (np.uint8, -(-n_bits // 8)), "latent": (np.float32, n_latent)}
    return graph.model({"rows": (recipe.dtype, len(recipe.names))}, outputs, notes)


def decoder_model(coder: SignCoder, recipe: FittedRecipe, notes: Mapping[str, str]) -> ModelProto:
    """From `bits` (n, L) int8, each -1 or +1, to `rows` (n, d) in original units."""
    graph = Graph()
    if isinstance(coder, GroupedCoder):
        n_bits, latent = sum(coder.widths), _words(graph, "bits", coder)
    else:
        n_bits, latent = coder.decoder[0][0].shape[1], graph.cast("bits", np.float32)
    z = _product(graph, _hidden(graph, latent, coder.decoder[:-1], coder), coder.decoder[-1])
    z = graph.op("Mul", graph.cast(z, recipe.dtype), graph.constant(coder.scale, recipe.dtype))
    z = graph.op("Add", z, graph.constant(coder.mean, recipe.dtype))
    graph.op("Identity", _restored(graph, z, recipe), result="rows")
    return graph.model({"bits": (np.int8, n_bits)}, {"rows": (recipe.dtype, len(recipe.names))}, notes)


def _link_after_link(graph: Graph, z: str, coder: SignCoder) -> tuple[int, int]:
    """`latent` and `bits` of scaled rows, what `SignCoder.passed` does; their widths are given."""
    hidden, latents, bits, n_latent = _hidden(graph, z, coder.encoder[:-1], coder), list[str](), list[str](), 0
    told = [hidden]
    for link in (coder.encoder[-1:], *coder.links):
        given = graph.op("Concat", *told, axis=1)
        values = _product(graph, _hidden(graph, given, link[:-1], coder), link[-1])
        latent = graph.op("Tanh" if coder.latent_layer == "tanh" else "Identity", values)
        width = len(link[-1][1])
        settled, words = _settled(graph, latent, coder, n_latent, width)
        latents.append(latent)
        bits.append(settled)
        told.append(words)
        n_latent += width
    graph.op("Concat", *latents, axis=1, result="latent")
    graph.op("Concat", *bits, axis=1, result="bits")
    return n_latent, sum(coder.widths) if isinstance(coder, GroupedCoder) else n_latent


def _settled(graph: Graph, latent: str, coder: SignCoder, first: int, width: int) -> tuple[str, str]:
    """Bits of so many latent values from number `first` on, int8, and what later links are told of them, float32."""
    if not isinstance(coder, GroupedCoder):
        bits = _signs(graph, latent)
        return bits, graph.cast(bits, np.float32)
    size = coder.books[0].shape[1]
    books = coder.books[first // size : (first + width) // size]
    found, words, axis = [], [], graph.constant([1], np.int64)
    for which, book in enumerate(books):
        start, end = (graph.constant([size * at], np.int64) for at in (which, which + 1))
        products = graph.op(
            "MatMul", graph.op("Slice", latent, start, end, axis), graph.constant(-2 * book.T, np.float32)
        )
        squares = graph.op("Add", products, graph.constant(np.sum(book * book, axis=1), np.float32))
        nearest = graph.op("ArgMin", squares, axis=1, keepdims=0)
        bits_of_all = signs_of_numbers([np.arange(len(book))], [bits_of_book(book)])
        found.append(graph.op("Gather", graph.constant(bits_of_all, np.int8), nearest))
        words.append(graph.op("Gather", graph.constant(book, np.float32), nearest))
    return graph.op("Concat", *found, axis=1), graph.op("Concat", *words, axis=1)


def _product(graph: Graph, values: str, layer: Layer) -> str:
    """A layer without its end."""
    weight, bias = layer
    return graph.op("Gemm", values, graph.constant(weight, np.float32), graph.constant(bias, np.float32), transB=1)


def _hidden(graph: Graph, values: str, layers: tuple[Layer, ...], coder: Coder) -> str:
    """Hidden layers of a coder one after another."""
    for layer in layers:
        given, values = values, _activated(graph, _product(graph, values, layer), coder.activation)
        if coder.residual and layer[0].shape[0] == layer[0].shape[1]:
            values = graph.op("Add", given, values)
    return values


def _activated(graph: Graph, values: str, activation: Activation) -> str:
    if activation != "gelu":
        return graph.op({"tanh": "Tanh", "relu": "Relu"}[activation], values)
    half, root, one = (graph.constant(value, np.float32) for value in (0.5, np.sqrt(0.5), 1.0))
    risen = graph.op("Add", graph.op("Erf", graph.op("Mul", values, root)), one)
    return graph.op("Mul", graph.op("Mul", values, half), risen)


def _signs(graph: Graph, latent: str) -> str:
    """-1 below zero and +1 elsewhere, int8."""
    below = graph.op("Less", latent, graph.constant(0, np.float32))
    return graph.op("Where", below, graph.constant(-1, np.int8), graph.constant(1, np.int8))


def _words(graph: Graph, bits: str, coder: GroupedCoder) -> str:
    """The codewords (n, G · w) that bits (n, L) are the numbers of."""
    ones = graph.cast(graph.op("Greater", graph.cast(bits, np.float32), graph.constant(0, np.float32)), np.float32)
    places, row = np.zeros((sum(coder.widths), len(coder.books)), np.float32), 0
    for group, width in enumerate(coder.widths):
        places[row : row + width, group] = 2.0 ** np.arange(width)
        row += width
    numbers = graph.cast(graph.op("MatMul", ones, graph.constant(places, np.float32)), np.int64)
    found = []
    for group, book in enumerate(coder.books):
        number = graph.op("Gather", numbers, graph.constant(group, np.int64), axis=1)
        found.append(graph.op("Gather", graph.constant(book, np.float32), number))
    return graph.op("Concat", *found, axis=1)


def _pack(graph: Graph, bits: str, n_bits: int) -> None:
    """`packed`: bit j, for +1, is bit j % 8 of byte j // 8."""
    n_bytes = -(-n_bits // 8)
    ones = graph.cast(graph.op("Greater", graph.cast(bits, np.float32), graph.constant(0, np.float32)), np.float32)
    places = np.zeros((n_bits, n_bytes), np.float32)
    places[np.arange(n_bits), np.arange(n_bits) // 8] = 2.0 ** (np.arange(n_bits) % 8)
    sums = graph.op("MatMul", ones, graph.constant(places, np.float32))
    graph.op("Identity", graph.cast(sums, np.uint8), result="packed")


def prepared(graph: Graph, rows: str, recipe: FittedRecipe) -> str:
    """Rows as the engine sees them: step by step what `FittedRecipe.transform` does, in float64 as there."""
    if recipe.changes_nothing:
        return rows
    rows = graph.cast(rows, np.float64)
    if recipe.fill is not None:
        absent = graph.op("Or", graph.op("IsNaN", rows), graph.op("IsInf", rows))
        rows = graph.op("Where", absent, graph.constant(recipe.fill, np.float64), rows)
    if recipe.shift is not None and recipe.scale is not None:
        rows = graph.op("Sub", rows, graph.constant(recipe.shift, np.float64))
        rows = graph.op("Div", rows, graph.constant(recipe.scale, np.float64))
    if recipe.recipe.contrast:
        axis = graph.constant([1], np.int64)
        rows = graph.op("Sub", rows, graph.op("ReduceMean", rows, axis))
        square = graph.op("ReduceMean", graph.op("Mul", rows, rows), axis)
        floor = graph.constant(recipe.row_floor, np.float64)
        rows = graph.op("Div", rows, graph.op("Sqrt", graph.op("Add", square, floor)))
    if recipe.forward is not None:
        rows = graph.op("Sub", rows, graph.constant(recipe.center, np.float64))
        rows = graph.op("MatMul", rows, graph.constant(recipe.forward, np.float64))
    return graph.cast(rows, recipe.dtype)


def _restored(graph: Graph, rows: str, recipe: FittedRecipe) -> str:
    """Rows in original units: what `FittedRecipe.inverse` does."""
    if recipe.changes_nothing:
        return rows
    rows = graph.cast(rows, np.float64)
    if recipe.backward is not None:
        rows = graph.op("MatMul", rows, graph.constant(recipe.backward, np.float64))
        rows = graph.op("Add", rows, graph.constant(recipe.center, np.float64))
    if recipe.recipe.contrast:
        rows = graph.op("Mul", rows, graph.constant(recipe.row_deviation, np.float64))
        rows = graph.op("Add", rows, graph.constant(recipe.row_mean, np.float64))
    if recipe.shift is not None and recipe.scale is not None:
        rows = graph.op("Mul", rows, graph.constant(recipe.scale, np.float64))
        rows = graph.op("Add", rows, graph.constant(recipe.shift, np.float64))
    return graph.cast(rows, recipe.dtype)
