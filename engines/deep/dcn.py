"""DCN and ModifiedDCN: the scikit-learn face of clustering in the latent space of an auto-encoder."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Annotated, Any, ClassVar

from engines.clustering.starts import check_enough_rows
from engines.deep.dcn_learner import DCNLearner, DCNSettings, ModifiedDCNLearner
from engines.deep.latent_codebook import LatentCodebook
from engines.deep.parameters import AutoencoderParameters
from engines.parameters import Param
from engines.training import Learner


@dataclass(eq=False, repr=False)
class ClusterParameters:
    """Centres; see `DCN`."""

    n_clusters: Annotated[int, Param("number of centres", low=1)] = 8
    _: KW_ONLY
    lam: Annotated[float, Param("weight λ of the distance between a row's latent values and its centre", low=0)] = 1.0
    pretrain_iter: Annotated[int, Param("epochs in which the auto-encoder learns alone", low=0)] = 20


@dataclass(eq=False, repr=False)
class DCNParameters(AutoencoderParameters, ClusterParameters):
    """All of them, centres first."""


class DCN(DCNParameters, LatentCodebook):
    """A deep clustering network: an auto-encoder whose latent values are drawn to K centres, as it learns.

    After `pretrain_iter` epochs of the auto-encoder alone, centres are found by k-means (our `KMeans`, of one start)
    of all rows' f(x). Then, batch by batch, one update of the weights descends
    Σ‖g(f(x)) - x‖² + (λ/2)‖f(x) - c‖² (eq. 9), c being the nearest centre, and each centre moves with each of its rows
    by c −= (c - f(x)) / n; n counts its rows, and at the start of an epoch is the number that it had at the end of
    the last. A row counts in eq. 9 as it is after centring and division by one number.

    A step is an epoch. Until k-means, centres are f of rows drawn at random. Networks learn in the precision of the
    rows, on one thread of the processor or on the graphics card; NumPy encodes.

    Parameters
    ----------
    n_clusters : int
        K.
    lam : float
        λ.
    pretrain_iter : int
        Epochs of the auto-encoder alone.
    max_iter : int
        Epochs after these.
    n_latent, hidden, activation, residual
        See `engines.deep.parameters.NetworkParameters`.
    batch_size, learning_rate, schedule, clip, precision, device, random_state, n_jobs
        See `DescentParameters`; the schedule is gone through before k-means, and again after it.

    Attributes
    ----------
    codebook_ : ndarray of shape (K, L)
        Centres.
    prototypes_ : ndarray of shape (K, d)
        g of the centres, in the units of the rows; which row belongs to which is decided in latent space.
    mean_, scale_, layer_sizes_, encoder_, decoder_, counts_, inertia_, n_iter_
        As of `VQVAE`; `inertia_` is the weighted sum of ‖x - g(c)‖².
    history_ : dict of str to ndarray
        One entry per step, as of `VQVAE`, `latent_error_per_row` being the cost of the clustering, and `pretraining`
        (0 or 1).

    References
    ----------
    Yang, Fu, Sidiropoulos, Hong, "Towards K-means-friendly spaces", 2017; Le Tan et al., "DeepVQ: A deep network
    architecture for vector quantization", 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from engines import DCN
    >>> X = np.random.default_rng(0).normal(size=(60, 5))
    >>> model = DCN(n_clusters=4, n_latent=2, hidden=(8,), pretrain_iter=2, max_iter=2, random_state=0).fit(X)
    >>> model.predict(X).shape, model.codebook_.shape, model.prototypes_.shape
    ((60,), (4, 2), (4, 5))
    """

    _LEARNER: ClassVar[type[DCNLearner]] = DCNLearner

    def _learner(self, X: Any, y: Any, sample_weight: Any, validation: tuple[Any, Any] | None) -> Learner:
        settings = DCNSettings(**vars(self._settings()), lam=self.lam, pretrain_iter=self.pretrain_iter)
        job = self._job(X, sample_weight, validation)
        check_enough_rows(job.rows.shape[0], None, self.n_clusters, "n_clusters")
        return self._LEARNER(job, self.n_clusters, self.n_latent, settings)


class ModifiedDCN(DCN):
    """A deep clustering network for quantization: `DCN`, whose decoder learns to make the rows of the centres.

    It descends Σ‖g(c) - x‖² + (λ/2)‖f(x) - c‖² (eq. 10), so that after k-means the encoder learns by the second term
    alone. All else, parameters and attributes too, is as in `DCN`.

    References
    ----------
    Le Tan et al., "DeepVQ: A deep network architecture for vector quantization", 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from engines import ModifiedDCN
    >>> X = np.random.default_rng(0).normal(size=(60, 5))
    >>> model = ModifiedDCN(n_clusters=4, n_latent=2, hidden=(8,), pretrain_iter=2, max_iter=2, random_state=0).fit(X)
    >>> model.quantize(X).shape
    (60, 5)
    """

    _LEARNER: ClassVar[type[DCNLearner]] = ModifiedDCNLearner
