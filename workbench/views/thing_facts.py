"""What is known of the things of a project: a line each, and pairs of a title and a text, for windows and notebooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from workbench.session import Dataset, Search, Subset, Sweep
from workbench.session.dataset import SPLIT
from workbench.session.document import Thing
from workbench.views.first_look import moment
from workbench.views.run_words import progress_of, status_words
from workbench.views.scene import PARTS
from workbench.views.wording import number, percent

Pairs = list[tuple[str, str]]
_TONES = {"running": "accent", "paused": "warning", "failed": "bad", "interrupted": "warning", "finished": "good"}


@dataclass(frozen=True)
class Line:
    """A thing in the list of all that a project has.

    Attributes
    ----------
    detail : str
        Some words beside the name.
    told : str
        All of it in a sentence.
    icon : {"dataset", "image", "subset", "run", "sweep", "tuning"}
    tone : {"muted", "accent", "warning", "bad", "good"}
        Of the detail.
    progress : float or None
        0 to 1, of what is under way.
    """

    detail: str
    told: str
    icon: str
    tone: str = "muted"
    progress: float | None = None


def line_of(thing: Thing, place: int = 0) -> Line:
    """The line of a thing; `place` is that in the queue, of work that waits."""
    if isinstance(thing, Dataset):
        icon = "image" if thing.kind == "image" else "dataset"
        told = f"{thing.name}: {thing.n_rows:,} rows, {thing.n_features:,} features"
        return Line(f"{thing.n_rows:,} × {thing.n_features:,}", told, icon)
    if isinstance(thing, Subset):
        return Line(f"{len(thing.rows):,}", f"{thing.name}: subset of {len(thing.rows):,} rows", "subset")
    detail = status_words(thing, place)
    icon = "sweep" if isinstance(thing, Sweep) else "tuning" if isinstance(thing, Search) else "run"
    told = f"{thing.name}: {thing.engine.title}, {detail}"
    return Line(detail, told, icon, _TONES.get(thing.status, "muted"), progress_of(thing))


def dataset_facts(dataset: Dataset) -> Pairs:
    """Rows, features, classes, parts, corrections, and where it comes from."""
    pairs = [("Rows", f"{dataset.n_rows:,}"), ("Features", f"{len(dataset.raw_names):,}")]
    if dataset.image_shape:
        noun = "Matrices" if dataset.kind == "spd" else "Images"
        pairs.append((noun, " × ".join(map(str, dataset.image_shape))))
    if dataset.has_labels:
        names = [str(value) for value in dataset.classes]
        shown = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
        pairs.append(("Classes", f"{len(names)}: {shown}"))
    else:
        pairs.append(("Classes", "no labels"))
    counts = [(name, dataset.n_in(part)) for name, part in zip(PARTS, SPLIT, strict=True)]
    pairs.append(("Split", ", ".join(f"{n:,} {part}" for part, n in counts if n)))
    if dataset.first_look is not None and dataset.first_look.is_recorded:
        pairs.append(("Test part first looked at", moment(dataset.first_look)))
    relabelled, dropped = dataset.corrections
    if relabelled or dropped:
        pairs.append(("Corrections", f"{relabelled:,} relabelled, {dropped:,} dropped"))
    files = dataset.source.get("files", ())
    if files:
        pairs.append(("File", str(files[0].get("path", "")).rpartition("/")[2]))
    pairs.append(("Imported", dataset.created.replace("T", " ")[:16]))
    return pairs


def recipe_facts(dataset: Dataset) -> Pairs:
    """What was done to the rows."""
    recipe = dataset.recipe.recipe
    steps = [("Missing values", recipe.missing), ("Scaling", recipe.scaling)]
    if recipe.contrast:
        steps.append(("Contrast", "normalised row by row"))
    if recipe.whitening != "none":
        steps.append(("Whitening", recipe.whitening))
    return steps


def parameter_facts(parameters: Mapping[str, Any]) -> Pairs:
    """Parameters of a run or a study, long ones cut."""
    texts = {name: "none" if value is None else str(value) for name, value in parameters.items()}
    return [(name, text if len(text) <= 40 else text[:37] + "…") for name, text in texts.items()]


def figure_words(name: str, value: float) -> str:
    """The value of a metric: a share as a percentage."""
    return percent(value) if "accuracy" in name and 0 <= value <= 1 else number(value, 5)
