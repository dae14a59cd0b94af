"""How evenly the codes are used, book by book: sorted counts, perplexity, dead codes, bits used against bits paid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engines.codes import bits_of
from workbench.views import canvas
from workbench.views.scene import Scene
from workbench.views.theme import Theme
from workbench.views.wording import counted, number, percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

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
    """Use of the codes of every book.

    Attributes
    ----------
    books : tuple of BookUsage
    counted : str
        What was counted: "training rows", "rows" or "rows of the sample".
    n_rows : float
        How many of them.
    headline : str
        All books in one sentence.
    """

    books: tuple[BookUsage, ...]
    counted: str
    n_rows: float
    headline: str


def applies(scene: Scene) -> bool:
    """Whatever has codes."""
    return scene.has_codes


def compute(scene: Scene) -> UsageData:
    """Count the codes: as the engine counted them in training, else over the sample."""
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
    return UsageData(books, what, float(counts[0].sum()), _headline(books))


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
    several = len(data.books) > 1
    made = canvas.new_figure(theme, 10.4 if several else 7.4, 4.4)
    all_axes = made.subplots(1, 2 if several else 1, squeeze=False, width_ratios=[1.4, 1] if several else None)[0]
    for axes in all_axes:
        canvas.dress(axes, theme, grid=True)
    _draw_counts(all_axes[0], data, theme)
    if several:
        _draw_bits(all_axes[1], data, theme)
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
    sizes = {len(book.counts) for book in data.books}
    if len(sizes) == 1:
        even = data.n_rows / max(1, most)
        axes.axhline(even, color=theme.text, linestyle=":", linewidth=1.2, label=f"even use, {number(even)}")
    axes.set_xlim(0.4, most + 0.6)
    axes.set_ylim(0, 1.06 * max(1.0, *(float(book.counts.max(initial=0)) for book in data.books)))
    canvas.whole_ticks(axes.xaxis)
    canvas.grouped_numbers(axes.yaxis)
    canvas.label(axes, x="codes, by falling use", y=data.counted, title="Use of the codes")
    canvas.legend(axes, theme)


LINES = ("-", "--", ":", "-.")


def line_color(which: int, data: UsageData, theme: Theme) -> str:
    """Colour of book `which`: the accent for an only one."""
    return theme.accent if len(data.books) == 1 else theme.class_color(which)


def _draw_bits(axes: Any, data: UsageData, theme: Theme) -> None:
    """Bits paid as pale bars, bits used inside them."""
    places = np.arange(1, len(data.books) + 1)
    axes.bar(places, [book.bits_paid for book in data.books], width=0.8, color=theme.grid, label="paid")
    axes.bar(places, [book.bits_used for book in data.books], width=0.8, color=theme.accent, label="used (entropy)")
    axes.set_xlim(0.3, len(data.books) + 0.7)
    axes.set_ylim(0, 1.28 * max(1.0, *(book.bits_paid for book in data.books)))
    axes.grid(False, axis="x")
    canvas.whole_ticks(axes.xaxis)
    canvas.label(axes, x="book", y="bits", title="Bits of the codes")
    canvas.legend(axes, theme, loc="upper right", ncols=2)
