"""What a project has and what is known of one thing in it, as facts for the browser and as a table in words."""

from __future__ import annotations

import html
from typing import Any

from workbench.notebook.obeying import standing
from workbench.session import Dataset, Run, Search, Session, Study, Sweep
from workbench.views import search as search_view
from workbench.views import sweep as sweep_view
from workbench.views.first_look import BEFORE_LOOKING, NOT_YET, caution, sealed_words
from workbench.views.run_words import result_words
from workbench.views.thing_facts import (
    Pairs,
    dataset_facts,
    figure_words,
    line_of,
    parameter_facts,
    recipe_facts,
)
from workbench.views.wording import metric_title

Shown = Dataset | Run | Study


def things_of(session: Session) -> list[Shown]:
    """Datasets, each before the work on it, in the order of their making."""
    works = session.works
    return [
        thing
        for dataset in session.datasets.values()
        for thing in (dataset, *(work for work in works if work.dataset is dataset))
    ]


def listed(session: Session) -> list[dict[str, Any]]:
    """A line for each of these."""
    places = {work.id: place for place, work in enumerate(session.waiting, 1)}
    return [_line(thing, places.get(thing.id, 0)) for thing in things_of(session)]


def _line(thing: Shown, place: int) -> dict[str, Any]:
    line = line_of(thing, place)
    return {
        "id": thing.id,
        "level": 1 if isinstance(thing, Dataset) else 2,
        "name": thing.name,
        "detail": line.detail,
        "told": line.told,
        "icon": line.icon,
        "tone": line.tone,
        "progress": line.progress,
    }


def history_of(session: Session) -> dict[str, str]:
    """What can be undone and redone, in words; "" for nothing."""
    return {"undo": session.can_undo or "", "redo": session.can_redo or ""}


def jobs_of(session: Session) -> list[dict[str, Any]]:
    """Imports that wait or go on."""
    return [{"title": job.title, "progress": job.progress, "status": job.status} for job in session.imports]


def head_of(thing: Shown | None) -> dict[str, str]:
    """The title of what is shown and what it is."""
    if thing is None:
        return {"title": "", "about": ""}
    about = "Dataset" if isinstance(thing, Dataset) else f"{thing.engine.title} on {thing.dataset.name}"
    return {"title": thing.name, "about": about}


def bar_of(thing: Shown | None) -> dict[str, Any]:
    """Where the run that is shown is."""
    return standing(thing if isinstance(thing, Run | Study) else None)


def details_of(thing: Shown | None) -> list[list[Any]]:
    """What is known of it: titled groups of pairs."""
    if thing is None:
        return []
    told: dict[str, Pairs]
    if isinstance(thing, Dataset):
        told = {"Facts": dataset_facts(thing), "Preparation": recipe_facts(thing)}
    else:
        told = {"Results": _results(thing), "Parameters": parameter_facts(thing.parameters)}
    return [[title, [list(pair) for pair in pairs]] for title, pairs in told.items() if pairs]


def notices_of(thing: Shown | None) -> list[str]:
    """Sentences that a person should see: on the import, or on what the run left out."""
    if isinstance(thing, Dataset):
        return list(thing.warnings[:5])
    return [*thing.remarks, *([caution(thing)] if caution(thing) else [])] if isinstance(thing, Run) else []


def sealed_part(thing: Shown | None) -> dict[str, str]:
    """What is said of a test part that nobody has looked at; empty where there is none."""
    words = "" if thing is None else sealed_words(thing if isinstance(thing, Dataset) else thing.dataset)
    return {"words": words, "before": BEFORE_LOOKING} if words else {}


def in_words(session: Session) -> str:
    """The table of datasets and runs, for where nothing can be drawn."""
    lines = [f"{'  ' * (not isinstance(thing, Dataset))}{thing.name}: {_words(thing)}" for thing in things_of(session)]
    return "\n".join([f"Project {session.path.name}", *(lines or ["no data yet"])])


def in_html(session: Session) -> str:
    """The same as a table of HTML."""
    rows = "".join(
        f'<tr><td style="text-align: left; padding-left: {0.5 if isinstance(thing, Dataset) else 2}em">'
        f'{html.escape(thing.name)}</td><td style="text-align: left">{html.escape(_words(thing))}</td></tr>'
        for thing in things_of(session)
    )
    title = html.escape(session.path.name)
    return f"<table><caption>Project {title}</caption>{rows or '<tr><td>no data yet</td></tr>'}</table>"


def _words(thing: Shown) -> str:
    if isinstance(thing, Dataset):
        labels = f", {len(thing.classes)} classes" if thing.has_labels else ""
        return f"{thing.n_rows:,} rows, {thing.n_features:,} features{labels}"
    ended = result_words(thing) if thing.status in ("finished", "failed") else line_of(thing).detail
    return f"{thing.engine.title}, {ended[:1].lower()}{ended[1:]}"


def _results(work: Run | Study) -> Pairs:
    if isinstance(work, Sweep):
        return list(sweep_view.bests(work))
    if isinstance(work, Search):
        return list(search_view.bests(work))
    if not isinstance(work, Run) or work.active:
        return []
    found = [(metric_title(name), figure_words(name, value)) for name, value in work.metrics.items()]
    return [*found, *((metric_title(name), NOT_YET) for name in work.withheld)]
