"""VQVAE: the scikit-learn face of an auto-encoder with a learned codebook between encoder and decoder."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass
from typing import Annotated, Any, Literal

from engines.clustering.starts import check_enough_rows
from engines.deep.books import Averaging
from engines.deep.latent_codebook import LatentCodebook
from engines.deep.parameters import AutoencoderParameters
from engines.deep.vq_learner import Map, VQLearner
from engines.maps.grid import Grid
from engines.maps.schedule import Schedule
from engines.parameters import Param
from engines.training import Learner

ANNEALING, SIGMA_END, REVIVE = 0.8, 0.5, 0.1
"""Share of the epochs in which a neighbourhood shrinks, its width at the end, and the default of `revive`."""


@dataclass(eq=False, repr=False)
class CodeParameters:
    """Codewords and how they are learned; see `VQVAE`."""

    n_codes: Annotated[int, Param("codewords", low=1)] = 64
    _: KW_ONLY
    topology: Annotated[
        Literal["rectangular", "hexagonal"] | None, Param("grid on which neighbouring codewords learn together, if any")
    ] = None
    shape: Annotated[
        tuple[int, ...] | None, Param("rows and columns of the grid; none: as square as can be", low=1)
    ] = None
    sigma_start: Annotated[
        float | None,
        Param("width of the neighbourhood at first; none: half the longer side", low=0.5, unit="units", advanced=True),
    ] = None
    gamma: Annotated[
        float, Param("share of the past in a codeword's averages, for each batch", low=0, high=1, open_high=True)
    ] = 0.99
    beta: Annotated[float, Param("weight of the commitment", low=0)] = 0.25
    revive: Annotated[
        float | None,
        Param("share of even use under which a codeword is put on a row; none: 0.1", low=0, high=1, open_high=True),
    ] = None


@dataclass(eq=False, repr=False)
class VQVAEParameters(AutoencoderParameters, CodeParameters):
    """All of them, codewords first."""


class VQVAE(VQVAEParameters, LatentCodebook):
    """An auto-encoder whose latent values are replaced by the nearest of K codewords: x' = g(c), c nearest to f(x).

    f and g descend ‖g(c) - x‖² / d + β‖f(x) - c‖² / L, rows being centred and divided by one number beforehand; the
    gradient by c is taken for one by f(x) (straight-through). A codeword is the average of the latents that it is
    nearest to: for each batch N ← γN + (1 − γ)n and m ← γm + (1 − γ)Σf(x), c = m / N, N being smoothed. Codewords
    start on f of rows drawn at random; one that is hardly used is put on f of a row of the batch.

    With a `topology` the codewords sit on a grid, and each takes the counts and sums of the others too, by
    exp(−r²/2σ²) at distance r: σ shrinks from epoch to epoch to half a unit, and neighbours stay near each other in
    latent space, as on a self-organizing map. The neighbours then keep all codewords alive, and none is revived.

    A step is an epoch. Networks learn in the precision of the rows, on one thread of the processor or on the graphics
    card; NumPy encodes.

    Parameters
    ----------
    n_codes : int
        K.
    topology : {"rectangular", "hexagonal"} or None
    shape : (rows, cols) or None
        Of the grid, rows · cols = K; None is the most nearly square one.
    sigma_start : float or None
        σ in the first epoch, in units of the grid; None is half the longer side, at least 1.
    gamma : float
        γ.
    beta : float
        β.
    revive : float or None
        A codeword is put on a row where its N is under this share of the mean; None is 0.1, 0 never does so.
    n_latent, hidden, activation, residual
        See `engines.deep.parameters.NetworkParameters`.
    max_iter, batch_size, learning_rate, schedule, clip, precision, device, random_state, n_jobs
        See `DescentParameters`.

    Attributes
    ----------
    codebook_ : ndarray of shape (K, L)
    prototypes_ : ndarray of shape (K, d)
        What codewords are decoded to, in the units of the rows; which row belongs to which is decided in latent space.
    mean_ : ndarray of shape (d,), scale_ : ndarray of shape (1,)
        The encoder sees (x - mean_) / scale_.
    layer_sizes_ : ndarray of int64
        d, hidden widths, L.
    encoder_, decoder_ : ndarray of shape (n_values,)
        Layer after layer, weight (out, in) by rows and bias, batch normalisation folded in.
    counts_ : ndarray of shape (K,)
        Weight of the rows of each codeword.
    inertia_ : float
        Sum over rows of ‖x - quantize(x)‖², weighted.
    n_iter_ : int
        Epochs.
    history_ : dict of str to ndarray
        One entry per step: `iteration`, `cost` (`inertia_`), `error_per_row`, `error_per_component` (that over d),
        `entropy` of the codes in bits, `perplexity` = 2^entropy, `n_dead`, codewords without a row,
        `latent_error_per_row`, mean of ‖f(x) - c‖², on a grid `topographic_error`, the share of rows whose two nearest
        codewords are no neighbours, and `validation_error_per_row` where validation rows were given. But for the last
        step, `counts_` and these are estimated from evenly spaced ones of more than 10,000 rows.

    References
    ----------
    van den Oord, Vinyals, Kavukcuoglu, "Neural discrete representation learning", 2017; Kohonen, "Self-Organizing
    Maps", third edition, 2001; Fortuin et al., "SOM-VAE", 2019, for the grid.

    Examples
    --------
    >>> import numpy as np
    >>> from engines import VQVAE
    >>> X = np.random.default_rng(0).normal(size=(60, 5))
    >>> model = VQVAE(n_codes=4, n_latent=2, hidden=(8,), max_iter=2, random_state=0).fit(X)
    >>> model.encode(X).shape, model.codebook_.shape, model.prototypes_.shape
    ((60,), (4, 2), (4, 5))
    """

    @property
    def grid(self) -> Grid | None:
        """Where the codewords sit, if on a grid.

        Raises
        ------
        ValueError
            If `shape` is no grid of K.
        """
        if self.topology is None:
            return None
        if self.shape is None:
            rows = next(side for side in range(math.isqrt(self.n_codes), 0, -1) if self.n_codes % side == 0)
            return Grid(rows, self.n_codes // rows, self.topology)
        if len(self.shape) != 2 or math.prod(self.shape) != self.n_codes:
            raise ValueError(
                f"VQVAE: shape must be two numbers, rows and columns, that make {self.n_codes} codewords, "
                f"got {self.shape!r}."
            )
        return Grid(int(self.shape[0]), int(self.shape[1]), self.topology)

    def _learner(self, X: Any, y: Any, sample_weight: Any, validation: tuple[Any, Any] | None) -> Learner:
        layout, averaging = self._layout(), self._averaging()
        job = self._job(X, sample_weight, validation)
        check_enough_rows(job.rows.shape[0], None, self.n_codes, "n_codes")
        return VQLearner(job, self.n_codes, self.n_latent, self._settings(), averaging, self.beta, layout)

    def _layout(self) -> Map | None:
        grid = self.grid
        if grid is None:
            for name in ("shape", "sigma_start"):
                if getattr(self, name) is not None:
                    raise ValueError(f"VQVAE: {name} has no effect without a topology: leave it out.")
            return None
        start = max(1.0, max(grid.rows, grid.cols) / 2) if self.sigma_start is None else float(self.sigma_start)
        n_epochs = max(1, math.ceil(ANNEALING * self.max_iter))
        return Map(grid, Schedule(start, SIGMA_END, "exponential", n_epochs))

    def _averaging(self) -> Averaging:
        if self.topology is None:
            return Averaging(self.gamma, REVIVE if self.revive is None else self.revive)
        if self.revive is not None:
            raise ValueError("VQVAE: revive has no effect with a topology, whose neighbours keep codewords alive.")
        return Averaging(self.gamma, 0.0)
