"""Rows whose labels are doubted, the most doubtful first: where the model is sure that another class is right.

The label of a row is doubted by what the model says of it: by its signed margin, or by its confidence in the label that
was given. How many labels are wrong is estimated as confident learning does: a row counts as suspected where a class of
which the model is at least as confident as it is on average for rows that carry that label is not the given one.

References
----------
Northcutt, Jiang & Chuang, "Confident learning: estimating uncertainty in dataset labels", Journal of Artificial
Intelligence Research 70, 2021.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from workbench.views import canvas
from workbench.views.model_answers import codes_of
from workbench.views.pictures import pictures, range_of
from workbench.views.reject import applies as has_margins
from workbench.views.scene import Scene
from workbench.views.theme import Theme
from workbench.views.wording import counted, distinct, number, shorten

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
RANKINGS = {"margin": "margin", "confidence": "confidence in the given label"}
"""What rows can be ranked by, and its name for people."""
MOST_ROWS = 200
MOST_VALUES = 3
_MOST_DRAWN = 24
_KEYS = "1234567890abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True, eq=False)
class LabelDeskData:
    """The most doubtful rows, in order.

    Attributes
    ----------
    rows : (k,) int64
        Row numbers.
    parts : (k,) int64
        Part of each, as in `PARTS`.
    given, imported, predicted : (k,) int64
        Class codes: the label now, the label as imported (-1 for none), and what the model takes the row for.
    margins : (k,) float64
        (D⁻ - D⁺)/(D⁻ + D⁺), D⁺ being the squared distance to the nearest prototype of the given class and D⁻ that to
        the nearest of any other: from -1, sure that the label is wrong, to 1.
    confidences : (k,) float64
        Of the model in the given class, 0 to 1.
    prototypes : (k,) int64
        The nearest one of all.
    suspected : (k,) bool
        Whether confident learning counts the label as wrong.
    values : tuple of k str
        What tells most of each row, in words; "" for pictures.
    images : (k, h, w) or (k, h, w, 3) uint8, or None
    all_margins : (m,) float64
        Of all rows that were looked at.
    n_suspected : int
        Of all of these.
    class_names : tuple of C str
    keys : tuple of C str
        The key that gives each class, "" where there are too many.
    ranking : str
        One of `RANKINGS`.
    note : str
    """

    rows: Ints
    parts: Ints
    given: Ints
    imported: Ints
    predicted: Ints
    margins: Floats
    confidences: Floats
    prototypes: Ints
    suspected: NDArray[np.bool_]
    values: tuple[str, ...]
    images: NDArray[np.uint8] | None
    all_margins: Floats
    n_suspected: int
    class_names: tuple[str, ...]
    keys: tuple[str, ...]
    ranking: str
    note: str

    @property
    def headline(self) -> str:
        """How many labels are suspected."""
        return f"{counted(self.n_suspected, 'label')} of {len(self.all_margins):,} suspected to be wrong"


def applies(scene: Scene) -> bool:
    """Whether rows have labels, and classes are told by the distance to prototypes."""
    return has_margins(scene)


def compute(scene: Scene) -> LabelDeskData:
    """Rank the labelled rows of the sample; `Scene.asked` may be one of `RANKINGS`."""
    codes = np.asarray(scene.sample.codes, np.int64)
    known = np.flatnonzero(codes >= 0)
    given = codes[known]
    margins, confidences = _doubts(scene, known, given)
    suspected = _suspected(confidences, given)
    own = confidences[np.arange(len(given)), given] if len(given) else np.zeros(0)
    ranking = scene.asked if scene.asked in RANKINGS else "margin"
    order = np.argsort(margins if ranking == "margin" else own, kind="stable")[:MOST_ROWS]
    chosen = known[order]
    imported = codes if scene.sample.imported is None else np.asarray(scene.sample.imported, np.int64)
    images = _images(scene, chosen)
    return LabelDeskData(
        rows=np.asarray(scene.sample.rows, np.int64)[chosen],
        parts=np.asarray(scene.split, np.int64)[chosen],
        given=codes[chosen],
        imported=imported[chosen],
        predicted=scene.predicted[chosen],
        margins=margins[order],
        confidences=own[order],
        prototypes=scene.winners[chosen],
        suspected=suspected[order],
        values=("",) * len(chosen) if images is not None else _values(scene, chosen),
        images=images,
        all_margins=margins,
        n_suspected=int(suspected.sum()),
        class_names=scene.class_names,
        keys=class_keys(scene.class_names),
        ranking=ranking,
        note=_note(scene, len(known)),
    )


def class_keys(names: Sequence[str]) -> tuple[str, ...]:
    """A key for each class: its name where that is one letter or digit, else its first letter, else the next free key.

    "" for classes beyond the 36 keys.
    """
    keys: list[str] = [""] * len(names)
    free = list(_KEYS)
    spelled = [name.strip().lower() for name in names]
    for is_wanted in (_is_one_letter, bool):
        for k, name in enumerate(spelled):
            if not keys[k] and is_wanted(name) and name[0] in free:
                keys[k] = name[0]
                free.remove(name[0])
    for k in range(len(keys)):
        if not keys[k] and free:
            keys[k] = free.pop(0)
    return tuple(keys)


def _is_one_letter(name: str) -> bool:
    return len(name) == 1


def _doubts(scene: Scene, known: Ints, given: Ints) -> tuple[Floats, Floats]:
    """Margin (m,) of the given class, and confidence (m, C) in every class, of some rows of the sample.

    A class that the model has never seen has confidence 0, and the margin -1.
    """
    model: Any = scene.model
    confidences = np.zeros((len(known), len(scene.classes)))
    if not len(known):
        return np.zeros(0), confidences
    X = np.asarray(scene.sample.X)[known]
    learned = codes_of(np.asarray(model.classes_), scene.classes)
    seen = learned >= 0
    confidences[:, learned[seen]] = np.asarray(model.predict_proba(X), float)[:, seen]
    scores = np.asarray(model.decision_function(X), float)
    if scores.ndim == 1:
        scores = np.column_stack([-scores, scores])
    margins = np.full((len(known), len(scene.classes)), -1.0)
    margins[:, learned[seen]] = scores[:, seen]
    return margins[np.arange(len(given)), given], confidences


def _suspected(confidences: Floats, given: Ints) -> NDArray[np.bool_]:
    """Rows off the diagonal of the confident joint, eq. (1) of the reference."""
    n_classes = confidences.shape[1]
    own = confidences[np.arange(len(given)), given]
    counts = np.bincount(given, minlength=n_classes)
    sums = np.bincount(given, own, n_classes)
    average = np.divide(sums, counts, out=np.full(n_classes, np.inf), where=counts > 0)
    enough = np.where(confidences >= average, confidences, -1.0)
    best = enough.max(axis=1, initial=-1.0)
    return np.asarray((best >= 0) & (enough[np.arange(len(given)), given] < best))


def _images(scene: Scene, chosen: Ints) -> NDArray[np.uint8] | None:
    X = np.asarray(scene.sample.X)[chosen]
    if scene.kind == "spd" or scene.pixels is None or math.prod(scene.pixels) != X.shape[1]:
        return None
    return pictures(np.asarray(scene.to_original(X), float), scene.pixels, *range_of(scene))[0]


def _values(scene: Scene, chosen: Ints) -> tuple[str, ...]:
    """The features of each row that decide most between the two classes; or those farthest from its prototype."""
    from engines.lvq.explain import explain, is_explainable

    X = np.asarray(scene.sample.X, float)[chosen]
    if not len(chosen) or scene.kind == "dissimilarity":
        return ("",) * len(chosen)
    if is_explainable(scene.engine.estimator):
        weights = np.abs(explain(scene.model, np.asarray(scene.sample.X)[chosen]).shares)
    elif X.shape[1] == scene.prototypes.shape[1]:
        weights = np.abs(X - scene.prototypes[scene.winners[chosen]])
    else:
        return ("",) * len(chosen)
    order = np.argsort(-np.nan_to_num(weights, nan=-1.0), axis=1, kind="stable")[:, :MOST_VALUES]
    is_original = scene.feature_names == scene.original_names
    shown = np.asarray(scene.to_original(X), float) if is_original else X
    names = [shorten(name, 18) for name in scene.feature_names]
    units = [f" {shorten(unit, 8)}" if is_original and unit else "" for unit in scene.units] or [""] * len(names)
    return tuple(
        ", ".join(f"{names[j]} {number(float(values[j]), 3)}{units[j] if is_original else ''}" for j in which)
        for values, which in zip(shown, order.tolist(), strict=True)
    )


def _note(scene: Scene, n_known: int) -> str:
    trained = bool((np.asarray(scene.split)[np.asarray(scene.sample.codes) >= 0] == 0).any())
    seen = (
        " Training rows were learned with the label that is doubted here, which hides some errors." if trained else ""
    )
    return f"{scene.told_rows(n_known)}{seen}"


def figure(data: LabelDeskData, theme: Theme) -> Figure:
    """The most doubtful rows by margin, and the margins of all rows: beside them, or below on a narrow page."""
    narrow = canvas.is_narrow(theme)
    n = min(_MOST_DRAWN, len(data.rows))
    lines = 1.0 + 0.22 * n
    wide = canvas.room(theme, 12.4)
    made = canvas.new_figure(theme, wide, lines + 2.6 if narrow else max(3.0, 0.6 + lines))
    ratios = {"height_ratios": [lines, 2.2]} if narrow else {"width_ratios": [3, 2]}
    first, second = made.subplots(2, 1, **ratios) if narrow else made.subplots(1, 2, **ratios)
    for axes in (first, second):
        canvas.dress(axes, theme, grid=axes is second)
    if not n:
        for axes in (first, second):
            canvas.remark(axes, "No labelled rows.", theme)
        return made
    names = distinct(data.class_names, 10 if narrow else 16)
    colors = [theme.class_color(int(code)) for code in data.predicted[:n]]
    first.barh(np.arange(n), data.margins[:n], height=0.7, color=colors)
    first.axvline(0, color=theme.muted, linewidth=0.8)
    first.set_ylim(n - 0.4, -0.6)
    taken = "as" if narrow else "taken for"
    rows = [
        f"row {data.rows[k] + 1:,}: {names[data.given[k]]}, {taken} {_name(names, int(data.predicted[k]))}"
        for k in range(n)
    ]
    canvas.name_ticks(first.yaxis, range(n), rows, fontsize=7)
    first.tick_params(axis="y", length=0)
    canvas.label(first, x="margin of the given label", title=f"Most doubtful labels, by {RANKINGS[data.ranking]}")
    second.hist(data.all_margins, bins=40, range=(-1.0, 1.0), color=theme.class_color(0))
    second.axvline(0, color=theme.muted, linewidth=0.8)
    canvas.whole_ticks(second.yaxis)
    canvas.label(second, x="margin of the given label", y="rows", title=data.headline)
    made.supxlabel(canvas.plain(data.note), fontsize=8, color=theme.muted)
    return made


def _name(names: Sequence[str], code: int) -> str:
    return names[code] if code >= 0 else "no class of these"
