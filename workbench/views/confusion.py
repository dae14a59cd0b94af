"""The confusion matrix of each part of the split, with recall, precision and accuracy in its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.views import canvas
from workbench.views.intervals import wilson
from workbench.views.scene import PARTS, Scene
from workbench.views.theme import Theme
from workbench.views.wording import distinct, number, percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_NUMBERED = 16
"""Up to that many classes have numbers in the cells."""


@dataclass(frozen=True, eq=False)
class ConfusionPart:
    """What became of the rows of one part of the split.

    Attributes
    ----------
    part : str
        "training", "validation" or "test".
    counts : (C, C) int64
        True class down, predicted class across.
    rates : (C, C) float64
        `counts` as shares of each true class; NaN for a class without rows.
    recall, precision : (C,) float64
        NaN where they are not defined.
    n_rows, n_right : int
    accuracy, low, high : float
        Share of rows that are right, and its 95 % interval by Wilson's score; NaN without rows.
    """

    part: str
    counts: NDArray[np.int64]
    rates: NDArray[np.float64]
    recall: NDArray[np.float64]
    precision: NDArray[np.float64]
    n_rows: int
    n_right: int
    accuracy: float
    low: float
    high: float

    @property
    def verdict(self) -> str:
        """Accuracy and interval in words."""
        if not self.n_rows:
            return f"{self.part}: no labelled rows"
        interval = f"{percent(self.low)} to {percent(self.high)}"
        return f"{self.part}: accuracy {percent(self.accuracy)} ({interval}), {self.n_right:,} of {self.n_rows:,}"


@dataclass(frozen=True, eq=False)
class ConfusionData:
    """Confusion of all parts that have labelled rows.

    Attributes
    ----------
    parts : tuple of ConfusionPart
    class_names : tuple of C str
    note : str
        What the figures were taken on.
    """

    parts: tuple[ConfusionPart, ...]
    class_names: tuple[str, ...]
    note: str


def applies(scene: Scene) -> bool:
    """Whether classes are known and predicted."""
    return scene.engine.supervised and scene.sample.codes is not None and len(scene.classes) > 0


def compute(scene: Scene) -> ConfusionData:
    """Confusion on the rows of the sample."""
    counts = count_confusions(np.asarray(scene.sample.codes), scene.predicted, scene.split, len(scene.classes))
    return confusion_data(counts, scene.class_names, scene.told_rows())


def count_confusions(
    true: NDArray[Any], predicted: NDArray[Any], split: NDArray[Any], n_classes: int
) -> NDArray[np.int64]:
    """(3, C, C) rows by part, true class and predicted class; rows without either class are left out."""
    known = (true >= 0) & (predicted >= 0)
    cell = (split[known].astype(np.int64) * n_classes + true[known]) * n_classes + predicted[known]
    found = np.bincount(cell, minlength=3 * n_classes * n_classes)
    return found.reshape(3, n_classes, n_classes).astype(np.int64)


def confusion_data(counts: NDArray[np.int64], class_names: tuple[str, ...], note: str) -> ConfusionData:
    """Figures of (3, C, C) `counts`; parts without rows are left out."""
    parts = [_part(PARTS[i], counts[i]) for i in range(len(PARTS)) if counts[i].any()]
    return ConfusionData(tuple(parts), class_names, note)


def _part(name: str, counts: NDArray[np.int64]) -> ConfusionPart:
    right = np.diag(counts)
    actual, claimed = counts.sum(axis=1), counts.sum(axis=0)
    n_rows, n_right = int(counts.sum()), int(right.sum())
    low, high = wilson(n_right, n_rows)
    return ConfusionPart(
        part=name,
        counts=counts,
        rates=_ratio(counts, actual[:, None]),
        recall=_ratio(right, actual),
        precision=_ratio(right, claimed),
        n_rows=n_rows,
        n_right=n_right,
        accuracy=n_right / n_rows if n_rows else float("nan"),
        low=low,
        high=high,
    )


def _ratio(above: NDArray[Any], below: NDArray[Any]) -> NDArray[np.float64]:
    below = np.broadcast_to(below, above.shape)
    ratio: NDArray[np.float64] = np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
    return ratio


def figure(data: ConfusionData, theme: Theme) -> Figure:
    """A matrix for each part, coloured by the share of the true class."""
    n_parts = max(1, len(data.parts))
    n_classes = len(data.class_names)
    side = min(9.0, max(3.6, 2.2 + (0.5 if n_classes <= MOST_NUMBERED else 0.14) * n_classes))
    made, all_axes = canvas.panels(
        theme, n_parts, side, side + (0.3 if canvas.is_narrow(theme) else 0.9), beside=0.9, least=min(side, 3.2)
    )
    if not data.parts:
        canvas.dress(all_axes[0], theme)
        canvas.remark(all_axes[0], "No labelled rows.", theme)
    picture = None
    for axes, part in zip(all_axes, data.parts, strict=False):
        picture = _draw(axes, part, data.class_names, theme)
    if picture is not None:
        canvas.color_bar(made, picture, list(all_axes), theme, "share of the true class", fraction=0.04)
    made.supxlabel(canvas.plain(data.note), fontsize=8, color=theme.muted)
    return made


def _draw(axes: Any, part: ConfusionPart, class_names: tuple[str, ...], theme: Theme) -> Any:
    canvas.dress(axes, theme, frame=False)
    n = len(class_names)
    picture = axes.imshow(
        part.rates, cmap=canvas.color_map(theme.sequential, theme.grid), vmin=0, vmax=1, interpolation="nearest"
    )
    recall = [f"{name}  {percent(r, 0)}" for name, r in zip(distinct(class_names, 20), part.recall, strict=True)]
    precision = [f"{name}  {percent(p, 0)}" for name, p in zip(distinct(class_names, 20), part.precision, strict=True)]
    size = 8 if n <= 20 else max(4.0, 8 * 24 / n)
    canvas.name_ticks(axes.yaxis, range(n), recall, fontsize=size)
    canvas.name_ticks(axes.xaxis, range(n), precision, fontsize=size, rotation=90)
    if n <= MOST_NUMBERED:
        for i, j in np.argwhere(part.counts > 0):
            color = canvas.ink_on(picture.to_rgba(part.rates[i, j]), theme)
            text = canvas.plain(number(float(part.counts[i, j]), 6))
            size_in = 8 if n <= 10 else 6
            axes.text(j, i, text, ha="center", va="center", fontsize=size_in, color=color, in_layout=False)
    canvas.label(axes, x="predicted class, and precision", y="true class, and recall")
    head, _, tail = part.verdict.partition("), ")
    axes.set_title(canvas.plain(head + (")" if tail else "")) + ("\n" + canvas.plain(tail + " rows") if tail else ""))
    axes.title.set_fontsize(9)
    return picture
