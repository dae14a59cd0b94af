"""What the report says of single decisions: thresholds to reject by, and rows with what decided their class."""

from __future__ import annotations

import math
from typing import Any

from workbench.views import Scene
from workbench.views.contributions import FLIPS, ContributionsData
from workbench.views.contributions import applies as has_contributions
from workbench.views.contributions import compute as contributions_of
from workbench.views.reject import RejectData
from workbench.views.reject import applies as has_reject
from workbench.views.reject import compute as reject_of
from workbench.views.wording import MISSING, number, percent

MOST_CLASSES = 40


def decisions(scene: Scene) -> dict[str, Any] | None:
    """Tables and sentences for the template; None where classes are not told by prototypes."""
    if not has_reject(scene):
        return None
    return {
        "reject": _reject(reject_of(scene)),
        "rows": _rows(contributions_of(scene)) if has_contributions(scene) else [],
    }


def _reject(data: RejectData) -> dict[str, Any]:
    """What the chosen thresholds reach on each part, and those of the classes."""
    parts = [part.part for part in data.parts]
    heading = ["to be right", "thresholds", *(f"{part}: {what}" for part in parts for what in ("accepted", "right"))]
    lines = []
    for choice in data.choices:
        lines.append([percent(choice.target), number(choice.threshold, 4), *_figures(choice.accepted, choice.accuracy)])
        lines.append(["", "of the classes", *_figures(choice.class_accepted, choice.class_accuracy)])
    class_lines = [
        [name, *(_threshold(float(choice.class_thresholds[code])) for choice in data.choices)]
        for code, name in enumerate(data.class_names[:MOST_CLASSES])
    ]
    areas = [[name, percent(line.area, 2)] for name, line in zip(data.measures, data.lines, strict=True)]
    return {
        "chosen_on": data.chosen_on,
        "last": parts[-1] if parts else "",
        "heading": heading,
        "lines": lines,
        "class_heading": ["predicted class", *(percent(choice.target) for choice in data.choices)],
        "class_lines": class_lines if data.choices else [],
        "areas": areas,
        "kept": None if data.kept is None else _kept(data, data.kept),
        "note": data.note,
    }


def _kept(data: RejectData, threshold: float) -> dict[str, Any]:
    """The threshold that was kept with the run, and what it does on each part, in all and by class."""
    outcomes = data.at(threshold)
    heading = ["true class", *(f"{s.part}: {what}" for s in outcomes for what in ("accepted", "right of these"))]
    lines = [["all", *_figures([s.accepted for s in outcomes], [s.accuracy for s in outcomes])]]
    for code, name in enumerate(data.class_names[:MOST_CLASSES]):
        accepted = [_share(s.class_accepted[code], s.class_rows[code]) for s in outcomes]
        lines.append(
            [name, *_figures(accepted, [_share(s.class_right[code], s.class_accepted[code]) for s in outcomes])]
        )
    return {"value": number(threshold), "part": data.kept_on, "heading": heading, "lines": lines}


def _share(some: Any, of: Any) -> float:
    return float(some / of) if of else math.nan


def _figures(accepted: Any, accuracy: Any) -> list[str]:
    """Two cells for each part."""
    return [percent(float(share)) for pair in zip(accepted, accuracy, strict=True) for share in pair]


def _threshold(value: float) -> str:
    """A threshold in words where it rejects nothing, or all."""
    if math.isinf(value):
        return "all rejected" if value > 0 else MISSING
    return number(value, 4)


def _rows(data: ContributionsData) -> list[tuple[str, str]]:
    return [(f"{row.why}, {row.heading}", f"{FLIPS} {row.change}") for row in data.rows]
