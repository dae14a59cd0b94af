"""The encoder and decoder of an auto-encoder as torch tensors: forward passes, start, and their form as arrays."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engines.deep.coder import Activation, LatentLayer, Layer, link_sizes
from engines.optimize import torch_module

if TYPE_CHECKING:
    from torch import Tensor

Tell = Callable[[int, "Tensor"], "Tensor"]
"""Of a link and its latent values (n, w): what the links after it are told of them, (n, v)."""

EPSILON, MOMENTUM = 1e-5, 0.1
"""Of batch normalisation: what is added to variances, and the share of a batch in the running statistics."""


@dataclass(eq=False)
class Network:
    """Dense layers with batch normalisation; the decoder mirrors the encoder.

    Layer k of the encoder leads from `sizes[k]` to `sizes[k + 1]` values, layer k of the decoder back. All but the
    decoder's layer 0, which gives the rows, and a linear latent layer are normalised before their activation.

    The encoder's last layer may be a chain: its first link gives some of the latent values, and each link after it, a
    layer as wide as the last hidden one and one more, gives the next ones from the last hidden values and from what it
    is told of the latent values before.

    Attributes
    ----------
    sizes : tuple of int
        d, hidden widths, L.
    links : tuple of int
        Latent values of each link, L in all.
    tied : bool
        Whether the decoder's weights are the encoder's, transposed.
    latent : {"tanh", "normalised", "linear"}
        The encoder's last layer: normalised and then tanh, normalised only, or neither.
    mixed : bool
        Whether products are taken of bfloat16 numbers; all else, the sums of normalisation among it, is not.
    residual : bool
        Whether square hidden layers add to what they get.
    values : dict of str to Tensor
        What is learned.
    statistics : dict of str to Tensor
        Running means and variances.
    """

    sizes: tuple[int, ...]
    links: tuple[int, ...]
    tied: bool
    activation: Activation
    latent: LatentLayer = "tanh"
    mixed: bool = False
    residual: bool = False
    values: dict[str, Tensor] = field(default_factory=dict)
    statistics: dict[str, Tensor] = field(default_factory=dict)

    def start(self, rng: np.random.Generator, dtype: np.dtype[Any], device: str) -> None:
        """Random weights of variance 2 / (inputs + outputs) (Glorot), unit gains, no shifts."""
        torch = torch_module()

        def put(name: str, array: NDArray[Any]) -> None:
            self.values[name] = torch.from_numpy(array.astype(dtype)).to(device).requires_grad_(True)

        for side, k, n_in, n_out in self._shapes():
            if not (self.tied and side == "decoder"):
                put(f"{side}.{k}.weight", rng.normal(0, math.sqrt(2 / (n_in + n_out)), (n_out, n_in)))
            put(f"{side}.{k}.shift", np.zeros(n_out))
            if self._normalised(side, k):
                put(f"{side}.{k}.gain", np.ones(n_out))
                for name, value in (("mean", 0.0), ("variance", 1.0)):
                    start = torch.from_numpy(np.full(n_out, value, dtype)).to(device)
                    self.statistics[f"{side}.{k}.{name}"] = start

    def _shapes(self) -> Iterator[tuple[str, int, int, int]]:
        """Side, number, inputs and outputs of every layer."""
        for k, (n_in, n_out) in enumerate(pairwise(self.sizes)):
            yield "encoder", k, n_in, self.links[0] if k == self.depth - 1 else n_out
            yield "decoder", k, n_out, n_in
        for link, sizes in enumerate(link_sizes(self.sizes, self.links), start=1):
            for k, (n_in, n_out) in enumerate(pairwise(sizes)):
                yield self._side(link), k, n_in, n_out

    @property
    def depth(self) -> int:
        """Layers of the encoder."""
        return len(self.sizes) - 1

    def encode(
        self, Z: Tensor, momentum: float | None, tell: Tell | None = None, stop_before: int | None = None
    ) -> Tensor:
        """f(z) (n, L), or the values before encoder layer `stop_before`.

        See `layer` for `momentum`. `tell` is called with each link in turn; without it they are told latent values.
        """
        for k in range(self.depth if stop_before is None else stop_before):
            Z = self.encoded_by(k, Z, momentum, tell)
        return Z

    def encoded_by(self, k: int, values: Tensor, momentum: float | None, tell: Tell | None = None) -> Tensor:
        """Layer k of the encoder, the last one with all its links."""
        if k < self.depth - 1:
            return self.layer("encoder", k, values, momentum)
        torch, told = torch_module(), [values]
        found: list[Tensor] = []
        for link in range(len(self.links)):
            if link == 0:
                latents = self.layer("encoder", k, values, momentum)
            else:
                latents = torch.cat(told, dim=1)
                for which in range(self._n_link_layers):
                    latents = self.layer(self._side(link), which, latents, momentum)
            found.append(latents)
            told.append(latents if tell is None else tell(link, latents))
        joined: Tensor = torch.cat(found, dim=1)
        return joined

    def decode(self, B: Tensor, momentum: float | None) -> Tensor:
        """g(b), (n, d)."""
        for k in reversed(range(self.depth)):
            B = self.layer("decoder", k, B, momentum)
        return B

    def layer(self, side: str, k: int, values: Tensor, momentum: float | None) -> Tensor:
        """One layer with its activation.

        With a `momentum`, batches are normalised by their own statistics, of which the running ones take that share;
        with None, or for a single row, by the running ones, which then stay as they are.
        """
        torch = torch_module()
        functional, given = torch.nn.functional, values
        weight, shift = self.weight(side, k), self.values[f"{side}.{k}.shift"]
        if not self._normalised(side, k):
            return self._product(values, weight) + shift
        mean, variance = (self.statistics[f"{side}.{k}.{name}"] for name in ("mean", "variance"))
        values = functional.batch_norm(
            self._product(values, weight),
            mean,
            variance,
            self.values[f"{side}.{k}.gain"],
            shift,
            training=momentum is not None and len(values) > 1,
            momentum=momentum or 0.0,
            eps=EPSILON,
        )
        if self._is_latent(side, k):
            return torch.tanh(values) if self.latent == "tanh" else values
        activated: Tensor = {"tanh": torch.tanh, "relu": torch.relu, "gelu": functional.gelu}[self.activation](values)
        return given + activated if self.residual and given.shape == activated.shape else activated

    def _product(self, values: Tensor, weight: Tensor) -> Tensor:
        """values · weightᵀ."""
        torch = torch_module()
        if self.mixed:
            values, weight = values.to(torch.bfloat16), weight.to(torch.bfloat16)
        found: Tensor = torch.nn.functional.linear(values, weight).to(self.values["encoder.0.shift"].dtype)
        return found

    def weight(self, side: str, k: int) -> Tensor:
        """Weight (out, in) of a layer."""
        if side == "decoder" and self.tied:
            return self.values[f"encoder.{k}.weight"].T
        return self.values[f"{side}.{k}.weight"]

    def folded(self) -> tuple[tuple[Layer, ...], tuple[Layer, ...]]:
        """Encoder, of the last layer the first link, and decoder as arrays, in the order in which they are passed."""
        encoder = tuple(self._folded("encoder", k) for k in range(self.depth))
        return encoder, tuple(self._folded("decoder", k) for k in reversed(range(self.depth)))

    def folded_links(self) -> tuple[tuple[Layer, ...], ...]:
        """The links after the first one as arrays."""
        sides = map(self._side, range(1, len(self.links)))
        return tuple(tuple(self._folded(side, k) for k in range(self._n_link_layers)) for side in sides)

    def _folded(self, side: str, k: int) -> Layer:
        weight, shift = _array(self.weight(side, k)), _array(self.values[f"{side}.{k}.shift"])
        if not self._normalised(side, k):
            return weight, shift
        mean, variance = (_array(self.statistics[f"{side}.{k}.{name}"]) for name in ("mean", "variance"))
        factor = _array(self.values[f"{side}.{k}.gain"]) / np.sqrt(variance + variance.dtype.type(EPSILON))
        return weight * factor[:, None], shift - mean * factor

    def _normalised(self, side: str, k: int) -> bool:
        linear = self.latent == "linear" and self._is_latent(side, k)
        return (side != "decoder" or k > 0) and not linear

    def _is_latent(self, side: str, k: int) -> bool:
        """Whether a layer gives latent values."""
        return side != "decoder" and k == (self.depth if side == "encoder" else self._n_link_layers) - 1

    @property
    def _n_link_layers(self) -> int:
        return min(2, self.depth)

    def _side(self, link: int) -> str:
        """What layers of a link after the first are called: parts of the encoder's last layer."""
        return f"encoder.{self.depth - 1}.{link}"


def _array(tensor: Tensor) -> NDArray[Any]:
    """A contiguous copy."""
    return np.array(tensor.detach().cpu().numpy(), order="C")
