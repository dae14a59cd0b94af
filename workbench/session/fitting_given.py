"""How what a file holds becomes the start of a run on a dataset: which engine, from where, whether it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engines import EngineInfo, State, catalog
from engines.base import Engine, plain_parameters
from workbench.session.branching import can_start_anywhere
from workbench.session.carried_over import Units, carried_over
from workbench.session.checks import check_labels, check_run, complete_parameters, find_engine, plain, trained_classes
from workbench.session.dataset import Dataset
from workbench.session.errors import SessionError
from workbench.session.given import Given
from workbench.session.given_values import BESIDE, going_on_values, starting_values

How = Literal["anew", "resumed", "kept"]
_THROUGH_PROTOTYPES = frozenset({"GaussianMixture", "LogEuclideanGLVQ"})
"""Engines of which prototypes, and what belongs to them, are all that is learned."""
_FOLLOWING = frozenset({"prototypes_per_class", "rank", "shape", "localization"})
"""Parameters that follow from what is started from, beside the count of prototypes."""


@dataclass(frozen=True, eq=False)
class Fit:
    """A run that starts from what a file holds; nothing is computed yet.

    Attributes
    ----------
    given : Given
    dataset : Dataset
        As it is corrected now.
    info : EngineInfo
    how : {"anew", "resumed", "kept"}
        Whether training begins anew from what the file holds, goes on where it was stopped as if it had not been, or
        cannot go on.
    parameters : dict
        JSON: all of them, but for those that are arrays.
    arrays : dict of str to ndarray
        Parameters that are arrays.
    engine : Engine or None
        Fitted, as the file has it; None where one is made of the prototypes.
    units : {"original", "training"}
        In which the file was read.
    remarks : tuple of str
        What happens, and what is to be told of it, in sentences.
    """

    given: Given
    dataset: Dataset
    info: EngineInfo
    how: How
    parameters: dict[str, Any]
    arrays: Mapping[str, NDArray[Any]]
    engine: Engine | None
    units: Units
    remarks: tuple[str, ...]

    @property
    def state(self) -> State | None:
        """Of the training that goes on."""
        return self.given.model.state if self.how == "resumed" and self.given.model is not None else None


@cache
def starters() -> tuple[EngineInfo, ...]:
    """Engines that can start from given prototypes; takes a moment the first time, as all of them are imported."""
    return tuple(info for info in catalog() if info.name in BESIDE or can_start_anywhere(info))


def fit(
    given: Given,
    dataset: Dataset,
    engine: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    units: Units | None = None,
) -> Fit:
    """Find out how a run on `dataset` can start from a file.

    Parameters
    ----------
    engine : str, optional
        Needed for a codebook. None takes the engine of a model; another one starts from its prototypes.
    parameters : mapping, optional
        Others than those of the model, or than the defaults.
    units : {"original", "training"}, optional
        In which a codebook is; None is what it says itself, original if it says nothing.

    Raises
    ------
    SessionError, DataError
        If it cannot; one sentence says why.
    """
    data, wanted = dataset.as_of(dataset.correction), dict(parameters or {})
    chosen = given.info if engine is None else find_engine(engine)
    if chosen is None:
        raise SessionError(f"{given.path.name} holds prototypes and no engine: choose one of {_listed()}.")
    if chosen.supervised:
        check_labels(data, chosen)
    if given.engine is None or given.info is None or chosen.name != given.info.name:
        return _from_prototypes(given, data, chosen, {}, wanted, units)
    values = {k: plain(v) for k, v in plain_parameters(given.engine).items() if not isinstance(v, np.ndarray)}
    if _takes_rows_of(given.engine, given, data) and _knows_classes_of(given.engine, data):
        goes_through = chosen.name in _THROUGH_PROTOTYPES and not _can_resume(given, data)
        if goes_through or (chosen.name in BESIDE and wanted):
            return _from_prototypes(given, data, chosen, values, wanted, None)
        return _from_model(given.engine, given, data, chosen, wanted)
    if chosen.name not in _THROUGH_PROTOTYPES and not can_start_anywhere(chosen):
        other = ", or start another engine from its prototypes" if given.prototypes is not None else ""
        raise SessionError(
            f"{given.path.name} was learned from rows that were prepared otherwise than those of dataset "
            f"'{data.name}', or from other classes, and {chosen.name} cannot go on from there: import the data as they "
            f"were then{other}."
        )
    return _from_prototypes(given, data, chosen, values, wanted, None)


def _from_model(engine: Engine, given: Given, data: Dataset, info: EngineInfo, wanted: dict[str, Any]) -> Fit:
    """The engine of a model file as it is."""
    goes_on, name = can_start_anywhere(info), given.path.name
    if wanted and not goes_on:
        raise SessionError(
            f"{info.name} cannot start from a given model, so its parameters stay as they are in {name}: leave "
            f"{next(iter(wanted))} out."
        )
    how: How = "resumed" if _can_resume(given, data) and not wanted else "anew" if goes_on else "kept"
    if how == "anew":
        from engines import surgery  # only here: it brings the compiler

        engine = surgery.going_on(engine)
    own = plain_parameters(engine)
    _check_free(
        wanted, {key: plain(own[key]) for key in _FOLLOWING & own.keys() | {info.count} & own.keys()}, info, name
    )
    arrays = {k: value for k, value in own.items() if isinstance(value, np.ndarray) and k not in wanted}
    values = {k: value for k, value in own.items() if not isinstance(value, np.ndarray)}
    complete = complete_parameters(info, values | wanted, data)
    complete = {k: value for k, value in complete.items() if k not in arrays}
    remarks = check_run(data, info, complete)
    if how != "kept":
        _check_classes(getattr(engine, "classes_", ()), data, info, name)
    return Fit(given, data, info, how, complete, arrays, engine, "training", (_sentence(how, given, info), *remarks))


def _from_prototypes(
    given: Given, data: Dataset, info: EngineInfo, own: dict[str, Any], wanted: dict[str, Any], units: Units | None
) -> Fit:
    """An engine that starts from prototypes, and from a metric where it takes one; `own` are parameters of a model."""
    name = given.path.name
    if info not in starters():
        raise SessionError(f"{info.name} cannot start from given prototypes; those that can are {_listed()}.")
    if given.prototypes is None:
        raise SessionError(f"The {type(given.engine).__name__} in {name} has no prototypes to start {info.name} from.")
    recipe = None if given.model is None else given.model.recipe
    carried = carried_over(given.prototypes, recipe, data, units, labelled=info.supervised)
    if carried.labels is not None:
        _check_classes(np.unique(carried.labels), data, info, name)
    elif info.supervised:
        raise SessionError(
            f"{info.name} needs the class of each prototype, but {name} does not tell it: add a column of labels, or "
            "choose an engine that needs none."
        )
    _check_count(len(carried.prototypes), given, data, info)
    values, arrays = starting_values(info, carried, given.prototypes, own, wanted)
    _check_free(wanted, values, info, name)
    complete = complete_parameters(info, going_on_values(info) | own | wanted | values, data)
    complete = {key: value for key, value in complete.items() if key not in arrays}
    remarks = check_run(data, info, complete)
    where = "in the units of the data" if carried.units == "original" else "in the units that the engine sees"
    metric = " and the metric" if arrays.keys() - {"init"} else ""
    sentence = f"{info.name} starts from the {len(carried.prototypes):,} prototypes{metric} of {name}, read {where}."
    told = (sentence, *carried.remarks, *remarks)
    return Fit(given, data, info, "anew", complete, arrays, None, carried.units, told)


def _listed() -> str:
    return ", ".join(info.name for info in starters())


def _takes_rows_of(engine: Engine, given: Given, data: Dataset) -> bool:
    """Whether the engine of a file was given rows as the dataset has them for an engine."""
    if data.kind == "dissimilarity":
        return _is_of(given, data)
    if given.model is not None:
        return given.model.recipe.is_like(data.recipe)
    if engine.n_features_in_ != data.n_features:
        raise SessionError(
            f"The {type(engine).__name__} in {given.path.name} takes rows of {engine.n_features_in_:,} numbers, but "
            f"those of dataset '{data.name}' have {data.n_features:,}: choose another file or dataset."
        )
    return True


def _knows_classes_of(engine: Engine, data: Dataset) -> bool:
    """Whether all classes of an engine are classes of the dataset, as values of the same type."""
    classes = getattr(engine, "classes_", None)
    if classes is None:
        return True
    return set(np.asarray(classes).tolist()) <= set(data.classes)


def _is_of(given: Given, data: Dataset) -> bool:
    """Whether a model was learned from exactly these rows and labels, prepared and split alike."""
    about = {} if given.model is None else given.model.about
    hashes = about.get("data_hash"), about.get("labels_version")
    return hashes == (data.data_hash, data.labels_version) and about.get("recipe") == data.recipe.recipe.to_json()


def _can_resume(given: Given, data: Dataset) -> bool:
    return given.model is not None and given.model.state is not None and _is_of(given, data)


def _sentence(how: How, given: Given, info: EngineInfo) -> str:
    """What becomes of a model, for people."""
    name = given.path.name
    if how == "resumed" and given.model is not None and given.model.state is not None:
        n = int(given.model.state["history"]["iteration"][-1])
        return f"The training in {name} goes on after iteration {n:,} as if it had not been stopped."
    if how == "anew":
        return f"{info.name} goes on from what it has learned in {name}; the training begins anew."
    if info.name in BESIDE:
        return f"What {name} holds is kept as it is; with another parameter, {info.name} would learn on from its units."
    return f"{info.name} cannot start from a given model: what {name} holds is kept as it is."


def _check_classes(classes: Any, data: Dataset, info: EngineInfo, name: str) -> None:
    """Raise SessionError unless the prototypes are of exactly the classes that are trained on."""
    if not info.supervised:
        return
    trained = {data.classes[code] for code in trained_classes(data)}
    there = set(np.asarray(classes).tolist())
    for value in sorted(trained - there, key=str):
        raise SessionError(
            f"{name} has no prototype of the class '{value}', which dataset '{data.name}' trains on: choose another "
            "file or dataset."
        )
    for value in sorted(there - trained, key=str):
        raise SessionError(
            f"{name} has a prototype of the class '{value}', of which dataset '{data.name}' has no row to train on: "
            "choose another file or dataset."
        )


def _check_free(wanted: Mapping[str, Any], values: Mapping[str, Any], info: EngineInfo, name: str) -> None:
    """Raise SessionError where a person wants a parameter otherwise than it follows from the file."""
    for key in values.keys() & wanted.keys():
        if plain(wanted[key]) != values[key]:
            raise SessionError(f"{key} of {info.name} follows from {name}, where it is {values[key]}: leave it out.")


def _check_count(n: int, given: Given, data: Dataset, info: EngineInfo) -> None:
    n_rows = data.n_in("train", labelled=info.supervised)
    if n > n_rows and info.family != "map":
        raise SessionError(
            f"{given.path.name} has {n:,} prototypes, but the training part of dataset '{data.name}' has {n_rows:,} "
            "rows: choose a dataset of more rows, or a smaller codebook."
        )
