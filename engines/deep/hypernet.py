"""The network that makes a codebook of embeddings: H(e) = A e + a + V gelu(U e + u)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engines.optimize import torch_module

if TYPE_CHECKING:
    from torch import Tensor

STEPS = 3
"""Of Newton's method."""


class Hypernet:
    """Embeddings E (K, L) and the network H that makes codewords of them; at first H(e) = e.

    The linear part turns, stretches and moves all codewords together, so that those without rows follow the others.

    Attributes
    ----------
    values : dict of str to Tensor
        E and the weights of H.
    """

    def __init__(
        self, n_words: int, n_latent: int, n_hidden: int, rng: np.random.Generator, dtype: np.dtype[Any], device: str
    ) -> None:
        torch = torch_module()
        deviation = math.sqrt(2 / (n_latent + n_hidden))
        start: dict[str, NDArray[Any]] = {
            "embeddings": np.zeros((n_words, n_latent)),
            "linear": np.eye(n_latent),
            "shift": np.zeros(n_latent),
            "into": rng.normal(0, deviation, (n_hidden, n_latent)),
            "bias": np.zeros(n_hidden),
            "out": np.zeros((n_latent, n_hidden)),
        }
        self.values: dict[str, Tensor] = {
            name: torch.from_numpy(array.astype(dtype)).to(device).requires_grad_(True) for name, array in start.items()
        }

    def begin(self, latents: Tensor) -> None:
        """Put the embeddings on latents (K, L)."""
        with torch_module().no_grad():
            self.values["embeddings"].copy_(latents)

    def codebook(self) -> Tensor:
        """C = H(E), (K, L), with its gradient."""
        return self._made_of(self.values["embeddings"])

    def put(self, which: Tensor, latents: Tensor) -> None:
        """Change the embeddings (k,) so that their codewords come to lie on latents (k, L), or near them.

        Newton's steps e ← e + A⁻¹(f − H(e)) take the linear part for the slope of H.
        """
        torch = torch_module()
        if not len(which) or not bool(torch.isfinite(self.values["linear"]).all()):  # the cost tells what ran away
            return
        with torch.no_grad():
            inverse = torch.linalg.pinv(self.values["linear"])
            e = self.values["embeddings"][which]
            for _ in range(STEPS):
                e = e + (latents - self._made_of(e)) @ inverse.T
            self.values["embeddings"][which] = e

    def _made_of(self, e: Tensor) -> Tensor:
        """H of embeddings (k, L)."""
        functional, v = torch_module().nn.functional, self.values
        hidden = functional.gelu(functional.linear(e, v["into"], v["bias"]))
        return functional.linear(e, v["linear"], v["shift"]) + functional.linear(hidden, v["out"])  # type: ignore[no-any-return]
