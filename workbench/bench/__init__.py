"""Published tables learned again: data, methods, our figures beside the published ones; commands print them."""

from workbench.bench.data import Rows, rows_of
from workbench.bench.methods import BITS, METHODS, Method, methods_called
from workbench.bench.page import as_json, columns, figure, lines, read_table, remarks, write_table
from workbench.bench.running import Result, measure

__all__ = [
    "BITS",
    "METHODS",
    "Method",
    "Result",
    "Rows",
    "as_json",
    "columns",
    "figure",
    "lines",
    "measure",
    "methods_called",
    "read_table",
    "remarks",
    "rows_of",
    "write_table",
]
