"""The gradient of a loss after one inner step by what that step depended on, as DARTS takes it; no networks here.

Weights w descend an inner loss L_A(w, C); a codebook C is to lower an outer one, L_B, at the weights that it leads to:
J(C) = L_B(w − ξ∇_w L_A(w, C), C). Liu, Simonyan, Yang 2019, eqs. 7 and 8.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engines.optimize import torch_module

if TYPE_CHECKING:
    from torch import Tensor

Values = Mapping[str, "Tensor"]
Loss = Callable[[Values, "Tensor"], "Tensor"]
"""A loss by weights and codebook; what it stops gradients of, or decides by comparing, it must hold fixed."""
LENGTH = 0.01
"""Of the two steps of the finite difference."""


@dataclass(frozen=True, eq=False)
class Gradients:
    """∇_w L_A at the present weights, by name, and ∇_C J."""

    weights: Values
    codebook: Tensor


def hypergradient(inner: Loss, outer: Loss, weights: Values, codebook: Tensor, step: float) -> Gradients:
    """∇_w L_A, and ∇_C J = ∇_C L_B(w′, C) − ξ (∇_C L_A(w⁺, C) − ∇_C L_A(w⁻, C)) / 2ε.

    Here w′ = w − ξ∇_w L_A(w, C), w± = w ± ε∇_w′ L_B(w′, C), and ε = 0.01 / ‖∇_w′ L_B‖.

    Parameters
    ----------
    inner, outer : Loss
        L_A, L_B.
    weights : mapping of str to Tensor
        w.
    codebook : Tensor of shape (K, L)
        C.
    step : float
        ξ.
    """
    torch = torch_module()
    C = codebook.detach().requires_grad_(True)
    here = {name: w.detach().requires_grad_(True) for name, w in weights.items()}
    down = dict(zip(here, torch.autograd.grad(inner(here, C), list(here.values())), strict=True))
    ahead = {name: (w.detach() - step * down[name]).requires_grad_(True) for name, w in here.items()}
    *rise, direct = torch.autograd.grad(outer(ahead, C), [*ahead.values(), C])
    length = torch.sqrt(sum((part**2).sum() for part in rise)).clamp_min(1e-12)
    sides = []
    for sign in (1, -1):
        moved = {
            name: w.detach() + sign * LENGTH / length * part for (name, w), part in zip(here.items(), rise, strict=True)
        }
        (by_codebook,) = torch.autograd.grad(inner(moved, C), C)
        sides.append(by_codebook)
    mixed = (sides[0] - sides[1]) * length / (2 * LENGTH)
    return Gradients(down, direct - step * mixed)
