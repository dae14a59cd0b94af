"""The words of quantizers with several books, each as the row that it makes in company of the others' means."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from workbench.views.scene import Array, Scene


@dataclass(frozen=True, eq=False)
class Words:
    """Words of all books, book by book.

    Attributes
    ----------
    values : (w, d) float
        In training units: what is decoded from the word when every other book gives the mean of its words, each
        weighed by its rows. So a word of a subspace is seen on the mean row, and one of a later stage as what it adds.
    book, number : (w,) int64
    counts : (w,) int64
        Rows of each word.
    """

    values: Array
    book: NDArray[np.int64]
    number: NDArray[np.int64]
    counts: NDArray[np.int64]


def has_words(scene: Scene) -> bool:
    """Whether the engine has books of words in place of prototypes."""
    return "codebooks" in scene.snapshot.arrays and not scene.has_bits


def words_of(scene: Scene, most: int) -> Words:
    """The words of the scene, of each book at least one and the most used ones where all together pass `most`."""
    sizes = scene.model.code_sizes
    arrays = scene.snapshot.arrays
    each = max(1, most // len(sizes))
    means, kept, decoded = [], [], []
    zero = np.asarray(scene.model.decode(np.zeros((1, len(sizes)), np.int32)))[0].astype(np.float64)
    for book, size in enumerate(sizes):
        codes = np.zeros((size, len(sizes)), np.int32)
        codes[:, book] = np.arange(size)
        rows = np.asarray(scene.model.decode(codes))
        counts = np.asarray(arrays["counts"], float)[book, :size]
        weights = counts if counts.sum() > 0 else np.ones(size)
        means.append(np.average(rows, axis=0, weights=weights) - zero)
        kept.append(np.argsort(-counts, kind="stable")[:each])
        decoded.append(rows[kept[-1]])
    total = np.sum(means, axis=0)
    # decoding adds up over the books, so the others' means are added to what was decoded beside their word 0
    values = [rows + (total - mean) for rows, mean in zip(decoded, means, strict=True)]
    all_counts = [np.rint(np.asarray(arrays["counts"])[book, which]) for book, which in enumerate(kept)]
    return Words(
        values=np.concatenate(values),
        book=np.repeat(np.arange(len(sizes)), [len(which) for which in kept]),
        number=np.concatenate(kept).astype(np.int64),
        counts=np.concatenate(all_counts).astype(np.int64),
    )
