"""What engines of networks share on their scikit-learn side: checked rows, errors, arrays of layers, the device."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin

from engines.base import Engine, check_sample_weight, generator
from engines.blocks import map_blocks, resolve_jobs
from engines.deep.coder import Activation, LatentLayer, layered
from engines.deep.learner import Job
from engines.deep.scoring import RowCoder, coding_bounds, squared_errors
from engines.optimize import torch_module
from engines.rows import RowSource, SelectedRows, is_row_source

Floats = NDArray[Any]


class DeepEngine(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Engine):  # type: ignore[misc]
    """An engine of an encoder and a decoder; it has the parameters that are named below without an underscore."""

    FITTED: ClassVar[tuple[str, ...]] = ("mean_", "scale_", "layer_sizes_", "encoder_", "decoder_", "counts_")

    mean_: Floats
    scale_: Floats
    layer_sizes_: NDArray[np.int64]
    encoder_: Floats
    decoder_: Floats
    counts_: NDArray[np.float64]
    inertia_: float
    n_iter_: int
    activation: Activation
    residual: bool
    device: Literal["auto", "cpu", "cuda"]
    random_state: Any
    n_jobs: int | None

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """The negative, weighted sum of the rows' squared distances to what they are quantized to."""
        squared = self._squared_errors(X)
        weights = check_sample_weight(sample_weight, len(squared))
        return -float(np.sum(squared if weights is None else weights * squared))

    def quantization_error(self, X: Any, sample_weight: Any = None) -> float:
        """Mean over rows of ‖x - quantize(x)‖², summed over the d components and not divided by d."""
        squared = self._squared_errors(X)
        return float(np.average(squared, weights=check_sample_weight(sample_weight, len(squared))))

    @classmethod
    def _n_features_of(cls, arrays: Mapping[str, Any]) -> int:
        return len(arrays["mean"])

    @abstractmethod
    def coder(self, dtype: np.dtype[Any]) -> RowCoder:
        """The networks, and codewords if there are any, as arrays of that precision: what encodes and decodes."""

    def _job(self, X: Any, sample_weight: Any, validation: tuple[Any, Any] | None) -> Job:
        """Checked rows, weights and validation rows, and what else a learner needs; rows of weight zero are left out.

        Raises
        ------
        ValueError
            If any of them is unfit, or there is no such device.
        """
        rows, _ = self._training_rows(X)
        rows = self._watched(rows) if is_row_source(X) else rows
        weights = check_sample_weight(sample_weight, rows.shape[0])
        if weights is None:
            weights = np.ones(rows.shape[0])
        elif not weights.all():  # batch normalisation would see rows that do not count
            counting = np.flatnonzero(weights)
            rows, weights = SelectedRows(rows, counting), weights[counting]
        held_out = None if validation is None else self._validation_rows(validation)
        device, n_jobs = resolve_device(self.device, type(self).__name__), resolve_jobs(self.n_jobs)
        return Job(rows, weights, generator(self.random_state), device, n_jobs, held_out)

    def _networks(self, latent_layer: LatentLayer) -> dict[str, Any]:
        """What every coder is made of."""
        sizes = self.layer_sizes_.tolist()
        return {
            "mean": self.mean_,
            "scale": self.scale_,
            "encoder": layered(self.encoder_, self._encoder_sizes),
            "decoder": layered(self.decoder_, sizes[::-1]),
            "activation": self.activation,
            "latent_layer": latent_layer,
            "residual": self.residual,
        }

    @property
    def _encoder_sizes(self) -> list[int]:
        """Widths of the layers of `encoder_`, input first."""
        found: list[int] = self.layer_sizes_.tolist()
        return found

    def _squared_errors(self, X: Any) -> NDArray[np.float64]:
        rows = self._new_rows(X)
        return squared_errors(rows, self.coder(self.mean_.dtype), resolve_jobs(self.n_jobs))

    def _blockwise(
        self, rows: Any, coder: RowCoder, work: Callable[[NDArray[Any]], NDArray[Any]], found: NDArray[Any]
    ) -> NDArray[Any]:
        """`found`, filled with what `work` makes of blocks of rows."""

        def one(block: NDArray[Any], start: int) -> None:
            found[start : start + len(block)] = work(block)

        source: RowSource = rows
        for _ in map_blocks(source, one, coding_bounds(rows.shape[0], coder), n_jobs=resolve_jobs(self.n_jobs)):
            pass
        return found


def resolve_device(device: str, name: str) -> str:
    """The device that the engine `name` is to learn on by "auto", "cpu" or "cuda".

    Raises
    ------
    ValueError
        If a graphics card is asked for and there is none that torch can use.
    """
    if device == "cpu":
        return device
    there = torch_module().cuda.is_available()
    if device == "cuda" and not there:
        raise ValueError(f"{name}: device='cuda' needs a graphics card that torch can use: choose 'auto' or 'cpu'.")
    return "cuda" if there else "cpu"
