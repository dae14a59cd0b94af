"""What was done in a project as a Python script or a Jupyter notebook that does it again, to the same codebooks."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import workbench
from workbench.reports.errors import ReportError
from workbench.reports.files import written_beside
from workbench.reports.learned import nothing_learned
from workbench.reports.retelling import Story, Told, story
from workbench.reports.script_cells import Cell, Namespace
from workbench.reports.script_data import corrected_cell, data_cell, derived_cell
from workbench.reports.script_runs import Learning, search_cell
from workbench.reports.source import WIDTH, comment, plain
from workbench.session import CommandLog, Run, Session

FORMS = ("py", "ipynb")
_HERE = {"py": "Path(__file__).parent", "ipynb": "Path()"}
"""How each form finds the folder that it lies in."""
_MACHINE = ("system", "processor", "cores")


def write_script(session: Session, path: Path, run: Run | None = None) -> tuple[Path, ...]:
    """Write what was done in a project, or what one run needs of it; `path` ends in one of `FORMS`.

    What runs began with that were given a file lies in files beside it.

    Returns
    -------
    tuple of Path
        What was written, the script first.

    Raises
    ------
    ReportError
        If there is nothing to tell, the ending is another, or the file cannot be written.
    """
    form = path.suffix[1:].lower()
    if form not in FORMS:
        found = path.suffix or "a file without ending"
        raise ReportError(f"A script is written as .py, a notebook as .ipynb, but not as {found!r}.")
    space = Namespace(path.stem, _HERE[form])
    text = (_as_script if form == "py" else _as_notebook)(_cells(session, run, space))
    beside = {path.with_name(name): write for name, write in space.files.items()}
    for place, write in beside.items():
        with written_beside(place) as part:
            write(part)
    with written_beside(path) as part:
        part.write_text(text, encoding="utf-8", newline="\n")
    return path, *beside


def script(session: Session, run: Run | None = None) -> str:
    """The text of a Python script, in cells that editors know by `# %%`."""
    return _as_script(_cells(session, run, Namespace(session.path.stem, _HERE["py"])))


def notebook(session: Session, run: Run | None = None) -> str:
    """The JSON of a Jupyter notebook (nbformat 4.5): what happens in words, each time before the code that does it."""
    return _as_notebook(_cells(session, run, Namespace(session.path.stem, _HERE["ipynb"])))


def _as_script(all_cells: list[Cell]) -> str:
    head, *cells = all_cells
    words = "\n\n".join(map(_in_docstring, (head.title, *head.words)))
    parts = [f'"""{words}\n"""\n\n{head.code}']
    for cell in cells:
        told = "\n#\n".join(comment(text) for text in cell.words)
        parts.append("\n".join(part for part in (f"# %% {plain(cell.title)}", told, cell.code) if part))
    return "\n\n".join(parts) + "\n"


def _as_notebook(cells: list[Cell]) -> str:
    made = []
    for k, cell in enumerate(cells):
        heading = f"{'#' if k == 0 else '##'} {_in_markdown(cell.title)}"
        words = "\n\n".join([heading, *map(_in_markdown, cell.words)])
        made.append({"cell_type": "markdown", "id": f"words-{k}", "metadata": {}, "source": words})
        if cell.code:
            code = {"cell_type": "code", "id": f"code-{k}", "metadata": {}, "source": cell.code}
            made.append({**code, "execution_count": None, "outputs": []})
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    whole = {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def _cells(session: Session, run: Run | None, space: Namespace) -> list[Cell]:
    """All cells, the head with its imports first."""
    if run is not None and run.latest is None:
        raise ReportError(nothing_learned(run))
    made = {command.target for command in CommandLog(session.log).told if command.makes}
    if run is not None and run.id not in made:
        raise ReportError(
            f"How run '{run.name}' was made is not in the project any more: it was salvaged from a damaged file. "
            "Export its codebook or its model instead."
        )
    told = story(session.log, None if run is None else run.id)
    if not told.things:
        raise ReportError("There is nothing to tell yet: import data and train a run, then export.")
    cells = list(_retold(told, session, space))
    what = "the project" if run is None else f'the run "{run.name}" of the project'
    words = [
        "It reads the data as they were imported, learns what was learned, and saves it in the folder where it runs. "
        "With the versions of then, on a processor of the same kind, codebooks come out the same bit for bit; change "
        f"what you like. Exported by VQ Workbench {workbench.__version__}."
    ]
    versions = [session.runs[thing.id].facts.versions for thing in told.of_kind("run")]
    if versions:
        known = {name: value for name, value in versions[-1].items() if name not in _MACHINE}
        words.append(f"Versions of then: {', '.join(f'{name} {value}' for name, value in known.items())}.")
    if space.files:
        words.append(f"It needs what lies beside it: {', '.join(space.files)}.")
    words += [f"Not told here: {text}." for text in told.untold]
    if run is None:
        there = {**session.datasets, **session.runs, **session.sweeps, **session.searches}
        lost = [thing.name for id, thing in there.items() if id not in told.known]
        words += [f'Not told here: how "{name}" was made, for that part of the log is lost.' for name in lost]
    return [Cell(f'What was done in {what} "{session.path.stem}"', tuple(words), space.imports()), *cells]


def _retold(told: Story, session: Session, space: Namespace) -> Iterator[Cell]:
    """Cells of each dataset, also as it was corrected, and of each study and run, in the order of their making."""
    variables = {thing.id: space.name(thing.name, "data") for thing in told.of_kind("dataset")}
    learning: dict[tuple[str, int], Learning] = {}
    for thing in told.things:
        match thing.kind:
            case "dataset":
                ending = "" if len(variables) == 1 else f"_{variables[thing.id]}"
                yield from _data(told, thing, session, variables[thing.id], ending, space, learning)
            case "run":
                run = session.runs[thing.id]
                yield learning[thing.dataset, run.facts.correction].run_cell(thing, run)
            case "sweep":
                yield learning[thing.dataset, session.sweeps[thing.id].facts.correction].sweep_cell(thing)
            case "search":
                yield search_cell(thing, session.searches[thing.id])


def _data(
    told: Story,
    thing: Told,
    session: Session,
    variable: str,
    ending: str,
    space: Namespace,
    learning: dict[tuple[str, int], Learning],
) -> Iterator[Cell]:
    """The cells of a dataset: as it was imported, then as corrected for what learns from it; `learning` is filled."""
    data, uses = session.known_dataset(thing.id), _uses(told, thing, session)
    if thing.origin is None:
        cell, rows = data_cell(thing, data, variable, uses.pop(0, set()), ending, space)
    else:
        before = learning[thing.origin.dataset, thing.origin.correction].dataset
        cell, rows = derived_cell(thing, thing.origin, data, before, variable, uses.pop(0, set()), ending, space)
    learning[thing.id, 0] = Learning(told.known, session.known_run, rows, variable, space)
    named = [other for other in told.of_kind("subset") if other.dataset == thing.id]
    left = [f'"{subset.name}" ({subset.details["n_rows"]:,} rows)' for subset in named]
    words = [f"Subsets, on which no run depends: {', '.join(left)}."] if left else []
    if data.correction and data.correction not in uses:
        relabelled, dropped = data.corrections
        words.append(f"By now {relabelled:,} rows are relabelled and {dropped:,} dropped; no run here depends on that.")
    yield replace(cell, words=(*cell.words, *words))
    variables = {0: variable}
    for number in sorted(uses):
        given = data.as_of(number)
        cell, variables[number], rows = corrected_cell(thing, given, variables, uses[number], ending, space)
        learning[thing.id, number] = Learning(told.known, session.known_run, rows, variables[number], space)
        yield cell


def _uses(told: Story, thing: Told, session: Session) -> dict[int, set[bool]]:
    """Whether engines with labels, and such without, learn from a dataset, by its newest correction of then.

    Neither does where another dataset, or a sweep, was made of it.
    """
    uses: dict[int, set[bool]] = {}
    for other in (other for other in told.things if other.dataset == thing.id):
        if other.kind == "run":
            run = session.runs[other.id]
            uses.setdefault(run.facts.correction, set()).add(run.engine.supervised)
        elif other.kind == "sweep":
            uses.setdefault(session.sweeps[other.id].facts.correction, set())
    for made in told.of_kind("dataset"):
        if made.origin is not None and made.origin.dataset == thing.id:
            uses.setdefault(made.origin.correction, set())
    return uses


def _in_docstring(text: str) -> str:
    """`text` in lines that a docstring in three double quotes can hold."""
    wrapped = textwrap.fill(plain(text), WIDTH, break_long_words=False, break_on_hyphens=False)
    return wrapped.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')


def _in_markdown(text: str) -> str:
    """`text` as Markdown that shows it as it is."""
    return re.sub(r"([\\`*_{}\[\]<>#|$~&])", r"\\\1", plain(text))
