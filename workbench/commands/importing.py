"""The command that brings a file into a project: a guessed plan, changed by the words given."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from workbench.commands.common import AsJson, ProjectPath, dataset_name, pair, session_of
from workbench.errors import WorkbenchError
from workbench.terminal import print_json, progress

if TYPE_CHECKING:  # imported where used: `--help` and `--version` answer at once
    from workbench.data import Encoding, Plan


def import_file(
    file: Annotated[Path, typer.Argument(help="data file or folder of images")],
    project: Annotated[Path, typer.Option("--project", help="project file; made if there is none")],
    name: Annotated[str | None, typer.Option(help="name of the dataset")] = None,
    label: Annotated[str | None, typer.Option(metavar="COL", help="column with the classes")] = None,
    ids: Annotated[str | None, typer.Option("--id", metavar="COL", help="column that names the rows")] = None,
    ignore: Annotated[list[str] | None, typer.Option(metavar="COL", help="column to leave out; repeatable")] = None,
    feature: Annotated[list[str] | None, typer.Option(metavar="COL", help="column to learn from; repeatable")] = None,
    encode: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COL=HOW",
            help="how a column becomes numbers: one-hot, ordinal:low<mid<high, hash:64, date:days+day+week+year, "
            "cyclic:24, number; repeatable",
        ),
    ] = None,
    unit: Annotated[list[str] | None, typer.Option(metavar="COL=UNIT", help="unit of a column; repeatable")] = None,
    note: Annotated[list[str] | None, typer.Option(metavar="COL=WORDS", help="what a column means; repeatable")] = None,
    scale: Annotated[str | None, typer.Option(help="none, standard, minmax or symmetric")] = None,
    missing: Annotated[str | None, typer.Option(help="error, drop, mean, median or keep")] = None,
    contrast: Annotated[bool, typer.Option("--contrast", help="normalise the contrast of each row")] = False,
    whitening: Annotated[str | None, typer.Option(help="none, pca or zca")] = None,
    dissimilarities: Annotated[
        bool, typer.Option("--dissimilarities", help="column k holds the dissimilarity of each row from row k")
    ] = False,
    split: Annotated[str | None, typer.Option(metavar="TRAIN/VAL/TEST", help="e.g. 0.7/0.15/0.15")] = None,
    seed: Annotated[int, typer.Option(help="seed of the split")] = 0,
    importer: Annotated[str | None, typer.Option(help="kind of file, if the guess is wrong")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="option of the importer")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Bring a file into a project."""
    plan = _plan(file, importer, dict(pair(text) for text in settings or ()))
    roles = dict.fromkeys(ignore or (), "ignore") | dict.fromkeys(feature or (), "feature")
    roles |= {column: role for column, role in ((label, "label"), (ids, "id")) if column is not None}
    given: dict[str, Any] = {
        "scaling": scale,
        "missing": missing,
        "whitening": whitening,
        "contrast": contrast or None,
    }
    if dissimilarities:
        untouched = {"scaling": "none", "missing": "error", "whitening": "none", "contrast": False}
        given = {"dissimilarities": True, **{key: given[key] or value for key, value in untouched.items()}}
    plan = plan.with_roles(roles).with_encodings(_encodings(encode or ()))
    for which, words in (("unit", unit), ("note", note)):
        plan = plan.with_words(which, dict(pair(word, f"--{which}") for word in words or ()))
    plan = _with_recipe(plan, given, split, seed)
    with session_of(project, create=True) as session, progress() as report:
        job = session.import_data(plan, name=name)
        while not job.wait(0.1):
            report("Importing", job.progress)
        dataset = job.result()
        summary = {"name": dataset.name, "id": dataset.id, "shape": [dataset.n_rows, dataset.n_features]}
        warnings = list(dataset.warnings)
    for warning in warnings:
        print(f"note: {warning}", file=sys.stderr)
    if as_json:
        print_json({**summary, "warnings": warnings})
    else:
        print(f"{summary['name']}: {dataset.n_rows:,} rows of {dataset.n_features:,} features.")


def derive(
    project: ProjectPath,
    name: Annotated[str, typer.Option("--name", help="of the dataset that is made")],
    dataset: Annotated[str | None, typer.Option(help="name or id of the dataset it is made of")] = None,
    where: Annotated[
        str, typer.Option(help="condition for rows: \"petal length\" > 3 and part = 'train'; also row, label and id")
    ] = "",
    subset: Annotated[str | None, typer.Option(help="named subset of rows")] = None,
    sample: Annotated[int, typer.Option(help="so many rows drawn at random; 0 for all")] = 0,
    append: Annotated[list[Path] | None, typer.Option(help="file whose rows are added; repeatable")] = None,
    ignore: Annotated[list[str] | None, typer.Option(metavar="COL", help="column to leave out; repeatable")] = None,
    label: Annotated[str | None, typer.Option(metavar="COL", help="column with the classes")] = None,
    scale: Annotated[str | None, typer.Option(help="none, standard, minmax or symmetric")] = None,
    split: Annotated[str | None, typer.Option(metavar="TRAIN/VAL/TEST", help="e.g. 0.7/0.15/0.15")] = None,
    seed: Annotated[int, typer.Option(help="seed of the sample and of the split")] = 0,
    as_json: AsJson = False,
) -> None:
    """Make a dataset of another one: rows chosen, drawn or added, columns left out, another split or scaling."""
    from workbench.data import Derivation, Plan, ranges_of

    with session_of(project) as session:
        data = session.dataset(dataset_name(session, dataset))
        recipe = Plan.from_json(data.plan)
        changed = _with_recipe(recipe, {"scaling": scale}, split, seed) if scale or split or seed else None
        roles = dict.fromkeys(ignore or (), "ignore") | ({label: "label"} if label else {})
        chosen = None
        if subset is not None:
            rows = session.subset(subset)
            if rows.dataset != data.id:
                raise WorkbenchError(f"The subset '{subset}' is of another dataset than '{data.name}'.")
            chosen = ranges_of(rows.rows.rows)
        steps = Derivation(
            append=tuple(str(path.resolve()) for path in append or ()),
            rows=chosen,
            where=where,
            sample=sample,
            seed=seed,
            roles=roles,
            recipe=None if changed is None else changed.recipe,
        )
        made = session.derive(data, steps, name=name).result()
        summary = {"name": made.name, "id": made.id, "shape": [made.n_rows, made.n_features]}
        warnings = list(made.warnings)
    for warning in warnings:
        print(f"note: {warning}", file=sys.stderr)
    if as_json:
        print_json({**summary, "warnings": warnings})
    else:
        print(f"{made.name}: {made.n_rows:,} rows of {made.n_features:,} features.")


def _encodings(words: Sequence[str]) -> dict[str, Encoding]:
    from workbench.data import Encoding

    return {column: Encoding.parse(how) for column, how in (pair(word, "--encode") for word in words)}


def _plan(file: Path, importer: str | None, words: dict[str, str]) -> Plan:
    """The guessed plan for `file`, with the importer's options that were given in words."""
    from workbench.data import DataError, guess
    from workbench.data import importer as importer_called

    plan = guess(file, importer)
    if not words:
        return plan
    chosen = importer_called(plan.importer)
    declared = {parameter.name: parameter for parameter in chosen.parameters}
    unknown = [key for key in words if key not in declared]
    if unknown:
        raise DataError(f'{chosen.title} has no option "{unknown[0]}"; there are {", ".join(declared)}.')
    try:
        options = {key: declared[key].parse(text, chosen.title) for key, text in words.items()}
    except ValueError as error:
        raise DataError(str(error)) from error
    return guess(file, plan.importer, options)


def _with_recipe(plan: Plan, given: dict[str, Any], split: str | None, seed: int) -> Plan:
    """The plan with the recipe's words that were given; the others, which are None, stay as guessed."""
    recipe = replace(plan.recipe, **{key: value for key, value in given.items() if value is not None})
    parts = replace(recipe.split, seed=seed)
    if split is not None:
        try:
            shares = [float(part) for part in split.split("/")]
            train_share, validation, test = [*shares, 0.0, 0.0][:3] if len(shares) <= 3 else shares
        except ValueError:
            raise WorkbenchError(f"--split {split} is not understood: give shares such as 0.7/0.15/0.15.") from None
        parts = replace(parts, train=train_share, validation=validation, test=test)
    return replace(plan, recipe=replace(recipe, split=parts))
