"""How a script reads and corrects a dataset: plan of the import, a look at the file, corrections, rows of each part."""

from __future__ import annotations

import tempfile
from collections.abc import Collection, Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from workbench.data import DataError, Derivation, Encoding, Plan, Recipe, Split, importer, read
from workbench.reports.columns_source import columns_source
from workbench.reports.retelling import Origin, Told
from workbench.reports.script_cells import Cell, Namespace, Rows, not_default
from workbench.reports.source import WIDTH, Call, Code, assignment, source, source_line
from workbench.samples import samples
from workbench.session import Dataset
from workbench.session.corrections import Correction
from workbench.views.first_look import moment, sealed_words
from workbench.views.wording import counted


def data_cell(
    told: Told, data: Dataset, variable: str, uses: Collection[bool], ending: str, space: Namespace
) -> tuple[Cell, dict[bool, Rows]]:
    """The cell that reads a dataset as it was imported, and the variables of its rows.

    Parameters
    ----------
    variable : str
        Of the dataset.
    uses : collection of bool
        Whether engines with labels, and such without, learn from it.
    ending : str
        Of the names of its rows; "" where there is one dataset only.
    """
    plan, data = Plan.from_json(told.details["plan"]), data.as_of(0)
    sample = _sample_of(plan, data)
    lines, changed = _located(plan, data, sample, variable, space)
    space.need("sys")
    space.need("workbench.data", "DataError")
    space.need("workbench.session", "read_dataset")
    lines += ["try:", f"    {variable} = read_dataset({variable}_plan)"]
    lines += ["except DataError as error:", "    sys.exit(str(error))", *changed]
    rows, read_rows = _rows(data, variable, uses, ending, space)
    if read_rows:
        lines += ["", *read_rows]
    return Cell(f"Data: {told.name}", _words(told, data, sample), "\n".join(lines)), rows


def derived_cell(
    told: Told,
    origin: Origin,
    data: Dataset,
    before: str,
    variable: str,
    uses: Collection[bool],
    ending: str,
    space: Namespace,
) -> tuple[Cell, dict[bool, Rows]]:
    """The cell that makes a dataset of another one, whose variable is `before`, and the variables of its rows."""
    data = data.as_of(0)
    space.need("workbench.session", "derive")
    space.need("workbench.data", "Derivation")
    derivation = Derivation.from_json(origin.derivation)
    named = _changed(derivation, Derivation())
    if derivation.recipe is not None:
        named["recipe"] = _recipe(derivation.recipe, space)
    lines = [assignment(variable, Call("derive", (Code(before), Call("Derivation", (), named))))]
    rows, read_rows = _rows(data, variable, uses, ending, space)
    if read_rows:
        lines += ["", *read_rows]
    return Cell(f"Data: {told.name}", _words(told, data, None), "\n".join(lines)), rows


def corrected_cell(
    told: Told, data: Dataset, variables: Mapping[int, str], uses: Collection[bool], ending: str, space: Namespace
) -> tuple[Cell, str, dict[bool, Rows]]:
    """The cell that corrects a dataset, its variable, and those of its rows.

    Parameters
    ----------
    data : Dataset
        As it was with the corrections.
    variables : mapping of int to str
        Of the dataset as it is told already, by the number of the newest correction in force then; 0 is among them.
    uses, ending
        As of `data_cell`.
    """
    chain = data.made.chain(data.correction)
    numbers = [0, *(correction.number for correction in chain)]
    first = max(k for k, number in enumerate(numbers) if number in variables)
    before, variable = variables[numbers[first]], space.name(f"{variables[0]} corrected", "data")
    lines = []
    for correction in chain[first:]:
        lines += _correction(correction, data, before, variable, space)
        before = variable
    rows, read_rows = _rows(data, variable, uses, f"{ending}_corrected", space)
    if read_rows:
        lines += ["", *read_rows]
    relabelled, dropped = data.corrections
    words = (
        f"{counted(relabelled, 'row')} relabelled and {dropped:,} dropped since the import; the preprocessing stays "
        "as it was fitted then."
    )
    return Cell(f"Data, corrected: {told.name}", (words,), "\n".join(lines)), variable, rows


def _correction(correction: Correction, data: Dataset, before: str, variable: str, space: Namespace) -> list[str]:
    """The lines that make one correction of `before`."""
    relabels = correction.kind == "relabel"
    verb = "relabel" if relabels else "drop" if correction.to else "keep"
    space.need("workbench.session", verb)
    to = [data.classes[correction.to] if correction.to >= 0 else None] if relabels else []
    line = assignment(variable, Call(verb, (Code(before), correction.rows.tolist(), *to)))
    if "\n" not in line:
        return [line]
    numbers = space.name(f"{variable} rows", "rows")
    rows = [str(row) for row in correction.rows.tolist()]
    step = (WIDTH - 8) // (len(rows[-1]) + 1)
    return [
        f"{numbers} = (",
        *(f'    "{" ".join(rows[start : start + step])} "' for start in range(0, len(rows), step)),
        ")",
        assignment(variable, Call(verb, (Code(before), Code(f"[int(row) for row in {numbers}.split()]"), *to))),
    ]


def _words(told: Told, data: Dataset, sample: str | None) -> tuple[str, ...]:
    shares = {"to learn from": "train", "to validate on": "validation", "to test on": "test"}
    parts = [f"{data.n_in(part):,} {what}" for what, part in shares.items() if data.n_in(part)]
    words = [f"{data.n_rows:,} rows of {data.n_features:,} features: {', '.join(parts)}."]
    if data.is_sealed:
        words.append(f"{sealed_words(data)} So nothing is measured on the rows to test on.")
    elif data.has_test_part and data.first_look is not None and data.first_look.is_recorded:
        words.append(f"The test part was first looked at on {moment(data.first_look)}.")
    if sample is not None:
        words.append(f'The sample "{sample}" comes with the workbench and is written into this folder first.')
    if told.note:
        words.append(f"Note: {told.note}")
    words += [f"Careful: in the project came the {text}, which this script does not do again." for text in told.untold]
    return tuple(words)


def _located(
    plan: Plan, data: Dataset, sample: str | None, variable: str, space: Namespace
) -> tuple[list[str], list[str]]:
    """The lines that make the plan, and those that tell if the file is another than the one imported."""
    if sample is not None:
        file = space.name(f"{variable}_file", "file")
        space.need("pathlib", "Path")
        space.need("workbench.samples", "sample")
        made = f"{file} = sample({source_line(sample)}).write(Path.cwd())"
        return [made, _plan(plan, (Call("str", (Code(file),)),), variable, space)], []
    files = data.source["files"]
    paths = tuple(
        path if Path(path).is_absolute() else file["path"] for path, file in zip(plan.paths, files, strict=True)
    )
    hashes = [file["blake2b"] for file in files]
    differs = f'[file["blake2b"] for file in {variable}.source["files"]]'
    known = space.name(f"{variable}_hashes", "hashes")
    told = f"{_file_words(paths)} changed since the import, so codebooks will differ."
    changed = [f"if {differs} != {known}:", f"    {source(Call('print', (told,)), indent=4)}"]
    return [_plan(plan, paths, variable, space), assignment(known, hashes)], changed


def _file_words(paths: tuple[str, ...]) -> str:
    first = Path(paths[0]).name
    return f"{first} was" if len(paths) == 1 else f"{first}, or one of the {len(paths) - 1:,} files after it, was"


def _plan(plan: Plan, paths: tuple[Any, ...], variable: str, space: Namespace) -> str:
    space.need("workbench.data", "Column", "Plan")
    named: dict[str, Any] = {"paths": paths, "importer": plan.importer}
    options = not_default(plan.options, importer(plan.importer).parameters)
    if options:
        named["options"] = options
    named["columns"] = columns_source(plan.columns)
    encodings = _encodings(plan)
    if encodings:
        space.need("workbench.data", "Encoding")
        named["encodings"] = encodings
    if plan.recipe != Recipe():
        named["recipe"] = _recipe(plan.recipe, space)
    return assignment(f"{variable}_plan", Call("Plan", (), {**named, "name": plan.name}))


def _encodings(plan: Plan) -> dict[str, Call]:
    """By the name of a feature: how it becomes numbers."""
    features = {column.name for column in plan.columns if column.role == "feature"}
    others = [entry for entry in fields(Encoding) if entry.name != "kind"]
    found = {}
    for name, encoding in plan.encodings.items():
        if name in features:
            named = {e.name: getattr(encoding, e.name) for e in others if getattr(encoding, e.name) != e.default}
            found[name] = Call("Encoding", (encoding.kind,), named)
    return found


def _recipe(recipe: Recipe, space: Namespace) -> Call:
    space.need("workbench.data", "Recipe")
    named = _changed(recipe, Recipe())
    if "split" in named:
        space.need("workbench.data", "Split")
        named["split"] = Call("Split", (), _changed(recipe.split, Split()))
    return Call("Recipe", (), named)


def _changed(record: Any, default: Any) -> dict[str, Any]:
    """The fields of a dataclass that are not as in `default`."""
    names = [entry.name for entry in fields(record)]
    return {name: getattr(record, name) for name in names if getattr(record, name) != getattr(default, name)}


def _rows(
    data: Dataset, variable: str, uses: Collection[bool], ending: str, space: Namespace
) -> tuple[dict[bool, Rows], list[str]]:
    """The variables of rows for engines with labels (True) and without, and the lines that fill them."""
    lines: list[str] = []
    found: dict[bool, Rows] = {}
    complete = data.has_labels and data.n_in("all") == data.n_in("all", labelled=True)
    for supervised in sorted(uses, reverse=True):
        if found and complete:
            validation = found[True].validation
            found[False] = Rows(found[True].X, "", validation and (validation[0], "None"), None)
            break
        stem = f"X_labelled{ending}" if supervised and len(set(uses)) == 2 and not complete else f"X{ending}"

        def part(name: str, X: str, y: str, supervised: bool = supervised) -> tuple[str, str]:
            rows = space.rows(X)
            lines.append(f'{rows} = {variable}.training_rows("{name}", labelled={supervised})')
            if not supervised:
                return rows, "None"
            labels = space.rows(y)
            lines.append(f'{labels} = {variable}.labels("{name}", labelled=True)')
            return rows, labels

        X, y = part("train", stem, f"y{ending}")
        has_validation = data.n_in("validation", labelled=supervised) > 0
        validation = part("validation", f"{stem}_validation", f"y{ending}_validation") if has_validation else None
        has_test = supervised and data.n_in("test", labelled=True) > 0 and not data.is_sealed
        test = part("test", f"{stem}_test", f"y{ending}_test") if has_test else None
        found[supervised] = Rows(X, y, validation, test)
    return found, lines


def _sample_of(plan: Plan, data: Dataset) -> str | None:
    """The sample whose file was imported, where that file is no longer there; None for all other data."""
    if len(plan.paths) != 1 or Path(plan.paths[0]).exists():
        return None
    with tempfile.TemporaryDirectory() as folder:
        for sample in samples():
            path = sample.write(Path(folder))
            if path.name == Path(plan.paths[0]).name and _gives(replace(plan, paths=(str(path),)), data):
                return sample.name
    return None


def _gives(plan: Plan, data: Dataset) -> bool:
    """Whether carrying out the plan gives the rows and labels of the dataset."""
    try:
        with read(plan) as imported:
            if imported.X.shape != data.raw.shape:
                return False
            X, raw = imported.X.read(0, data.n_rows), data.raw.read(0, data.n_rows)
            labels = [None if codes is None else codes.tolist() for codes in (imported.codes, data.codes)]
            return np.array_equal(X, raw, equal_nan=X.dtype.kind == "f") and labels[0] == labels[1]
    except DataError:
        return False
