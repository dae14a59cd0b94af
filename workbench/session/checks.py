"""What must hold before a run is queued, so that a mistake is told at once and in one sentence; nothing is computed."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import numpy as np

from engines import EngineInfo, Parameter, catalog, engine_info
from workbench.session.dataset import Dataset
from workbench.session.errors import SessionError


def find_engine(name: str) -> EngineInfo:
    """The engine called `name`, whatever its capitals; raises SessionError listing those there are."""
    try:
        return engine_info(name)
    except KeyError:
        names = ", ".join(info.name for info in catalog())
        raise SessionError(f"There is no engine called '{name}'; the engines are {names}.") from None


def parameter_of(info: EngineInfo, name: str) -> Parameter:
    """The engine's parameter called `name`; raises SessionError listing those there are."""
    for parameter in info.parameters:
        if parameter.name == name:
            return parameter
    names = ", ".join(parameter.name for parameter in info.parameters)
    raise SessionError(f"{info.name} has no parameter called '{name}'; its parameters are {names}.")


def parse_parameters(engine: str, texts: Mapping[str, str]) -> dict[str, Any]:
    """The values that texts mean, e.g. from `--set n_clusters=16`.

    Raises
    ------
    SessionError
        If the engine or a parameter is not known, or a text is no value of it.
    """
    info = find_engine(engine)
    values = {}
    for name, text in texts.items():
        try:
            values[name] = parameter_of(info, name).parse(text, info.name)
        except ValueError as error:
            raise SessionError(str(error)) from None
    return values


def suited_parameters(info: EngineInfo, dataset: Dataset) -> dict[str, Any]:
    """What the dataset asks for beside the engine's defaults: dissimilarities are taken as they are."""
    takes = dataset.kind == "dissimilarity" and dataset.kind in info.data_kinds
    return {"metric": "precomputed"} if takes else {}


def complete_parameters(info: EngineInfo, given: Mapping[str, Any], dataset: Dataset) -> dict[str, Any]:
    """Every parameter of the engine as JSON: as given, as the dataset asks, or at its default; a seed is chosen.

    Raises
    ------
    SessionError
        If a parameter is not known or a value is not allowed.
    """
    values = {parameter.name: parameter.default for parameter in info.parameters} | suited_parameters(info, dataset)
    for name, value in given.items():
        try:
            parameter_of(info, name).check(value, info.name)
        except ValueError as error:
            raise SessionError(str(error)) from None
        values[name] = value
    if "random_state" in values and not isinstance(values["random_state"], int | np.integer):
        values["random_state"] = secrets.randbelow(2**31)
    return {name: plain(value) for name, value in values.items()}


def engine_arguments(info: EngineInfo, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters from JSON as the engine takes them: lists of numbers become arrays where it wants an array."""
    arguments = dict(parameters)
    for parameter in info.parameters:
        value = arguments.get(parameter.name)
        if isinstance(value, list):
            as_array = "array" in parameter.kinds and not (
                "integers" in parameter.kinds and all(isinstance(v, int) for v in value)
            )
            arguments[parameter.name] = np.asarray(value) if as_array else tuple(value)
    return arguments


def check_run(dataset: Dataset, info: EngineInfo, parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """Whether the engine can learn from the dataset, as far as it is cheap to tell; gives remarks for people.

    Raises
    ------
    SessionError
        If labels or values are missing, there is one class only or too few rows, or the kind of data does not fit.
    """
    remarks = _check_kind(dataset, info)
    if "dissimilarity" in info.data_kinds:
        _check_metric(dataset, info, parameters["metric"])
    if info.supervised:
        remarks += check_labels(dataset, info)
    if dataset.lacks_values and not _takes_gaps(info):
        able = ", ".join(other.name for other in catalog() if _takes_gaps(other))
        raise SessionError(
            f"{info.name} cannot learn from rows that lack values, but dataset '{dataset.name}' has such rows: "
            f"import it again with gaps filled or those rows left out, or choose {able}."
        )
    n_rows = dataset.n_in("train", labelled=info.supervised)
    n_classes = len(trained_classes(dataset)) if info.supervised else 0
    check_size(info, parameters, n_rows, n_classes, f"the training part of dataset '{dataset.name}' has")
    return remarks


def check_size(info: EngineInfo, parameters: Mapping[str, Any], n_rows: int, n_classes: int, words: str) -> None:
    """Raise SessionError if the engine needs more rows than `n_rows`, which `words` tell the origin of."""
    needed, noun, parameter = _rows_needed(parameters, n_classes)
    if needed > n_rows:
        raise SessionError(f"{info.name} is asked for {needed} {noun}, but {words} {n_rows} rows: lower {parameter}.")


def n_prototypes_of(parameters: Mapping[str, Any], n_classes: int) -> int | None:
    """How many prototypes the parameters ask for, from the names that engines use; None when they do not tell.

    Codewords for a part of the columns count by their share: what is told is as large as so many whole prototypes.
    """
    match parameters:
        case {"n_bits": _, "hidden": _}:  # networks, not codewords
            return None
        case {"n_clusters": int(k)} | {"n_prototypes": int(k)} | {"n_components": int(k)} | {"n_codes": int(k)}:
            return k
        case {"shape": [int(n_rows), int(n_cols)]}:
            return n_rows * n_cols
        case {"n_coarse": int(n_coarse), "n_fine": int(n_fine)}:
            return n_coarse + n_coarse * n_fine
        case {"n_stages": int(n_stages), "n_bits": int(n_bits)}:
            return int(n_stages * 2**n_bits)
        case {"n_bits": int(n_bits)}:
            return int(2**n_bits)
        case {"prototypes_per_class": int(k)}:
            return k * n_classes
        case {"prototypes_per_class": [*each]}:
            return sum(int(k) for k in each)
    return None


def _rows_needed(parameters: Mapping[str, Any], n_classes: int) -> tuple[int, str, str]:
    """The fewest rows that the engine can start from, what is so many, in the plural, and the parameter that says so.

    A map may have more units than there are rows, and cells of too few rows are left without a fine codebook.
    """
    match parameters:
        case {"n_bits": _, "hidden": _}:
            return 0, "rows", "n_bits"
        case {"n_coarse": int(n_coarse)}:
            return n_coarse, "coarse prototypes", "n_coarse"
        case {"n_bits": int(n_bits)}:
            return int(2**n_bits), "codewords in a codebook", "n_bits"
        case {"n_components": int(k)}:
            return k, "components", "n_components"
    named = ("n_clusters", "n_prototypes", "n_codes", "prototypes_per_class")
    name = next((name for name in named if name in parameters), "")
    return (n_prototypes_of(parameters, n_classes) or 0 if name else 0), "prototypes", name


def _takes_gaps(info: EngineInfo) -> bool:
    return bool(info.estimator().__sklearn_tags__().input_tags.allow_nan)


def fits_kind(dataset: Dataset, info: EngineInfo) -> bool:
    """Whether the engine takes data of the dataset's kind.

    Matrices can be learned from as plain numbers too: the distance of their entries is that of Frobenius.
    """
    return dataset.kind in info.data_kinds or (dataset.kind == "spd" and "table" in info.data_kinds)


def _check_kind(dataset: Dataset, info: EngineInfo) -> tuple[str, ...]:
    if fits_kind(dataset, info):
        if dataset.kind in info.data_kinds:
            return ()
        able = ", ".join(other.name for other in catalog() if "spd" in other.data_kinds)
        return (f"{info.name} takes the matrices as plain numbers, entry by entry; made for matrices: {able}.",)
    again = ', import the matrices or signals again with the option "matrices"' if "spd" in info.data_kinds else ""
    if dataset.kind == "dissimilarity":
        again = f" ({', '.join(other.name for other in catalog() if dataset.kind in other.data_kinds)})"
    raise SessionError(
        f"{info.name} learns from data of the kind {' or '.join(info.data_kinds)}, "
        f"but dataset '{dataset.name}' is of the kind {dataset.kind}: choose another engine or dataset{again}."
    )


def _check_metric(dataset: Dataset, info: EngineInfo, metric: str) -> None:
    """Raise SessionError unless dissimilarities are taken as such, and rows of features are not."""
    if (dataset.kind == "dissimilarity") == (metric == "precomputed"):
        return
    if dataset.kind == "dissimilarity":
        raise SessionError(
            f"Dataset '{dataset.name}' holds dissimilarities: leave the metric of {info.name} out, or precomputed."
        )
    raise SessionError(
        f"{info.name} takes dissimilarities that are precomputed, but dataset '{dataset.name}' holds rows of features: "
        "choose another metric, or import a square matrix as dissimilarities."
    )


def check_labels(dataset: Dataset, info: EngineInfo) -> tuple[str, ...]:
    """Raise SessionError unless there are labels of two classes to train on; gives remarks for people."""
    if not dataset.has_labels:
        raise SessionError(
            f"{info.name} needs labels, but dataset '{dataset.name}' has none: import it again and give one column "
            "the role of label, or choose an engine that needs none."
        )
    classes = trained_classes(dataset)
    if len(classes) < 2:
        found = f"only the class {dataset.classes[classes[0]]!r}" if len(classes) else "no labelled row"
        raise SessionError(
            f"{info.name} needs at least two classes, but the training part of dataset '{dataset.name}' has {found}: "
            "choose another label column or another split."
        )
    left_out = dataset.n_in("train") - dataset.n_in("train", labelled=True)
    return (f"{left_out:,} training rows without a label are left out.",) if left_out else ()


def trained_classes(dataset: Dataset) -> list[int]:
    """Codes of the classes with a row in the training part."""
    if dataset.codes is None:
        return []
    index = dataset.index("train", labelled=True)
    codes = dataset.codes if index is None else dataset.codes[index]
    return [int(code) for code in np.unique(codes) if code >= 0]


def plain(value: Any) -> Any:
    """`value` as JSON can hold it: lists for arrays and tuples, Python's numbers for NumPy's."""
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, Mapping):
        return {str(name): plain(entry) for name, entry in value.items()}
    return value
