"""Where a run came from, and what makes it again: its origin, its file, a command line and a script."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from workbench.reports.learned import Trained
from workbench.session import Session

MOST_FILES = 500
"""Tables are cut at that many lines."""

Pairs = list[tuple[str, str]]


def provenance(session: Session, run: Trained) -> Pairs:
    """Project, run and data by their names for machines, and hashes of what was learned from."""
    facts = run.run.facts
    pairs = [
        ("project", f"{session.path.name}, {session.project.uuid}"),
        ("run", f"{run.run.id}, made {facts.created}"),
        ("dataset", f"{run.data.id}, imported {run.data.created}"),
        ("hash of the data (blake2b)", run.data.data_hash),
    ]
    if facts.labels_version:
        pairs.append(("version of the labels learned from", facts.labels_version))
    if run.run.is_outdated:
        pairs.append(("version of the labels now", run.data.labels_version))
    if facts.data_hash != run.data.data_hash:
        pairs.append(("hash when the run was made", facts.data_hash))
    return pairs


def imported_files(source: Mapping[str, Any]) -> list[Pairs]:
    """Where the data came from: one list of facts a file; its name without the folders of the one who imported it."""
    return [
        [(str(key), Path(value).name if key == "path" else str(value)) for key, value in file.items()]
        for file in source.get("files", [])[:MOST_FILES]
    ]


def import_plan(plan: Mapping[str, Any]) -> str:
    """The import plan as JSON, with file names alone."""
    named = {**plan, "paths": [Path(path).name for path in plan.get("paths", [])]}
    return json.dumps(named, indent=1, ensure_ascii=False, default=str)


def command_line(session: Session, run: Trained) -> str:
    """The command line that trains the same again."""
    words = ["vq-workbench", "train", session.path.name, "--engine", run.run.engine.name, "--dataset", run.data.name]
    for name, value in _changed(run).items():
        words += ["--set", f"{name}={value if isinstance(value, str) else json.dumps(value)}"]
    return shlex.join(words)


def python_lines(session: Session, run: Trained) -> str:
    """The same in Python."""
    return "\n".join(
        [
            "from workbench.session import Session",
            "",
            f"with Session.open({session.path.name!r}) as session:",
            f"    run = session.add_run({run.data.name!r}, {run.run.engine.name!r}, {_changed(run)!r})",
            "    run.wait()",
            "    model = run.model()",
        ]
    )


def _changed(run: Trained) -> dict[str, Any]:
    """The parameters that are not at their defaults, and the seed in any case."""
    values = run.run.parameters
    return {
        parameter.name: values[parameter.name]
        for parameter in run.run.engine.parameters
        if parameter.name in values
        and (spelled(values[parameter.name]) != spelled(parameter.default) or parameter.name == "random_state")
    }


def spelled(value: Any) -> str:
    """A parameter as people read it."""
    if value is None:
        return "none"
    text = json.dumps(value, default=lambda v: np.asarray(v).tolist()) if not isinstance(value, str) else value
    return text if len(text) <= 80 else text[:77] + "…"
