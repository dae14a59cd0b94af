"""Parameters that auto-encoders with a latent codebook share, as dataclasses whose `__init__` the engines inherit.

Fields come in the reverse order of the bases, as in `engines.lvq.parameters`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from engines.deep.coder import Activation
from engines.deep.settings import Schedule, Settings
from engines.parameters import Param, RandomState


@dataclass(eq=False, repr=False, kw_only=True)
class NetworkParameters:
    """The encoder and the decoder, which is its mirror with weights of its own.

    Parameters
    ----------
    n_latent : int
        L, values that a row is encoded to.
    hidden : tuple of int
        Widths of the encoder's hidden layers; the decoder has the same, in reverse.
    activation : {"gelu", "relu", "tanh"}
        Of hidden layers, which are batch-normalised; latent values are too, without an activation.
    residual : bool
        Whether a hidden layer that is as wide as what it gets adds to it.
    """

    n_latent: Annotated[int, Param("values that a row is encoded to", low=1)] = 16
    hidden: Annotated[tuple[int, ...], Param("widths of the encoder's hidden layers", low=1)] = (256, 128)
    activation: Annotated[Literal["gelu", "relu", "tanh"], Param("activation of hidden layers")] = "gelu"
    residual: Annotated[bool, Param("whether square hidden layers add to what they get")] = False


@dataclass(eq=False, repr=False, kw_only=True)
class DescentParameters:
    """How weights descend, by Adam on mini-batches.

    Parameters
    ----------
    max_iter : int
        Epochs.
    batch_size : int
    learning_rate : float
    schedule : {"cosine", "constant"}
        Learning rate over the epochs.
    clip : float or None
        Largest norm of a gradient.
    precision : {"full", "mixed"}
        Of products while learning: that of the rows, or bfloat16, which cards and newer processors multiply faster.
    device : {"auto", "cpu", "cuda"}
        Where to learn; "auto" is a graphics card where there is one. The same seed gives other bits there.
    random_state : int, RandomState or None
    n_jobs : int or None
        Threads of encoding and scoring; None is all cores, -1 too. Learning takes one.
    """

    max_iter: Annotated[int, Param("epochs", low=1)] = 30
    batch_size: Annotated[int, Param("rows of an update", low=1)] = 128
    learning_rate: Annotated[float, Param("step size", low=0, open_low=True)] = 1e-3
    schedule: Annotated[Literal["cosine", "constant"], Param("learning rate over the epochs")] = "cosine"
    clip: Annotated[float | None, Param("largest norm of a gradient", low=0, open_low=True, advanced=True)] = 1.0
    precision: Annotated[
        Literal["full", "mixed"], Param("of products while learning; mixed: bfloat16", advanced=True)
    ] = "full"
    device: Annotated[Literal["auto", "cpu", "cuda"], Param("where to learn", advanced=True)] = "auto"
    random_state: Annotated[RandomState, Param("seed of all random draws", low=0, advanced=True)] = None
    n_jobs: Annotated[int | None, Param("threads; none is all cores", advanced=True)] = None


@dataclass(eq=False, repr=False, kw_only=True)
class AutoencoderParameters(DescentParameters, NetworkParameters):
    """All that these engines have in common."""

    def _settings(self) -> Settings:
        activation: Activation = self.activation
        schedule: Schedule = self.schedule
        return Settings(
            hidden=tuple(int(width) for width in self.hidden),
            activation=activation,
            max_iter=self.max_iter,
            batch_size=self.batch_size,
            learning_rate=self.learning_rate,
            schedule=schedule,
            clip=self.clip,
            mixed=self.precision == "mixed",
            residual=self.residual,
        )
