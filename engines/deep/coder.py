"""A trained pair of networks as plain arrays: rows to codes and back, with NumPy alone; nothing is learned here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

Floats = NDArray[Any]
Signs = NDArray[np.int8]
Activation = Literal["tanh", "relu", "gelu"]
LatentLayer = Literal["tanh", "normalised", "linear"]
Layer = tuple[Floats, Floats]
"""Weight (out, in) and bias (out,), with batch normalisation folded in."""


@dataclass(frozen=True, eq=False)
class Coder:
    """Encoder f, decoder g and the units of the rows: x becomes z = (x - mean) / scale, and g gives z back.

    Attributes
    ----------
    mean : (d,), scale : (1,)
    encoder, decoder : tuple of Layer
        A hidden layer ends in the activation, the decoder's last in nothing.
    latent_layer : {"tanh", "normalised", "linear"}
        What the encoder's last ends in: tanh, or nothing.
    residual : bool
        Whether hidden layers that are square add to what they get.
    """

    mean: Floats
    scale: Floats
    encoder: tuple[Layer, ...]
    decoder: tuple[Layer, ...]
    activation: Activation
    latent_layer: LatentLayer
    residual: bool

    def astype(self, dtype: np.dtype[Any]) -> Self:
        """The same in another precision."""
        return replace(
            self,
            mean=self.mean.astype(dtype),
            scale=self.scale.astype(dtype),
            encoder=_cast(self.encoder, dtype),
            decoder=_cast(self.decoder, dtype),
        )

    @property
    def n_units(self) -> int:
        """Values that a row becomes on its way, of all layers together."""
        return sum(len(bias) for _, bias in (*self.encoder, *self.decoder))

    def latent(self, X: Floats) -> Floats:
        """f(x), (b, L), of rows (b, d)."""
        return self._ended(self._through(self.encoder, (X - self.mean) / self.scale))

    def decode(self, latents: Floats) -> Floats:
        """g of latents (b, L) in the units of the rows, (b, d)."""
        z = self._through(self.decoder, latents.astype(self.mean.dtype))
        return z * self.scale + self.mean

    def _through(self, layers: tuple[Layer, ...], values: Floats) -> Floats:
        """Hidden layers, and a last one without its end."""
        weight, bias = layers[-1]
        return np.asarray(self._hidden(layers[:-1], values) @ weight.T + bias)

    def _hidden(self, layers: tuple[Layer, ...], values: Floats) -> Floats:
        for weight, bias in layers:
            given, values = values, activated(values @ weight.T + bias, self.activation)
            if self.residual and given.shape == values.shape:
                values = given + values
        return values

    def _ended(self, values: Floats) -> Floats:
        """Latent values as the encoder's last layer leaves them."""
        return np.tanh(values) if self.latent_layer == "tanh" else values


@dataclass(frozen=True, eq=False)
class SignCoder(Coder):
    """A coder whose code of a row is the signs of f(x), +1 for a zero; later bits may depend on those before.

    Attributes
    ----------
    links : tuple of tuple of Layer
        The encoder's last layer gives the first latent values; each link gives the next ones from the last hidden
        values and from what the latent values before were settled to.
    """

    links: tuple[tuple[Layer, ...], ...]

    def astype(self, dtype: np.dtype[Any]) -> Self:
        """The same in another precision."""
        return replace(super().astype(dtype), links=tuple(_cast(link, dtype) for link in self.links))

    @property
    def n_units(self) -> int:
        """Values that a row becomes on its way, those of the links among them."""
        return super().n_units + sum(len(bias) for link in self.links for _, bias in link)

    def latent(self, X: Floats) -> Floats:
        """f(x), (b, L), of rows (b, d)."""
        return self.passed(X)[0]

    def codes(self, X: Floats) -> Signs:
        """The code (b, L) of rows (b, d)."""
        return self.passed(X)[1]

    def passed(self, X: Floats) -> tuple[Floats, Signs]:
        """f(x) and the code of rows (b, d)."""
        values = self._hidden(self.encoder[:-1], (X - self.mean) / self.scale)
        latents, codes, told = list[Floats](), list[Signs](), [values]
        for link in (self.encoder[-1:], *self.links):
            found = self._ended(self._through(link, np.concatenate(told, axis=1) if latents else values))
            settled, words = self._settled(found, sum(part.shape[1] for part in latents))
            latents.append(found)
            codes.append(settled)
            told.append(words)
        return np.concatenate(latents, axis=1), np.concatenate(codes, axis=1)

    def _settled(self, latents: Floats, first: int) -> tuple[Signs, Floats]:
        """Bits of the latent values (b, w) from number `first` on, and what later links are told of them, (b, w)."""
        bits = signs_of(latents)
        return bits, bits.astype(latents.dtype)

    def squared_errors(self, X: Floats, codes: Signs) -> NDArray[np.float64]:
        """‖x - g(b)‖² (b,), float64, of rows and their codes."""
        return np.asarray(np.sum(np.square(np.subtract(X, self.decode(codes), dtype=np.float64)), axis=1))

    def margins(self, latents: Floats) -> Floats:
        """How near each bit (b, L) of latents (b, L) is to being the other: the distance to zero."""
        return np.abs(latents)


def signs_of(values: Floats) -> Signs:
    """-1 or +1 as int8; +1 for a zero."""
    return np.where(values < 0, np.int8(-1), np.int8(1))


def activated(values: Floats, activation: Activation) -> Floats:
    """The activation of each value: tanh, max(0, x), or x Φ(x)."""
    if activation == "tanh":
        return np.asarray(np.tanh(values))
    if activation == "relu":
        return np.maximum(values, 0)
    half = values.dtype.type(0.5)
    return np.asarray(values * half * (1 + erf(values * np.sqrt(half))))


def flat(layers: Sequence[Layer]) -> Floats:
    """Layers as one vector: weight by rows, then bias, layer after layer."""
    return np.concatenate([part.ravel() for layer in layers for part in layer])


def layered(vector: Floats, sizes: Sequence[int]) -> tuple[Layer, ...]:
    """The layers of widths `sizes` (input first) that `flat` made a vector of."""
    found, at = [], 0
    for n_in, n_out in pairwise(sizes):
        weight = vector[at : at + n_in * n_out].reshape(n_out, n_in)
        at += n_in * n_out
        found.append((weight, vector[at : at + n_out]))
        at += n_out
    return tuple(found)


def link_sizes(sizes: Sequence[int], links: Sequence[int]) -> list[list[int]]:
    """Widths of the layers of each link after the first, input first; `sizes` are d, hidden widths, L.

    A link has a hidden layer if there is any, as wide as the last of them, and is told as many values as there are
    latent ones before.
    """
    last, hidden = sizes[-2], list(sizes[-2:-1] if len(sizes) > 2 else ())
    return [[last + before, *hidden, own] for before, own in zip(accumulate(links), links[1:], strict=False)]


def chained(vector: Floats, sizes: Sequence[int], links: Sequence[int]) -> tuple[tuple[Layer, ...], ...]:
    """The links after the first whose layers `flat` made a vector of; see `link_sizes`."""
    found, at = [], 0
    for widths in link_sizes(sizes, links):
        found.append(layered(vector[at:], widths))
        at += sum((n_in + 1) * n_out for n_in, n_out in pairwise(widths))
    return tuple(found)


def _cast(layers: tuple[Layer, ...], dtype: np.dtype[Any]) -> tuple[Layer, ...]:
    return tuple((weight.astype(dtype), bias.astype(dtype)) for weight, bias in layers)


def pack_signs(signs: Signs) -> NDArray[np.uint8]:
    """Codes (n, L) as (n, ⌈L/8⌉) bytes: bit j of a code, 1 for +1, is bit j mod 8, from the lowest, of byte j // 8."""
    return np.packbits(signs > 0, axis=1, bitorder="little")


def unpack_signs(packed: NDArray[np.uint8], n_bits: int) -> Signs:
    """The codes (n, L) that `pack_signs` packed."""
    bits = np.unpackbits(packed, axis=1, count=n_bits, bitorder="little")
    return np.where(bits > 0, np.int8(1), np.int8(-1))
