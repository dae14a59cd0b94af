"""MetaQuantizer: the scikit-learn face of an auto-encoder whose codebook a network makes, by bilevel learning."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Annotated, Any

from engines.clustering.starts import check_enough_rows
from engines.deep.latent_codebook import LatentCodebook
from engines.deep.meta_learner import MetaLearner, MetaSettings
from engines.deep.parameters import AutoencoderParameters
from engines.parameters import Param
from engines.training import Learner


@dataclass(eq=False, repr=False)
class MetaParameters:
    """Codewords and what makes them; see `MetaQuantizer`."""

    n_codes: Annotated[int, Param("codewords", low=1)] = 64
    _: KW_ONLY
    beta: Annotated[float, Param("weight of the distance between latent values and codewords", low=0)] = 0.25
    hyper_hidden: Annotated[int, Param("width of the network that makes the codebook", low=1, advanced=True)] = 64
    outer_learning_rate: Annotated[float, Param("step size of what makes the codebook", low=0, open_low=True)] = 3e-4
    embedding_learning_rate: Annotated[
        float, Param("step size of the embeddings of codewords, by Adagrad", low=0, open_low=True)
    ] = 1.0
    revive: Annotated[
        float, Param("share of even use under which a codeword is put on a row", low=0, high=1, open_high=True)
    ] = 0.3


@dataclass(eq=False, repr=False)
class MetaQuantizerParameters(AutoencoderParameters, MetaParameters):
    """All of them, codewords first."""


class MetaQuantizer(MetaQuantizerParameters, LatentCodebook):
    """A VQ-VAE whose codebook is made by a network and learned for the error that it leads to: x' = g(c), C = H(E).

    Each batch is halved. Encoder f and decoder g descend L_A = ‖g(c) - x‖² / d + β‖f(x) - c‖² / L on the first half,
    straight-through, with C fixed (inner step). The embeddings E (K, L) and H(e) = A e + a + V gelu(U e + u) descend
    L_B on the second, at the weights w′ = w − ξ∇_w L_A(w, C) to which the codebook leads, ξ being the learning rate
    (outer step): the gradient through w′ is taken by a finite difference, as in DARTS. Then the halves change places.
    So all codewords move together with those that rows choose, and by what they are decoded to, not only to the middle
    of their rows. H is dropped after training: a fitted model holds C alone.

    Codewords start on f of rows drawn at random. A step is an epoch. Networks learn in the precision of the rows, on
    one thread of the processor or on the graphics card; NumPy encodes.

    Parameters
    ----------
    n_codes : int
        K.
    beta : float
        β.
    hyper_hidden : int
        Rows of U.
    outer_learning_rate : float
        Step size of H, by Adam; it follows `schedule` too.
    embedding_learning_rate : float
        Step size of E, by Adagrad, as most codewords get no gradient from a batch, and Adam would carry them on; it
        follows `schedule` too.
    revive : float
        A codeword that rows choose less often than that share of the mean is put on f of a row, more likely one of a
        codeword that many choose; 0 never does so.
    n_latent, hidden, activation, residual
        See `engines.deep.parameters.NetworkParameters`.
    max_iter, batch_size, learning_rate, schedule, clip, precision, device, random_state, n_jobs
        See `DescentParameters`.

    Attributes
    ----------
    codebook_ : ndarray of shape (K, L)
        C.
    prototypes_ : ndarray of shape (K, d)
        g of the codewords, in the units of the rows; which row belongs to which is decided in latent space.
    mean_, scale_, layer_sizes_, encoder_, decoder_, counts_, inertia_, n_iter_, history_
        As of `VQVAE`.

    References
    ----------
    Qin & Zhang, "Learning to quantize for training vector-quantized networks", 2025; Liu, Simonyan, Yang, "DARTS:
    Differentiable architecture search", 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from engines import MetaQuantizer
    >>> X = np.random.default_rng(0).normal(size=(60, 5))
    >>> model = MetaQuantizer(n_codes=4, n_latent=2, hidden=(8,), max_iter=2, random_state=0).fit(X)
    >>> model.encode(X).shape, model.codebook_.shape
    ((60,), (4, 2))
    """

    def _learner(self, X: Any, y: Any, sample_weight: Any, validation: tuple[Any, Any] | None) -> Learner:
        settings = MetaSettings(
            **vars(self._settings()),
            beta=self.beta,
            outer_rate=self.outer_learning_rate,
            embedding_rate=self.embedding_learning_rate,
            revive=self.revive,
            n_hyper=self.hyper_hidden,
        )
        job = self._job(X, sample_weight, validation)
        check_enough_rows(job.rows.shape[0], None, self.n_codes, "n_codes")
        return MetaLearner(job, self.n_codes, self.n_latent, settings)
