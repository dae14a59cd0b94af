"""What every training of an auto-encoder is told, once its parameters have been looked through."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from engines.deep.augmentation import Augmentation
from engines.deep.coder import Activation

Schedule = Literal["constant", "cosine"]


@dataclass(frozen=True)
class Settings:
    """Networks and how their weights descend.

    Attributes
    ----------
    hidden : tuple of int
        Widths of the encoder's hidden layers; the decoder has the same, in reverse.
    max_iter : int
        Epochs in which all layers learn.
    clip : float or None
        Largest norm of a gradient.
    schedule : {"constant", "cosine"}
        Learning rate over each stage of the training.
    tied : bool
        Whether the decoder's weights are the encoder's, transposed.
    layer_iter : int
        Epochs that each layer learns alone at first, from the first layer to the last.
    solver : {"adam", "sgd"}
    momentum : float
        Of "sgd".
    mixed : bool
        Whether networks learn by products of bfloat16 numbers.
    residual : bool
        Whether square hidden layers add to what they get.
    augmentation : Augmentation
    """

    hidden: tuple[int, ...]
    activation: Activation
    max_iter: int
    batch_size: int
    learning_rate: float
    schedule: Schedule
    clip: float | None
    tied: bool = False
    layer_iter: int = 0
    solver: Literal["adam", "sgd"] = "adam"
    momentum: float = 0.9
    mixed: bool = False
    residual: bool = False
    augmentation: Augmentation = field(default_factory=Augmentation)
