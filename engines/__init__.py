"""Vector quantization and prototype learning: arrays (or a `RowSource`) in, arrays out.

Every engine of `catalog()` is an attribute of this package, imported when first used; so is `surgery`, which operates
on the prototypes of fitted engines.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from engines.catalog import EngineInfo, catalog, engine_info
from engines.parameters import Param, Parameter
from engines.rows import ArrayRows, RowSource
from engines.training import Snapshot, State, Training

if TYPE_CHECKING:
    from engines.persistence import dump, load, restore, save

_FILES = ("dump", "load", "restore", "save")
"""Functions of `engines.persistence`, imported when first used: it brings scikit-learn, which takes a second."""
_ROOMS = ("surgery",)
"""Packages of functions over fitted engines, imported when first used."""

__all__ = [
    "ArrayRows",
    "EngineInfo",
    "Param",
    "Parameter",
    "RowSource",
    "Snapshot",
    "State",
    "Training",
    "catalog",
    "dump",
    "engine_info",
    "load",
    "restore",
    "save",
]


def __getattr__(name: str) -> Any:
    if name in _ROOMS:
        return import_module(f"engines.{name}")
    if name in _FILES:
        return getattr(import_module("engines.persistence"), name)
    for info in catalog():
        if info.name == name:
            return info.estimator
    raise AttributeError(f"module 'engines' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, *_ROOMS, *(info.name for info in catalog())])
