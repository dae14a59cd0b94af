"""What is left, and how much of it is right, when rows are rejected that the classifier is not sure of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.views import canvas
from workbench.views.intervals import wilson
from workbench.views.outcome import Outcome, outcome
from workbench.views.scene import PARTS, Scene
from workbench.views.theme import Theme
from workbench.views.wording import number, percent

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from engines.lvq.reject import Measure, RejectCurve

Floats = NDArray[np.float64]
MEASURES: dict[Measure, str] = {
    "relative": "relative distance (D⁻ − D⁺)/(D⁻ + D⁺)",
    "border": "distance to the border",
    "probability": "share of the class in all nearness",
    "closeness": "nearness to the nearest prototype",
}
"""What the certainties of `engines.lvq.reject` are called here."""
SESSION_PARTS = ("train", "validation", "test")
"""The parts of `PARTS` as the session calls them."""
CURVES = ("Parts of the split", "Ways to be certain")
"""The two sets of curves."""
TARGETS = (0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 1.0)
_MOST_TARGETS = 3
_MOST_POINTS = 400


@dataclass(frozen=True, eq=False)
class Line:
    """One curve, from all rows at the right to few at the left.

    Attributes
    ----------
    accepted, accuracy : (k,) float64
        Shares of the rows, and of the accepted ones.
    area : float
        Mean accuracy over all shares of accepted rows; the higher, the better the order of the rows.
    """

    accepted: Floats
    accuracy: Floats
    area: float


@dataclass(frozen=True, eq=False)
class RejectPart:
    """One part of the split under the relative certainty.

    Attributes
    ----------
    part : str
        "training", "validation" or "test".
    n_rows : int
    one, by_class : Line
        With one threshold for all rows, and with the best ones for each predicted class, chosen on the part itself.
    low, high : (k,) float64
        95 % intervals by Wilson of the accuracies of `one`.
    sure : (n,) float64
        Certainty of each row, rising.
    true, predicted : (n,) int64
        Class codes of the same rows; a prediction may be -1.
    """

    part: str
    n_rows: int
    one: Line
    by_class: Line
    low: Floats
    high: Floats
    sure: Floats
    true: NDArray[np.int64]
    predicted: NDArray[np.int64]

    def threshold_at(self, accepted: float) -> float:
        """The certainty of the last row that is kept where about that share of the rows is; at most 1."""
        kept = round(min(1.0, max(0.0, accepted)) * self.n_rows)
        return min(1.0, float(self.sure[self.n_rows - kept])) if 0 < kept < self.n_rows else float(kept == 0)


@dataclass(frozen=True, eq=False)
class Choice:
    """The threshold that reaches an accuracy on the part it was chosen on, and what it does there and elsewhere.

    Attributes
    ----------
    target, threshold : float
        Rows are rejected whose relative certainty is below the threshold.
    class_thresholds : (C,) float64
        One for each predicted class, to the same end; -inf rejects none, inf all.
    accepted, accuracy : (p,) float64
        Of each part, with the one threshold.
    class_accepted, class_accuracy : (p,) float64
        The same with those of the classes.
    """

    target: float
    threshold: float
    class_thresholds: Floats
    accepted: Floats
    accuracy: Floats
    class_accepted: Floats
    class_accuracy: Floats


@dataclass(frozen=True, eq=False)
class RejectData:
    """Curves of all parts that have labelled rows.

    Attributes
    ----------
    parts : tuple of RejectPart
    measures : tuple of str
        What the certainties are called that there are.
    lines : tuple of Line
        Of each measure with one threshold, on the last part.
    choices : tuple of Choice
    chosen_on : str
        The part that thresholds were chosen on; "" without parts.
    class_names : tuple of C str
    note : str
    run : str
        Name of the run.
    iteration : int
        Of the model.
    kept : float or None
        The threshold that is kept with the run.
    kept_on : str
        The part that it was chosen on; "" without one.
    """

    parts: tuple[RejectPart, ...]
    measures: tuple[str, ...]
    lines: tuple[Line, ...]
    choices: tuple[Choice, ...]
    chosen_on: str
    class_names: tuple[str, ...]
    note: str
    run: str = ""
    iteration: int = 0
    kept: float | None = None
    kept_on: str = ""

    @property
    def chosen(self) -> RejectPart:
        """The part that thresholds are chosen on; there must be one."""
        return next(part for part in self.parts if part.part == self.chosen_on)

    def at(self, threshold: float) -> tuple[Outcome, ...]:
        """What a threshold does on each part."""
        n = len(self.class_names)
        return tuple(outcome(p.part, p.sure, p.true, p.predicted, threshold, n) for p in self.parts)

    def cheapest(self, cost: float) -> float:
        """The threshold of the lowest total on the chosen part, where an error costs 1 and a rejected row `cost`.

        It is Chow's rule with the shares that were counted in place of probabilities, which certainties are not.

        References
        ----------
        Chow, "On optimum recognition error and reject tradeoff", IEEE Transactions on Information Theory 16, 1970.
        """
        from engines.lvq.reject import reject_curve

        part = self.chosen
        curve = reject_curve(part.sure, part.true == part.predicted)
        return float(np.clip(curve.thresholds[curve.cheapest(1.0, cost), 0], 0.0, 1.0))

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest accuracy to show: the tail of a few rows may leave the picture."""
        shown = [line.accuracy[line.accepted >= 0.05] for line in self.drawn]
        low = min((float(np.nanmin(values)) for values in shown if len(values)), default=0.0)
        return max(0.0, low - 0.06 * (1 - low) - 1e-3), 1.0 + 0.04 * (1 - low) + 1e-3

    @property
    def left(self) -> float:
        """Share of accepted rows from which on there is something to see: less of them are all alike."""
        firsts = [float(line.accepted[line.accuracy >= np.nanmax(line.accuracy) - 1e-12].max()) for line in self.drawn]
        return max(0.0, 0.9 * min(firsts, default=0.0) - 0.05)

    @property
    def drawn(self) -> tuple[Line, ...]:
        """All lines."""
        return (*(line for part in self.parts for line in (part.one, part.by_class)), *self.lines)


def applies(scene: Scene) -> bool:
    """Whether classes are known and told by the distance to prototypes."""
    from engines.lvq.classifier import PrototypeClassifier

    labelled = scene.sample.codes is not None and len(scene.classes) > 1
    return labelled and issubclass(scene.engine.estimator, PrototypeClassifier)


def compute(scene: Scene) -> RejectData:
    """Curves on the labelled rows of the sample; thresholds from the validation part, or from the training part."""
    from engines.lvq.reject import certainty, reject_curve

    codes, X = np.asarray(scene.sample.codes), np.asarray(scene.sample.X)
    known = codes >= 0
    present = [part for part in range(len(PARTS)) if (known & (scene.split == part)).any()]
    right, groups = scene.predicted == codes, np.maximum(scene.predicted, 0)
    note = scene.told_rows()
    if not present:
        return RejectData((), (), (), (), "", scene.class_names, note, scene.name, scene.snapshot.iteration)
    sure = certainty(scene.model, X)
    masks = [known & (scene.split == part) for part in present]
    parts = tuple(
        _part(PARTS[part], sure[mask], codes[mask], scene.predicted[mask])
        for part, mask in zip(present, masks, strict=True)
    )
    measures: list[str] = []
    lines: list[Line] = []
    for name in MEASURES:
        try:
            others = sure if name == "relative" else certainty(scene.model, X, name)
        except ValueError:
            continue  # curved borders have no distance to be told so simply
        measures.append(MEASURES[name])
        lines.append(_line(reject_curve(others[masks[-1]], right[masks[-1]])))
    chosen = present.index(1) if 1 in present else 0
    return RejectData(
        parts=parts,
        measures=tuple(measures),
        lines=tuple(lines),
        choices=_choices(sure, right, groups, masks, chosen, len(scene.classes)),
        chosen_on=PARTS[present[chosen]],
        class_names=scene.class_names,
        note=note,
        run=scene.name,
        iteration=scene.snapshot.iteration,
        kept=None if scene.threshold is None else scene.threshold.value,
        kept_on="" if scene.threshold is None else PARTS[SESSION_PARTS.index(scene.threshold.part)],
    )


def _part(name: str, sure: Floats, true: NDArray[Any], predicted: NDArray[np.int64]) -> RejectPart:
    from engines.lvq.reject import group_reject_curve, reject_curve

    right, groups = true == predicted, np.maximum(predicted, 0)
    curve = reject_curve(sure, right)
    shown = _thinned(curve)
    intervals = [wilson(int(curve.n_right[k]), int(curve.n_accepted[k])) for k in shown]
    low, high = np.array(intervals).T
    by_class, order = group_reject_curve(sure, right, groups), np.argsort(sure, kind="stable")
    shares = _line(curve), _line(by_class)
    return RejectPart(name, len(sure), *shares, low, high, sure[order], true[order].astype(np.int64), predicted[order])


def _thinned(curve: RejectCurve) -> NDArray[np.int64]:
    """Some points of a curve that accept any rows, the first and the last of them among these."""
    n = int(np.count_nonzero(curve.n_accepted))
    return np.unique(np.linspace(0, n - 1, min(n, _MOST_POINTS)).round().astype(np.int64))


def _line(curve: RejectCurve) -> Line:
    shown = _thinned(curve)
    accepted, accuracy = curve.accepted[shown], curve.accuracy[shown]
    ends = np.append(accepted, 0.0), np.append(accuracy, accuracy[-1])
    return Line(accepted, accuracy, float(-np.trapezoid(ends[1], ends[0])))


def _choices(
    sure: Floats,
    right: NDArray[np.bool_],
    groups: NDArray[np.int64],
    masks: list[NDArray[np.bool_]],
    chosen: int,
    n_classes: int,
) -> tuple[Choice, ...]:
    """Thresholds for the next few targets above what is reached without rejecting."""
    from engines.lvq.reject import group_reject_curve, reject_curve, rejected

    here = masks[chosen]
    one, by_class = reject_curve(sure[here], right[here]), group_reject_curve(sure[here], right[here], groups[here])
    made: list[Choice] = []
    for target in (target for target in TARGETS if target > one.accuracy[0]):
        try:
            limit = one.thresholds[one.first_with(target)]
            limits = np.full(n_classes, -np.inf)
            best = by_class.thresholds[by_class.first_with(target)]
        except ValueError:
            break
        limits[: len(best)] = best
        kept = ~rejected(sure, limit), ~rejected(sure, limits, groups)
        accepted, accuracy = np.array([[_kept(k[mask], right[mask]) for mask in masks] for k in kept]).transpose(
            2, 0, 1
        )
        made.append(Choice(target, float(limit[0]), limits, accepted[0], accuracy[0], accepted[1], accuracy[1]))
        if len(made) == _MOST_TARGETS:
            break
    return tuple(made)


def _kept(kept: NDArray[np.bool_], right: NDArray[np.bool_]) -> tuple[float, float]:
    """Share of the rows that are kept, and of these that are right; NaN if none is."""
    return float(kept.mean()), float(right[kept].mean()) if kept.any() else float("nan")


def told(choice: Choice, data: RejectData, part: int) -> str:
    """What a threshold does on a part, in words."""
    return (
        f"below {number(choice.threshold, 3)}: {percent(float(choice.accuracy[part]))} right of "
        f"{percent(float(choice.accepted[part]))} of the {data.parts[part].part} rows"
    )


def figure(data: RejectData, theme: Theme) -> Figure:
    """The parts to the left, and to the right how the certainties compare on the last of them; or the chosen one."""
    shown = canvas.chosen(theme, CURVES)
    made, all_axes = canvas.panels(theme, len(shown), 6.2, 5.0, least=3.0)
    low, high = data.limits
    for which, axes in zip(shown, all_axes, strict=True):
        canvas.dress(axes, theme, grid=True)
        if not data.parts:
            canvas.remark(axes, "No labelled rows.", theme)
            continue
        (_draw_parts, _draw_measures)[which](axes, data, theme)
        axes.set_xlim(data.left, 1.0 + 0.02 * (1 - data.left))
        axes.set_ylim(low, high)
        axes.xaxis.set_major_formatter(_as_percent)
        axes.yaxis.set_major_formatter(_as_percent)
        canvas.label(axes, x="share of the rows that are accepted")
    if not data.parts:
        return made
    canvas.label(all_axes[0], y="share of the accepted rows that are right")
    made.supxlabel(canvas.plain(_words(data)), fontsize=8, color=theme.muted)
    return made


def _words(data: RejectData) -> str:
    if data.kept is not None and data.parts:
        return (
            f"Kept with the run: reject relative distances below {number(data.kept)}. {kept_words(data)}. {data.note}"
        )
    if not data.choices:
        return data.note
    first = data.choices[0]
    aim = f"For {percent(first.target, 0)} of the {data.chosen_on} rows right, reject relative distances"
    return f"{aim} {told(first, data, len(data.parts) - 1)}. {data.note}"


def kept_words(data: RejectData) -> str:
    """What the kept threshold does on each part."""
    return "; ".join(outcome.words for outcome in data.at(data.kept)) if data.kept is not None else ""


def _as_percent(value: float, _: Any = None) -> str:
    return f"{100 * value:.4g} %"


def _draw_parts(axes: Any, data: RejectData, theme: Theme) -> None:
    for k, part in enumerate(data.parts):
        color = theme.class_color(k)
        if k == len(data.parts) - 1:
            band = {"color": color, "alpha": 0.15, "linewidth": 0, "label": f"{part.part}, 95 % sure"}
            axes.fill_between(part.one.accepted, part.low, part.high, **band)
        axes.plot(part.one.accepted, part.one.accuracy, color=color, linewidth=1.6, label=f"{part.part}, one threshold")
        style = {"color": color, "linewidth": 1.3, "linestyle": "--"}
        axes.plot(part.by_class.accepted, part.by_class.accuracy, label=f"{part.part}, one a class", **style)
    last = data.parts[-1]
    for mark, choice in zip("os^", data.choices, strict=False):
        look = {
            "color": theme.surface,
            "markeredgecolor": theme.text,
            "markersize": 7,
            "linestyle": "none",
            "zorder": 4,
        }
        words = f"threshold for {percent(choice.target, 1)} of {data.chosen_on}"
        axes.plot(choice.accepted[-1], choice.accuracy[-1], mark, label=words, **look)
    if data.kept is not None:
        x, y = (list(values) for values in zip(*((s.accepted, s.accuracy) for s in data.at(data.kept)), strict=True))
        look = {"color": theme.text, "linestyle": "none", "markersize": 8, "zorder": 5}
        axes.plot(x, y, "X", label=f"kept threshold, {number(data.kept)}", **look)
    canvas.label(axes, title=f"Rejecting by relative distance ({last.n_rows:,} {last.part} rows)")
    canvas.legend(axes, theme, loc="lower left")


def _draw_measures(axes: Any, data: RejectData, theme: Theme) -> None:
    for k, (name, line) in enumerate(zip(data.measures, data.lines, strict=True)):
        style = ("-", "--", ":", "-.")[k % 4]
        words = f"{name}: {percent(line.area)} on average"
        axes.plot(line.accepted, line.accuracy, color=theme.class_color(k), linestyle=style, linewidth=1.6, label=words)
    canvas.label(axes, title=f"By which certainty? ({data.parts[-1].part} part)")
    canvas.legend(axes, theme, loc="lower left")
