"""The step over codes of DeepVQ: the best bits for given networks by an exact penalty (MPEC); no weights move here.

Notation of Le Tan et al. 2018: h(B) = ‖g(B) - X‖² + γ‖f(X) - B‖², to be least over B in {-1, 1}^(N x L). By Yuan and
Ghanem 2017 this is h(B) over -1 ≤ B ≤ 1 with ⟨B, V⟩ = NL, ‖V‖² ≤ NL (eq. 7), the equality being put in a penalty.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from engines.optimize import torch_module

if TYPE_CHECKING:
    from torch import Tensor

Decode = Callable[["Tensor"], "Tensor"]
PenaltyKind = Literal["exact", "squared"]
BitKind = Literal["sign", "bernoulli", "reinmax"]
HALVINGS = 8
"""Times that a step is halved at most before a row's code stays where it is."""


@dataclass(frozen=True)
class Penalty:
    """How the codes are made binary.

    Attributes
    ----------
    kind : {"exact", "squared"}
        ρ(L - ⟨b, v⟩) for each row b by itself, as the rows' problems do not touch each other, or the printed eq. 8,
        ρ(⟨B, V⟩ - NL)² for the whole batch.
    rho : float
        ρ in the first iteration.
    growth : float
        What ρ is multiplied by after each.
    n_iterations : int
    gamma : float
        γ of eq. 4.
    """

    kind: PenaltyKind
    rho: float
    growth: float
    n_iterations: int
    gamma: float


def best_codes(decode: Decode, X: Tensor, F: Tensor, penalty: Penalty) -> Tensor:
    """Codes (n, L) of -1 and +1 for rows X (n, d), from the encoder's F (n, L); none is worse under h than sign(F)."""
    torch = torch_module()
    start = signs(F)
    B, rho = F.clamp(-1, 1), penalty.rho
    step = torch.full((len(F) if penalty.kind == "exact" else 1, 1), 1.0, dtype=F.dtype, device=F.device)
    for _ in range(penalty.n_iterations):
        B, step = iterate(decode, X, F, B, penalty, rho, step)
        rho *= penalty.growth
    found = signs(B)
    with torch.no_grad():
        better = fit(decode, X, F, found, penalty.gamma) < fit(decode, X, F, start, penalty.gamma)
    chosen: Tensor = torch.where(better, found, start)
    return chosen


def iterate(
    decode: Decode, X: Tensor, F: Tensor, B: Tensor, penalty: Penalty, rho: float, step: Tensor
) -> tuple[Tensor, Tensor]:
    """V in closed form, then one step of B down the gradient and back into the box; and the steps to try next.

    A step is halved until the penalised objective does not rise, each row (or the batch) for itself.
    """
    torch = torch_module()
    V = closest_v(B, penalty.kind)
    moving = B.detach().requires_grad_(True)
    before = penalised(decode, X, F, moving, V, penalty, rho)
    (gradient,) = torch.autograd.grad(before.sum(), moving)
    with torch.no_grad():
        before, done = before.detach(), torch.zeros_like(step, dtype=torch.bool)
        result = B.detach().clone()
        for _ in range(HALVINGS):
            tried = (B - step * gradient).clamp(-1, 1)
            fits = ~done & (penalised(decode, X, F, tried, V, penalty, rho) <= before)
            result = torch.where(fits, tried, result)
            done = done | fits
            if bool(done.all()):
                break
            step = torch.where(done, step, step / 2)
        return result, torch.where(done, 2 * step, step)


def closest_v(B: Tensor, kind: PenaltyKind) -> Tensor:
    """V = √m B / ‖B‖, the largest ⟨B, V⟩ with ‖V‖² ≤ m: by rows with m = L, or of all with m = NL; 1s for zeros."""
    torch = torch_module()
    norm, m = (B.norm(dim=1, keepdim=True), B.shape[1]) if kind == "exact" else (B.norm(), B.numel())
    V: Tensor = torch.where(norm > 0, math.sqrt(m) * B / norm.clamp_min(1e-30), torch.ones_like(B))
    return V


def penalised(decode: Decode, X: Tensor, F: Tensor, B: Tensor, V: Tensor, penalty: Penalty, rho: float) -> Tensor:
    """h(B) and the penalty: by rows, (n, 1), for the exact one, else of the batch, (1, 1)."""
    h = fit(decode, X, F, B, penalty.gamma)
    if penalty.kind == "exact":
        return h + rho * (B.shape[1] - (B * V).sum(dim=1, keepdim=True))
    return (h.sum() + rho * ((B * V).sum() - B.numel()) ** 2).reshape(1, 1)


def fit(decode: Decode, X: Tensor, F: Tensor, B: Tensor, gamma: float) -> Tensor:
    """h by rows, (n, 1): ‖g(b) - x‖² + γ‖f(x) - b‖² (eq. 4)."""
    return ((decode(B) - X) ** 2).sum(dim=1, keepdim=True) + gamma * ((F - B) ** 2).sum(dim=1, keepdim=True)


def straight_through(T: Tensor, kind: BitKind, spread: float, generator: object) -> Tensor:
    """Bits of -1 and +1 for T (n, L), values between -1 and 1, with a gradient that stands for theirs.

    "sign" is the sign of T; else bits are the sign of T + s·u with u drawn evenly from (-1, 1) and s the `spread`, so
    that with s = 1 their mean is T. T gets the bits' gradient as its own (Bengio et al. 2013), or with "reinmax"
    divided by 1 + bM, where M is the bits' mean, twice the probability of the bit that was drawn: what the rule of
    second order of Liu et al. 2023 (eq. 7) comes to for two values. In the mean that is, with s = 1, the gradient of
    the expected loss for losses of up to second degree in the bits.
    """
    torch = torch_module()
    if kind == "sign":
        return T + (signs(T) - T).detach()
    drawn = torch.rand(T.shape, generator=generator, dtype=T.dtype, device=T.device)
    bits = signs(T + spread * (1 - 2 * drawn))
    share = T - T.detach()
    if kind == "reinmax":
        mean = (T.detach() / spread).clamp(-1, 1)
        share = share / (1 + bits * mean).clamp_min(torch.finfo(T.dtype).eps)
    result: Tensor = bits + share
    return result


def signs(T: Tensor) -> Tensor:
    """-1 or +1 in the type of T; +1 for a zero."""
    torch = torch_module()
    found: Tensor = torch.where(T.detach() < 0, -torch.ones_like(T), torch.ones_like(T))
    return found
