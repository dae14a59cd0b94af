"""What a training of DeepVQ is told, once its parameters have been looked through; nothing is learned here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engines.deep.codes import Penalty
from engines.deep.settings import Settings

PAPER: Mapping[str, Any] = {
    "method": "mpec",
    "hidden": (500, 255),
    "activation": "tanh",
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
}
"""The literal constants of Le Tan et al. 2018; the epochs of pre-training, which it does not print, are one a layer."""

ONLY_MPEC = ("penalty", "rho", "rho_growth", "code_iter", "gamma")


@dataclass(frozen=True)
class BitSettings(Settings):
    """As the parameters of `DeepVQ`; `noisy` is whether bits are drawn, `penalty` None without a step over codes."""

    noisy: bool = False
    penalty: Penalty | None = None


def settings_of(parameters: Mapping[str, Any], defaults: Mapping[str, Any]) -> BitSettings:
    """The settings that parameters mean.

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
    mpec = given["method"] == "mpec"
    if mpec:
        _refuse(changed, ("bits",), "method='mpec'")
    else:
        _refuse(changed, ONLY_MPEC, f"method={given['method']!r}")
    if given["solver"] == "adam" and given["momentum"] is not None:
        raise ValueError("DeepVQ: momentum has no effect with solver='adam', which has its own: leave it out.")
    penalty = Penalty(given["penalty"], given["rho"], given["rho_growth"], given["code_iter"], given["gamma"])
    return BitSettings(
        hidden=tuple(int(width) for width in given["hidden"]),
        activation=given["activation"],
        tied=given["decoder"] == "tied",
        layer_iter=given["pretrain_iter"],
        max_iter=given["max_iter"],
        batch_size=given["batch_size"],
        solver=given["solver"],
        learning_rate=given["learning_rate"],
        momentum=0.9 if given["momentum"] is None else given["momentum"],
        schedule=given["schedule"],
        clip=given["clip"],
        noisy=not mpec and given["bits"] == "bernoulli",
        penalty=penalty if mpec else None,
    )


def _differs(value: Any, default: Any) -> bool:
    return tuple(value) != tuple(default) if isinstance(default, tuple) else bool(value != default)


def _refuse(changed: list[str], idle: Any, why: str) -> None:
    for name in changed:
        if name in idle:
            raise ValueError(f"DeepVQ: {name} has no effect with {why}: leave it out.")
