"""What a training of DeepVQ is told, once its parameters have been looked through; nothing is learned here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engines.deep.books import Averaging
from engines.deep.codes import BitKind, Penalty
from engines.deep.settings import Settings

PAPER: Mapping[str, Any] = {
    "method": "mpec",
    "hidden": (500, 255),
    "activation": "tanh",
    "residual": False,
    "decoder": "tied",
    "pretrain_iter": 1,
    "max_iter": 3,
    "batch_size": 128,
    "solver": "sgd",
    "learning_rate": 1e-5,
    "momentum": 0.9,
    "schedule": "constant",
    "clip": None,
    "penalty": "squared",
    "rho": 0.05,
    "rho_growth": 1.0,
    "code_iter": 10,
    "gamma": 1.0,
    "chain": 1,
}
"""The literal constants of Le Tan et al. 2018; the epochs of pre-training, which it does not print, are one a layer."""

ONLY: Mapping[str, tuple[str, ...]] = {
    "mpec": ("penalty", "rho", "rho_growth", "code_iter", "gamma"),
    "sign": ("bits", "spread"),
    "product": ("group_bits", "group_width", "decay", "beta", "revive"),
}
"""Parameters that have an effect with one method only."""

MOST_GROUP_BITS, ROWS_A_WORD = 12, 8
"""Bits that a group has at most unless told otherwise, and rows that there are for each of its codewords."""
LEAST_BATCH, MOST_BATCH, BATCHES = 32, 128, 64
"""Rows of an update unless told otherwise, and updates of an epoch for which smaller ones are taken."""
LINKS = 4
"""Links of a chain unless told otherwise."""


@dataclass(frozen=True)
class Grouping:
    """Of "product": bits of each group, latent values that a group has, and how its codewords are learned.

    Attributes
    ----------
    bits : tuple of int
    width : int
    averaging : Averaging
    beta : float
        Weight of the mean square distance of latents to their codewords in the loss.
    """

    bits: tuple[int, ...]
    width: int
    averaging: Averaging
    beta: float


@dataclass(frozen=True)
class BitSettings(Settings):
    """As the parameters of `DeepVQ`.

    Attributes
    ----------
    bits, spread
        How bits are drawn while learning.
    penalty
        None without a step over codes.
    chain : int
        Links at most.
    """

    bits: BitKind = "sign"
    spread: float = 1.0
    penalty: Penalty | None = None
    chain: int = 1


def settings_of(parameters: Mapping[str, Any], defaults: Mapping[str, Any], n_rows: int) -> BitSettings:
    """The settings that parameters mean for so many rows.

    Raises
    ------
    ValueError
        If a parameter that is not at its default would have no effect.
    """
    given = dict(parameters)
    changed = [name for name in parameters if _differs(parameters[name], defaults[name])]
    if given["preset"] == "paper":
        _refuse(changed, PAPER, "preset='paper', which sets it itself")
        given |= PAPER
    method = "product" if given["method"] == "auto" else given["method"]
    for name, idle in ONLY.items():
        if name != method:
            _refuse(changed, idle, f"method={given['method']!r}")
    if given["solver"] == "adam" and given["momentum"] is not None:
        raise ValueError("DeepVQ: momentum has no effect with solver='adam', which has its own: leave it out.")
    if given["bits"] == "sign" and "spread" in changed:
        raise ValueError("DeepVQ: spread has no effect with bits='sign', which are not drawn: leave it out.")
    one_link = method == "mpec" or given["decoder"] == "tied"
    if one_link and given["chain"] not in (None, 1):
        raise ValueError("DeepVQ: chain has no effect with method='mpec' or decoder='tied': leave it out.")
    penalty = Penalty(given["penalty"], given["rho"], given["rho_growth"], given["code_iter"], given["gamma"])
    return BitSettings(
        hidden=tuple(int(width) for width in given["hidden"]),
        activation=given["activation"],
        tied=given["decoder"] == "tied",
        layer_iter=given["pretrain_iter"],
        max_iter=given["max_iter"],
        batch_size=batch_size_of(n_rows) if given["batch_size"] is None else given["batch_size"],
        solver=given["solver"],
        learning_rate=given["learning_rate"],
        momentum=0.9 if given["momentum"] is None else given["momentum"],
        schedule=given["schedule"],
        clip=given["clip"],
        mixed=given["precision"] == "mixed",
        residual=given["residual"],
        bits=given["bits"],
        spread=given["spread"],
        penalty=penalty if method == "mpec" else None,
        chain=1 if one_link else LINKS if given["chain"] is None else given["chain"],
    )


def grouping_of(parameters: Mapping[str, Any], n_rows: int) -> Grouping | None:
    """How latent values are grouped to learn from so many rows; None for a method without groups.

    Raises
    ------
    ValueError
        If the groups do not make up the code.
    """
    if parameters["preset"] == "paper" or parameters["method"] in ("mpec", "sign"):
        return None
    n_bits, told = parameters["n_bits"], parameters["group_bits"]
    bits = large_groups(n_bits, n_rows) if told is None else tuple(int(width) for width in told)
    if sum(bits) != n_bits:
        raise ValueError(f"DeepVQ: group_bits {bits} make {sum(bits)} bits, and n_bits is {n_bits}: make them agree.")
    averaging = Averaging(parameters["decay"], parameters["revive"])
    return Grouping(bits, parameters["group_width"], averaging, parameters["beta"])


def batch_size_of(n_rows: int) -> int:
    """Rows of an update: 128, of small tables fewer, but 32 at least, lest an epoch be a few updates only."""
    return min(MOST_BATCH, max(LEAST_BATCH, n_rows // BATCHES))


def large_groups(n_bits: int, n_rows: int) -> tuple[int, ...]:
    """Bits of groups as large as can be: 12 at most, 8 rows at least for each codeword; the last has what is left."""
    most = max(1, min(MOST_GROUP_BITS, (n_rows // ROWS_A_WORD).bit_length() - 1))
    whole, rest = divmod(n_bits, most)
    return (most,) * whole + (rest,) * (rest > 0)


def parted(whole: int, n_parts: int) -> tuple[int, ...]:
    """A number as a sum of so many that differ by 1 at most, the larger ones first."""
    less, more = divmod(whole, n_parts)
    return (less + 1,) * more + (less,) * (n_parts - more)


def _differs(value: Any, default: Any) -> bool:
    return tuple(value) != tuple(default) if isinstance(default, tuple) else bool(value != default)


def _refuse(changed: list[str], idle: Any, why: str) -> None:
    for name in changed:
        if name in idle:
            raise ValueError(f"DeepVQ: {name} has no effect with {why}: leave it out.")
