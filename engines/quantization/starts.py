"""Where the codebooks of several books start, and what rows they need; the starts themselves are those of k-means."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_array

from engines.clustering.starts import Seeder, Start, seeder
from engines.quantization.columns import edges_of


def check_rows_for_books(n_rows: int, weights: NDArray[np.float64] | None, n_bits: int) -> None:
    """Raise ValueError where fewer rows of positive weight than codewords of a book are there."""
    n_weighty = n_rows if weights is None else int(np.count_nonzero(weights))
    if n_weighty < 2**n_bits:
        kind = "" if weights is None else " of positive weight"
        raise ValueError(
            f"n_samples={n_weighty}{kind} should be >= {2**n_bits}, the codewords of n_bits={n_bits}: "
            f"take fewer bits or more rows."
        )


def book_seeders(init: Start, n_codewords: int, splits: NDArray[np.int64], dtype: np.dtype[Any]) -> list[Seeder]:
    """A start for each subspace: by name, or columns of one given array (n_codewords, d).

    Raises
    ------
    ValueError
        If an array has another shape, or is not finite.
    """
    edges = edges_of(splits)
    widths = np.diff(splits).tolist()
    if isinstance(init, str):
        return [seeder(init, n_codewords, width, dtype) for width in widths]
    given = check_array(init, dtype=dtype, order="C", input_name="init")
    if given.shape != (n_codewords, splits[-1]):
        raise ValueError(
            f"init has shape {given.shape}, expected ({n_codewords}, {splits[-1]}): the codebooks side by side."
        )
    pairs = zip(edges, widths, strict=True)
    return [seeder(given[:, columns], n_codewords, width, dtype) for columns, width in pairs]


def stage_seeders(init: Start, n_stages: int, n_codewords: int, d: int, dtype: np.dtype[Any]) -> list[Seeder]:
    """A start for each stage: by name, or from one given array (n_stages, n_codewords, d).

    Raises
    ------
    ValueError
        If an array has another shape, or is not finite.
    """
    if isinstance(init, str):
        return [seeder(init, n_codewords, d, dtype) for _ in range(n_stages)]
    shape = np.shape(init)
    if shape != (n_stages, n_codewords, d):
        raise ValueError(f"init has shape {shape}, expected {(n_stages, n_codewords, d)}: a codebook for each stage.")
    return [seeder(book, n_codewords, d, dtype) for book in init]
