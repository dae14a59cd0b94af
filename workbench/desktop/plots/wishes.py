"""What a plot asks the window to do with the project; what is done about it is `workbench.desktop.correcting`'s."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Relabel:
    """Give rows of the dataset shown the class with this code."""

    rows: tuple[int, ...]
    code: int


@dataclass(frozen=True)
class Drop:
    """Take rows of the dataset shown out of every part."""

    rows: tuple[int, ...]


@dataclass(frozen=True)
class TrainAgain:
    """Start a run with the parameters of the one shown, on the data as they are now."""


@dataclass(frozen=True)
class KeepThreshold:
    """Keep a threshold with the run shown, chosen for an iteration on a part of the split, as the session calls it."""

    value: float
    part: str
    iteration: int


@dataclass(frozen=True)
class ForgetThreshold:
    """Keep no threshold with the run shown any more."""


Wish = Relabel | Drop | TrainAgain | KeepThreshold | ForgetThreshold
