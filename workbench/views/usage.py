"""How evenly the codes are used, by book or by bit: sorted counts, perplexity, dead codes, bits used and paid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engines.codes import bits_of
from workbench.views import canvas
from workbench.views.bits import numbers_of
from workbench.views.scene import Scene
from workbench.views.theme import Theme
from workbench.views.wording import counted, number, percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_BITS = 12
"""Up to so many bits, codes that no row has are listed with the others."""
MOST_BARS = 80
"""Up to that many codes of one book are a bar each; more become a line."""


@dataclass(frozen=True, eq=False)
class BookUsage:
    """Use of the codes of one book (one column of codes).

    Attributes
    ----------
    title : str
        "all codes" of an only book, else "book 3".
    order : (K,) int64
        Codes by falling use.
    counts : (K,) float64
        Rows of each, in that order.
    perplexity : float
        exp of the entropy of the counts: so many codes, were they used evenly; NaN without rows.
    n_dead : int
        Codes without any row.
    bits_used, bits_paid : float
        Entropy of the codes in bits, and ⌈log₂ K⌉.
    """

    title: str
    order: NDArray[np.int64]
    counts: NDArray[np.float64]
    perplexity: float
    n_dead: int
    bits_used: float
    bits_paid: float

    @property
    def told(self) -> str:
        """The figures of this book in words."""
        used, size = number(self.perplexity), counted(len(self.counts), "code")
        dead = f"{self.n_dead:,} dead" if self.n_dead else "none dead"
        bits = f"{number(self.bits_used)} of {number(self.bits_paid)} bits used"
        return f"{self.title}: perplexity {used} of {size}, {dead}, {bits}"


@dataclass(frozen=True, eq=False)
class UsageData:
    """Use of the codes of every book; of an engine of bits, of whole codes and of every bit.

    Attributes
    ----------
    books : tuple of BookUsage
        Of an engine of bits a single one of all 2^L codes, or of those that are used where they are too many.
    ones : (L,) float64 or None
        Share of the rows in which each bit is 1; None for an engine of books.
    counted : str
        What was counted: "training rows", "rows" or "rows of the sample".
    n_rows : float
        How many of them.
    headline : str
        All books in one sentence.
    """

    books: tuple[BookUsage, ...]
    ones: NDArray[np.float64] | None
    counted: str
    n_rows: float
    headline: str

    @property
    def bars(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Height of a pale bar for each book or bit, and of the full one inside it: bits paid and used, 1 and ones."""
        if self.ones is not None:
            return np.ones(len(self.ones)), self.ones
        return np.array([book.bits_paid for book in self.books]), np.array([book.bits_used for book in self.books])

    @property
    def even(self) -> float:
        """Rows of each code, were all used evenly; 0 where books differ in size, or unused codes are not listed."""
        sizes = {len(book.counts) for book in self.books}
        listed = self.ones is None or self.books[0].bits_paid == len(self.ones)
        return self.n_rows / max(1, *sizes) if len(sizes) == 1 and listed else 0.0


def applies(scene: Scene) -> bool:
    """Whatever has codes."""
    return scene.has_codes


def compute(scene: Scene) -> UsageData:
    """Count the codes: as the engine counted them in training, else over the sample."""
    if scene.has_bits:
        return _of_bits(scene)
    sizes = scene.model.code_sizes
    known = scene.snapshot.arrays.get("counts")
    if known is not None and known.shape in (sizes, (len(sizes), max(sizes))):
        table = np.atleast_2d(np.asarray(known, float))
        counts = [row[:size] for row, size in zip(table, sizes, strict=True)]
        what = "training rows"
    else:
        codes = scene.codes
        counts = [np.bincount(codes[:, j], minlength=size).astype(float) for j, size in enumerate(sizes)]
        what = "rows" if scene.is_whole else "rows of the sample"
    titles = ["all codes"] if len(sizes) == 1 else [f"book {j + 1}" for j in range(len(sizes))]
    books = tuple(book_usage(title, count) for title, count in zip(titles, counts, strict=True))
    return UsageData(books, None, what, float(counts[0].sum()), _headline(books))


def _of_bits(scene: Scene) -> UsageData:
    """Bits as counted in training, whole codes over the sample."""
    codes, n_bits = scene.codes, len(scene.model.code_sizes)
    if n_bits <= MOST_BITS:
        counts = np.bincount(numbers_of(codes), minlength=2**n_bits).astype(float)
    else:
        counts = np.unique(codes.astype(np.int8), axis=0, return_counts=True)[1].astype(float)
    whole = book_usage("all codes", counts)
    by_bit = np.asarray(scene.snapshot.arrays["counts"], float)
    ones = by_bit[:, 1] / np.maximum(1.0, by_bit.sum(axis=1))
    used = sum(book_usage("", row).bits_used for row in by_bit)
    rows = "rows" if scene.is_whole else "rows of the sample"
    size = f"{2**n_bits:,}" if n_bits <= 20 else f"2^{n_bits}"
    headline = (
        f"{counted(n_bits, 'bit')}, one by one worth {number(used)} over the training rows; {len(codes):,} {rows} have "
        f"{np.count_nonzero(counts):,} of {size} codes, perplexity {number(whole.perplexity)}, worth "
        f"{number(whole.bits_used)} bits"
    )
    return UsageData((whole,), ones, rows, float(counts.sum()), headline)


def book_usage(title: str, counts: NDArray[np.float64]) -> BookUsage:
    """Figures of the (K,) counts of one book."""
    counts = np.nan_to_num(counts)
    order = np.argsort(-counts, kind="stable")
    total = float(counts.sum())
    shares = counts[counts > 0] / total if total > 0 else np.empty(0)
    entropy = float(-(shares * np.log2(shares)).sum()) if total > 0 else float("nan")
    return BookUsage(
        title=title,
        order=order.astype(np.int64),
        counts=counts[order],
        perplexity=float(2.0**entropy),
        n_dead=int(np.count_nonzero(counts == 0)),
        bits_used=abs(entropy),
        bits_paid=float(bits_of(len(counts))),
    )


def _headline(books: tuple[BookUsage, ...]) -> str:
    if len(books) == 1:
        return books[0].told.removeprefix("all codes: ")
    used, paid = sum(book.bits_used for book in books), sum(book.bits_paid for book in books)
    dead = sum(book.n_dead for book in books)
    share = percent(float(np.mean([book.perplexity / max(1, len(book.counts)) for book in books])), 0)
    return (
        f"{counted(len(books), 'book')}: perplexity {share} of the codes on average, "
        f"{counted(dead, 'dead code') if dead else 'no dead codes'}, {number(used)} of {number(paid)} bits used"
    )


def figure(data: UsageData, theme: Theme) -> Figure:
    """Sorted counts; where there are several books, the bits of each beside them."""
    several = len(data.books) > 1 or data.ones is not None
    made, all_axes = canvas.panels(theme, 2 if several else 1, 5.2 if several else 7.4, 4.4)
    for axes in all_axes:
        canvas.dress(axes, theme, grid=True)
    _draw_counts(all_axes[0], data, theme)
    if several:
        (_draw_bits if data.ones is None else _draw_balance)(all_axes[1], data, theme)
    made.supxlabel(canvas.plain(data.headline), fontsize=8, color=theme.muted)
    return made


def _draw_counts(axes: Any, data: UsageData, theme: Theme) -> None:
    most = max(len(book.counts) for book in data.books)
    for which, book in enumerate(data.books):
        rank = np.arange(1, len(book.counts) + 1)
        if len(data.books) == 1 and most <= MOST_BARS:
            axes.bar(rank, book.counts, width=0.8, color=theme.accent)
        else:
            style = {"color": line_color(which, data, theme), "linestyle": LINES[which // len(theme.classes) % 4]}
            name = canvas.plain(book.title) if len(data.books) <= 12 and len(data.books) > 1 else None
            axes.plot(rank, book.counts, drawstyle="steps-mid", linewidth=1.3, label=name, **style)
    if data.even:
        axes.axhline(data.even, color=theme.text, linestyle=":", linewidth=1.2, label=f"even use, {number(data.even)}")
    axes.set_xlim(0.4, most + 0.6)
    axes.set_ylim(0, 1.06 * max(1.0, *(float(book.counts.max(initial=0)) for book in data.books)))
    canvas.whole_ticks(axes.xaxis)
    canvas.grouped_numbers(axes.yaxis)
    canvas.label(axes, x="codes, by falling use", y=data.counted, title="Use of the codes")
    if axes.get_legend_handles_labels()[0]:
        canvas.legend(axes, theme)


LINES = ("-", "--", ":", "-.")


def line_color(which: int, data: UsageData, theme: Theme) -> str:
    """Colour of book `which`: the accent for an only one."""
    return theme.accent if len(data.books) == 1 else theme.class_color(which)


def _draw_bits(axes: Any, data: UsageData, theme: Theme) -> None:
    """Bits paid as pale bars, bits used inside them."""
    _draw_bars(axes, data, theme, ("paid", "used (entropy)"))
    canvas.label(axes, x="book", y="bits", title="Bits of the codes")
    canvas.legend(axes, theme, loc="upper right", ncols=2)


def _draw_balance(axes: Any, data: UsageData, theme: Theme) -> None:
    """Of each bit the share of rows at 1, and above it that at 0."""
    _draw_bars(axes, data, theme, ("0", "1"))
    axes.axhline(0.5, color=theme.text, linestyle=":", linewidth=1.2, label="balance")
    canvas.label(axes, x="bit", y="share of the training rows", title="Balance of the bits")
    axes.set_yticks(np.linspace(0, 1, 6))
    canvas.legend(axes, theme, loc="upper right", ncols=3)


def _draw_bars(axes: Any, data: UsageData, theme: Theme, names: tuple[str, str]) -> None:
    heights = data.bars
    places = np.arange(1, len(heights[0]) + 1)
    for values, colour, name in zip(heights, (theme.grid, theme.accent), names, strict=True):
        axes.bar(places, values, width=0.8, color=colour, label=name)
    axes.set_xlim(0.3, len(places) + 0.7)
    axes.set_ylim(0, 1.28 * max(1.0, float(heights[0].max())))
    axes.grid(False, axis="x")
    canvas.whole_ticks(axes.xaxis)
