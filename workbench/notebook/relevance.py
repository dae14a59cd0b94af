"""The learned metric: its matrix, which features matter, and along how many directions; local ones one by one."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import traitlets

from workbench.notebook.parcel import Array, Drawing
from workbench.notebook.picks import marks_of, pick_of
from workbench.notebook.scripts import module
from workbench.notebook.widget import ViewWidget
from workbench.session import Run
from workbench.views import View, view
from workbench.views.local_relevance import ALL, LocalRelevanceData, matrix_names
from workbench.views.model_scene import ModelOnRows
from workbench.views.picking import Pick, Picked
from workbench.views.relevance import MOST_NAMED, MOST_RANKED, RelevanceData
from workbench.views.theme import Theme
from workbench.views.wording import distinct, number

Drawn = tuple[dict[str, Any], dict[str, Array]]
"""Facts and arrays."""


class RelevanceMatrix(ViewWidget):
    """Λ in colours, its diagonal as ranked bars, and its eigenvalues; of local metrics all side by side, or one.

    Click a bar or a cell to pick the features: Ctrl or Shift adds, Alt takes out, Ctrl with Shift narrows. Arrow keys
    go from feature to feature, and Enter picks.

    Attributes
    ----------
    metric : str
        Of local metrics the class (and prototype, where each has its own) whose one is shown; "" for all of them.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from engines import LGMLVQ
    >>> wine = load_wine()
    >>> model = LGMLVQ(random_state=0, max_iter=5).fit(wine.data, wine.target)
    >>> widget = RelevanceMatrix(model, feature_names=wine.feature_names, metric="1")
    >>> widget
    RelevanceMatrix(Localized generalized matrix LVQ)
    >>> widget.close()
    """

    VIEW: ClassVar[str] = "relevance"
    _esm = module("axes", "shades", "picking", "sheet", "relevance")
    height = traitlets.Int(520, min=80, max=4000).tag(sync=True)
    metric = traitlets.Unicode("")

    def viewed(self) -> View:
        shown = self.subject.shown
        if isinstance(shown, Run | ModelOnRows):
            estimator = shown.engine.estimator if isinstance(shown, Run) else type(shown.model)
            if "omegas_" in estimator.FITTED:
                return view("local_relevance")
        return super().viewed()

    @property
    def part_shown(self) -> str:
        if self.view.name != "local_relevance":
            return ""
        return f"Λ of {self.metric}" if self.metric else ALL

    def state(self) -> Hashable:
        return self.metric

    def chose(self, told: Mapping[str, Any]) -> None:
        self.metric = str(told["metric"])

    def pick(self, told: Mapping[str, Any], buffers: Sequence[Any]) -> Pick | None:
        return pick_of(told, self.subject)

    def drawing(self, data: Any, picked: Picked, theme: Theme) -> Drawing:
        facts, arrays = _local(data, self.metric) if isinstance(data, LocalRelevanceData) else _global(data)
        return Drawing({**facts, "note": data.note, "named": MOST_NAMED}, arrays | marks_of(picked))


def _global(data: RelevanceData) -> Drawn:
    heats = [_matrix_heat("Relevance matrix Λ", data.names, np.arange(len(data.names)), data.limit, data.matrix)]
    arrays = {"heat 0": data.matrix.astype(np.float32)}
    if data.image is not None:
        n_each = len(data.relevances) // data.image.size
        heats.append(_picture_heat("Relevance of the pixels", n_each, float(np.nanmax(data.image))))
        arrays["heat 1"] = data.image.astype(np.float32)
    return {
        "layout": "matrix",
        "heats": heats,
        "ranking": _ranking(data.relevances, data.order, data.names),
        "spectrum": _spectrum(data.eigenvalues, data.n_effective),
        "metrics": [],
        "metric": "",
    }, arrays


def _local(data: LocalRelevanceData, metric: str) -> Drawn:
    """All metrics, or the one of that name."""
    offered = [["", ALL], *([name, name] for name in data.metric_names[: len(data.matrices)])]
    chosen = metric if metric in data.metric_names[: len(data.matrices)] else ""
    facts, arrays = _one_metric(data, data.metric_names.index(chosen)) if chosen else _all_metrics(data)
    return {**facts, "metrics": offered, "metric": chosen}, arrays


def _one_metric(data: LocalRelevanceData, k: int) -> Drawn:
    matrix = data.matrices[k][data.order][:, data.order]
    names = tuple(data.names[j] for j in data.order)
    heats = [_matrix_heat(matrix_names(data)[k], names, data.order, data.limit, matrix)]
    arrays = {"heat 0": matrix.astype(np.float32)}
    if data.shape is not None:
        picture = data.picture(k)
        n_each = data.relevances.shape[1] // picture.size
        heats.append(_picture_heat("Relevance of the pixels", n_each, float(picture.max())))
        arrays["heat 1"] = picture.astype(np.float32)
    order = np.argsort(-data.relevances[k], kind="stable")
    return {
        "layout": "matrix",
        "heats": heats,
        "ranking": _ranking(data.relevances[k], order, data.names),
        "spectrum": _spectrum(data.eigenvalues[k], float(data.n_effective[k])),
    }, arrays


def _all_metrics(data: LocalRelevanceData) -> Drawn:
    """A picture for each where features are pixels, else a table of metrics and features."""
    facts: dict[str, Any] = {"ranking": None, "spectrum": None}
    if data.shape is not None:
        titles = [_told(data, k) for k in range(len(data.metric_names))]
        pictures = [data.picture(k) for k in range(len(titles))]
        top = max(float(picture.max()) for picture in pictures)
        n_each = data.relevances.shape[1] // pictures[0].size
        arrays = {f"heat {k}": picture.astype(np.float32) for k, picture in enumerate(pictures)}
        return facts | {"layout": "tiles", "heats": [_picture_heat(title, n_each, top) for title in titles]}, arrays
    values = data.relevances[:, data.order]
    heat = {
        "title": "Relevance of the features to each metric",
        "down": [_told(data, k) for k in range(len(values))],
        "across": list(distinct(tuple(data.names[j] for j in data.order), 24)),
        "features": data.order.tolist(),
        "low": 0.0,
        "high": float(values.max()) or 1.0,
        "table": "sequential",
        "words": "relevance (diagonal of Λ)",
        "is_cut": False,
    }
    return facts | {"layout": "table", "heats": [heat]}, {"heat 0": values.astype(np.float32)}


def _told(data: LocalRelevanceData, k: int) -> str:
    return f"{data.metric_names[k]} ({number(float(data.n_effective[k]), 2)} directions)"


def _matrix_heat(title: str, names: tuple[str, ...], features: Array, limit: float, matrix: Array) -> dict[str, Any]:
    short = list(distinct(names, 24))
    return {
        "title": title,
        "down": short,
        "across": short,
        "features": features.tolist(),
        "low": -limit,
        "high": limit,
        "table": "diverging",
        "words": "entry of Λ",
        "is_cut": bool(np.abs(np.nan_to_num(matrix)).max() > limit * (1 + 1e-9)),
    }


def _picture_heat(title: str, n_each: int, high: float) -> dict[str, Any]:
    """Pixels that stand for so many features each."""
    return {"title": title, "n_each": n_each, "low": 0.0, "high": high, "table": "sequential", "words": "relevance"}


def _ranking(relevances: Array, order: Array, names: tuple[str, ...]) -> dict[str, Any]:
    top = order[:MOST_RANKED]
    return {
        "features": top.tolist(),
        "names": list(distinct(tuple(names[j] for j in top), 30)),
        "values": np.nan_to_num(relevances[top]).tolist(),
        "n": len(order),
    }


def _spectrum(eigenvalues: Array, n_effective: float) -> dict[str, Any]:
    return {"values": np.nan_to_num(eigenvalues[:MOST_RANKED]).tolist(), "n_effective": number(n_effective, 2)}
