"""The encoder and decoder of an auto-encoder as torch tensors: forward passes, start, and their form as arrays."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engines.deep.coder import Activation, LatentLayer, Layer
from engines.optimize import torch_module

if TYPE_CHECKING:
    from torch import Tensor

EPSILON, MOMENTUM = 1e-5, 0.1
"""Of batch normalisation: what is added to variances, and the share of a batch in the running statistics."""


@dataclass(eq=False)
class Network:
    """Dense layers with batch normalisation; the decoder mirrors the encoder.

    Layer k of the encoder leads from `sizes[k]` to `sizes[k + 1]` values, layer k of the decoder back. All but the
    decoder's layer 0, which gives the rows, and a linear latent layer are normalised before their activation.

    Attributes
    ----------
    sizes : tuple of int
        d, hidden widths, L.
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

        for k in range(self.depth):
            n_in, n_out = self.sizes[k], self.sizes[k + 1]
            deviation = math.sqrt(2 / (n_in + n_out))
            put(f"encoder.{k}.weight", rng.normal(0, deviation, (n_out, n_in)))
            if not self.tied:
                put(f"decoder.{k}.weight", rng.normal(0, deviation, (n_in, n_out)))
            for side, width in (("encoder", n_out), ("decoder", n_in)):
                put(f"{side}.{k}.shift", np.zeros(width))
                if self._normalised(side, k):
                    put(f"{side}.{k}.gain", np.ones(width))
                    for name, value in (("mean", 0.0), ("variance", 1.0)):
                        start = torch.from_numpy(np.full(width, value, dtype)).to(device)
                        self.statistics[f"{side}.{k}.{name}"] = start

    @property
    def depth(self) -> int:
        """Layers of the encoder."""
        return len(self.sizes) - 1

    def encode(self, Z: Tensor, momentum: float | None, stop_before: int | None = None) -> Tensor:
        """f(z) (n, L), or the values before encoder layer `stop_before`; see `layer` for `momentum`."""
        for k in range(self.depth if stop_before is None else stop_before):
            Z = self.layer("encoder", k, Z, momentum)
        return Z

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
        if side == "encoder" and k == self.depth - 1:
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
        """Encoder and decoder as arrays, in the order in which they are passed."""
        encoder = tuple(self._folded("encoder", k) for k in range(self.depth))
        return encoder, tuple(self._folded("decoder", k) for k in reversed(range(self.depth)))

    def _folded(self, side: str, k: int) -> Layer:
        weight, shift = _array(self.weight(side, k)), _array(self.values[f"{side}.{k}.shift"])
        if not self._normalised(side, k):
            return weight, shift
        mean, variance = (_array(self.statistics[f"{side}.{k}.{name}"]) for name in ("mean", "variance"))
        factor = _array(self.values[f"{side}.{k}.gain"]) / np.sqrt(variance + variance.dtype.type(EPSILON))
        return weight * factor[:, None], shift - mean * factor

    def _normalised(self, side: str, k: int) -> bool:
        linear = side == "encoder" and k == self.depth - 1 and self.latent == "linear"
        return (side == "encoder" or k > 0) and not linear


def _array(tensor: Tensor) -> NDArray[Any]:
    """A contiguous copy."""
    return np.array(tensor.detach().cpu().numpy(), order="C")
