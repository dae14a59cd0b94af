"""What the report of several runs says, in words and numbers ready to be set; how it looks is the template's affair."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engines.choice import listed
from workbench.reports.assessment import Assessment
from workbench.reports.content import class_table, confusion_tables, facts_of_data, notes, preparation, usage
from workbench.reports.first_look import look_facts, look_notes
from workbench.reports.learned import Trained
from workbench.reports.outcomes import Outcomes, Pair, pairs_of
from workbench.reports.reproducing import Pairs, command_line, imported_files, provenance
from workbench.session import Session
from workbench.views import PARTS
from workbench.views.agreement import PartAgreement
from workbench.views.comparison import differing, in_force, in_words
from workbench.views.confusion import ConfusionPart, confusion_data
from workbench.views.first_look import sealed_words
from workbench.views.intervals import mean_interval
from workbench.views.run_relevances import RunRelevancesData
from workbench.views.wording import MISSING, counted, number, percent

LEVEL = 0.05
"""Of a test that two runs are alike, before it is shared among the pairs."""
_ACROSS = 6
"""Runs beside one another in a table; with more there are several tables, about as wide."""

Table = dict[str, Any]
"""Its `title`, its `heading` and its `lines`, as texts."""


@dataclass(frozen=True, eq=False)
class Assessed:
    """One of the runs, and what it makes of all rows."""

    run: Trained
    found: Assessment
    outcomes: Outcomes

    @property
    def name(self) -> str:
        return self.run.run.name

    def confusion(self) -> dict[str, ConfusionPart]:
        """Of each part that has labelled rows, where classes are predicted."""
        if self.found.confusion is None:
            return {}
        return {part.part: part for part in confusion_data(self.found.confusion, self.run.scene.class_names, "").parts}


def runs_content(session: Session, runs: Sequence[Assessed], relevances: RunRelevancesData | None) -> dict[str, Any]:
    """Everything the template asks for, by name; texts are plain and escaped by the template."""
    first = runs[0]
    names = [run.name for run in runs]
    pairs = pairs_of([run.outcomes for run in runs], first.run.row_codes, first.run.split, _last(first.found))
    title = f"{names[0]} beside {names[1]}" if len(runs) == 2 else f"{len(runs)} runs on {first.run.data.name}"
    scenes = [run.run.scene for run in runs]
    return {
        "title": title,
        "about": f"{listed(names)} on {first.run.data.name}, side by side.",
        "highlights": [_highlight(run) for run in runs],
        "notes": [*_notes(runs), *dict.fromkeys(note for run in runs for note in look_notes(session, run.run))],
        "sealed": sealed_words(first.run.data),
        "runs": _overview(runs),
        "parameters": _columns("parameter", names, differing(*scenes)),
        "same": _same([in_force(scene) for scene in scenes]),
        "accuracy": _accuracy(runs, pairs),
        "errors": _errors(runs, pairs),
        "cells": _cells(names, pairs),
        "one_engine": len({scene.engine.name for scene in scenes}) == 1,
        "relevance": None if relevances is None else _relevance(relevances),
        "sections": [_section(session, run) for run in runs],
        "data": [*facts_of_data(first.run), *look_facts(session, first.run)],
        "recipe": preparation(first.run),
        "class_table": class_table(first.run, first.found),
        "provenance": [pair for pair in provenance(session, first.run) if pair[0] != "run"],
        "files": imported_files(first.run.data.source),
        "versions": [(str(name), str(value)) for name, value in first.run.run.facts.versions.items()],
    }


def _last(found: Assessment, rows: Sequence[int] | None = None) -> int:
    """The part that says most of new rows: for testing, else for validation, else for training."""
    return max((code for code, n in enumerate(found.rows if rows is None else rows) if n), default=0)


def _notes(runs: Sequence[Assessed]) -> list[str]:
    """What a reader must know of the runs, once where it is true of several."""
    said: dict[str, list[str]] = {}
    for run in runs:
        for note in notes(run.run):
            said.setdefault(note, []).append(run.name)
    return [note if len(names) == len(runs) else f"{listed(names)}: {note}" for note, names in said.items()]


def _highlight(run: Assessed) -> tuple[str, str, str]:
    """The figure of the first glance: value, whose it is, and what it is of."""
    parts = run.confusion()
    if parts:
        part = list(parts.values())[-1]
        interval = f"95 % interval {percent(part.low)} to {percent(part.high)}"
        return percent(part.accuracy), run.name, f"accuracy, {part.part} part; {interval}"
    code = _last(run.found)
    if run.outcomes.squares is None:
        return _size(run.run), run.name, run.run.run.engine.title
    mean, low, high = mean_interval(run.outcomes.squares[run.run.split == code])
    interval = f"95 % interval {number(low)} to {number(high)}"
    return number(mean), run.name, f"squared error, {PARTS[code]} part; {interval}"


def _size(run: Trained) -> str:
    """How large a codebook is, in words."""
    if run.has_bits:
        return f"{run.bits_per_row:,} bits a row"
    if run.has_books:
        sizes = run.model.code_sizes
        return f"{counted(len(sizes), 'book')}, {counted(sum(sizes), 'word')}"
    return counted(len(run.prototypes), "prototype")


def _overview(runs: Sequence[Assessed]) -> Table:
    heading = ["run", "engine", "codebook", "iterations", "seconds of training", "made"]
    lines = [
        [
            run.name,
            run.run.run.engine.title,
            _size(run.run),
            f"{run.run.scene.snapshot.iteration:,}",
            number(run.run.run.seconds, 3),
            run.run.run.facts.created[:10],
        ]
        for run in runs
    ]
    return {"heading": heading, "lines": lines}


def _columns(head: str, names: Sequence[str], rows: Sequence[Sequence[str]]) -> list[Table]:
    """`rows` of a name and a value for each run, as tables of so few runs that they can be read."""
    n_tables = -(-len(names) // _ACROSS) if rows else 0
    across = -(-len(names) // max(1, n_tables))
    return [
        {
            "heading": [head, *names[start : start + across]],
            "lines": [[name, *values[start : start + across]] for name, *values in rows],
        }
        for start in range(0, n_tables * across, max(1, across))
    ]


def _same(parameters: Sequence[dict[str, Any]]) -> str:
    """Names and values of the parameters that all runs have alike."""
    told = [{name: in_words(value) for name, value in side.items()} for side in parameters]
    alike = [name for name in told[0] if len({side.get(name) for side in told}) == 1]
    return ", ".join(f"{name} {told[0][name]}" for name in alike)


def _accuracy(runs: Sequence[Assessed], pairs: Sequence[Pair]) -> dict[str, Any] | None:
    """The share of rows that each classifier has right, part by part, and the classifiers pair by pair."""
    known = [run.confusion() for run in runs]
    parts = [part for part in PARTS if any(part in its for its in known)]
    if not parts:
        return None
    rows = {part: its[part].n_rows for its in known for part in its}
    lines = []
    for run, its in zip(runs, known, strict=True):
        found = [its.get(part) for part in parts]
        lines.append([run.name, *(MISSING if part is None else _share(part) for part in found)])
    compared = [(pair, pair.classes) for pair in pairs if pair.classes is not None]
    return {
        "heading": ["run", *(f"{part} part, {counted(rows[part], 'row')}" for part in parts)],
        "lines": lines,
        "without": [run.name for run, its in zip(runs, known, strict=True) if not its],
        "pairs": _right_alone([run.name for run in runs], compared) if compared else None,
    }


def _share(part: ConfusionPart) -> str:
    return f"{percent(part.accuracy)} ({percent(part.low)} to {percent(part.high)})"


def _right_alone(names: Sequence[str], compared: Sequence[tuple[Pair, PartAgreement]]) -> dict[str, Any]:
    """What McNemar's test says of pairs of classifiers on one part."""
    alone = [f"right in the {which} alone" for which in ("first", "second")]
    heading = ["first", "second", *alone, "accuracy, second less first", "p"]
    lines = [
        [
            names[pair.first],
            names[pair.second],
            f"{part.only_first:,}",
            f"{part.only_second:,}",
            _signed((part.right_second - part.right_first) / part.n_rows),
            number(part.p, 3),
        ]
        for pair, part in compared
    ]
    level = LEVEL / len(compared)
    apart = [
        f"{names[pair.first]} and {names[pair.second]} (p = {number(part.p, 2)})"
        for pair, part in compared
        if part.p < level
    ]
    against = number(LEVEL) if len(compared) == 1 else f"{number(LEVEL)} / {len(compared)} pairs = {number(level, 2)}"
    if apart:
        said = f"Right more often than by chance is one of {'; of '.join(apart)}, held against {against}."
    else:
        least = number(min(part.p for _, part in compared), 2)
        said = f"That one is right more often than another is not shown: the smallest p is {least}, against {against}."
    part = compared[0][1]
    return {"part": part.part, "rows": counted(part.n_rows, "row"), "heading": heading, "lines": lines, "said": said}


def _signed(share: float) -> str:
    """A percentage with its sign."""
    text = percent(abs(share))
    return text if not share else f"{'+' if share > 0 else '−'}{text}"


def _errors(runs: Sequence[Assessed], pairs: Sequence[Pair]) -> dict[str, Any] | None:
    """How far rows are from what stands for them, measured alike for all runs; None where all are classifiers."""
    if all(run.run.run.engine.supervised or run.outcomes.squares is None for run in runs):
        return None
    first = runs[0]
    parts = [code for code in range(len(PARTS)) if first.found.rows[code]]
    lines = []
    for run in runs:
        squares = run.outcomes.squares
        found = [] if squares is None else [mean_interval(squares[run.run.split == code]) for code in parts]
        told = [f"{number(mean)} ({number(low)} to {number(high)})" for mean, low, high in found]
        lines.append([run.name, *(told or [MISSING] * len(parts))])
    names = [run.name for run in runs]
    compared = [(pair, pair.gain) for pair in pairs if pair.gain is not None]
    return {
        "heading": ["run", *(f"{PARTS[code]} part, {counted(int(first.found.rows[code]), 'row')}" for code in parts)],
        "lines": lines,
        "part": PARTS[parts[-1]],
        "pair_heading": ["first", "second", "error, first less second", "95 % interval"],
        "pair_lines": [
            [names[pair.first], names[pair.second], number(mean), f"{number(low)} to {number(high)}"]
            for pair, (mean, low, high) in compared
        ],
    }


def _cells(names: Sequence[str], pairs: Sequence[Pair]) -> Table | None:
    """How alike the runs part the rows, pair by pair."""
    compared = [(pair, pair.cells) for pair in pairs if pair.cells is not None]
    if not compared:
        return None
    heading = ["first", "second", "adjusted Rand index", "normalised mutual information"]
    lines = [
        [names[pair.first], names[pair.second], number(rand, 3), number(mutual, 3)] for pair, (rand, mutual) in compared
    ]
    return {"heading": heading, "lines": lines}


def _relevance(data: RunRelevancesData) -> dict[str, Any]:
    rows = [
        [data.names[j], *(percent(float(profile.relevances[j])) for profile in data.profiles)]
        for j in data.order.tolist()
    ]
    return {
        "without": listed(data.without),
        "banded": listed([p.name for p in data.profiles if p.bands is not None and data.shape is None]),
        "tables": _columns("feature", [profile.name for profile in data.profiles], rows),
        "n_shown": len(rows),
        "n_all": len(data.names),
        "is_picture": data.shape is not None,
    }


def _section(session: Session, run: Assessed) -> dict[str, Any]:
    """What there is to know of one run in short."""
    engine = run.run.run.engine
    parts = list(run.confusion().values())
    return {
        "name": run.name,
        "about": f"{engine.title}. {engine.summary}",
        "facts": [("note", run.run.run.note), *_facts(run)] if run.run.run.note else _facts(run),
        "confusion": confusion_tables(parts[-1], run.run.scene.class_names) if parts else None,
        "command": command_line(session, run.run),
    }


def _facts(run: Assessed) -> Pairs:
    seed = run.run.run.parameters.get("random_state", MISSING)
    told: Pairs = [("codebook", _size(run.run)), *usage(run.run, run.found)]
    return [*told, ("seed", "none" if seed is None else str(np.asarray(seed)))]
