"""DeepVQ: the scikit-learn face; the learner, the networks and the step over codes live elsewhere."""

from __future__ import annotations

import inspect
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from engines.codes import CodesMixin
from engines.deep.augmentation import augmentation_of
from engines.deep.bit_settings import PAPER, BitSettings, grouping_of, settings_of
from engines.deep.coder import LatentLayer, SignCoder, Signs, chained, pack_signs, unpack_signs
from engines.deep.face import DeepEngine
from engines.deep.grouped_coder import GroupedCoder, books_of
from engines.deep.product_learner import ProductLearner
from engines.deep.refining import flipped_where_better
from engines.deep.sign_learner import SignLearner
from engines.parameters import Param, RandomState
from engines.rows import ArrayRows
from engines.training import Learner

Floats = NDArray[Any]


class DeepVQ(CodesMixin, DeepEngine):
    """An auto-encoder whose code of a row is L bits, each -1 or +1, from one pass forward: x' = g(b(f(x))).

    f and g are dense layers with batch normalisation. "mpec" alternates, batch by batch, between codes and weights:
    B makes ‖g(B) - X‖² + γ‖f(X) - B‖² small by an exact penalty, batch normalisation standing still, and then one
    update of the weights does with B fixed. "sign" puts the sign of f(x), or of f(x) and noise, between f and g and
    hands their gradient through to f(x) (straight-through). "product" parts f(x) in groups, puts the nearest codeword
    of each group's own book in their place (straight-through too), and the bits of the codewords' numbers are the
    code; codewords follow the mean of their latents. Bits, or groups, are found in a chain: those of a later link are
    told what those before came out as, which f(x) at once cannot know. Rows are centred and divided by one number
    beforehand.

    A step is an epoch: `pretrain_iter` for each layer alone, from the first to the last, then `max_iter` on all.
    `encode` gives (n, L) int8 of -1 and +1, or packed (n, ⌈L/8⌉) uint8, where bit j of the code is bit j mod 8 of byte
    j // 8, the lowest first; `decode` takes both. `transform` gives f(x). Networks learn in the precision of the rows,
    on one thread of the processor or on the graphics card; NumPy encodes and decodes.

    Parameters
    ----------
    n_bits : int
        L.
    method : {"auto", "mpec", "sign", "product"}
        "auto" is "product".
    preset : {"none", "paper"}
        "paper" is "mpec" with the constants printed by Le Tan et al.: 500 and 255 hidden values, tanh, tied, SGD of
        1e-5 with momentum 0.9, batches of 128, 3 epochs, squared penalty with ρ = 0.05, 10 iterations, γ = 1.
    bits : {"sign", "bernoulli", "reinmax"}
        Of "sign": the bits while learning, signs of f(x) or of f(x) and noise. The last has a gradient of second order,
        see `engines.deep.codes.straight_through`.
    spread : float
        Of "sign": noise is drawn evenly between -spread and +spread; with 1 the mean of a bit is f(x).
    hidden : tuple of int
        Widths of the encoder's hidden layers; the decoder has the same, in reverse.
    activation : {"gelu", "relu", "tanh"}
        Of hidden layers.
    residual : bool
        Whether a hidden layer that is as wide as what it gets adds to it.
    decoder : {"untied", "tied"}
        Whether the decoder's weights are its own, or the encoder's transposed.
    pretrain_iter, max_iter : int
    batch_size : int or None
        Rows of an update; None is 128, but of less than 8,192 rows one in 64, and 32 at least.
    solver : {"adam", "sgd"}
    learning_rate : float
    momentum : float or None
        Of "sgd"; None is 0.9.
    schedule : {"cosine", "constant"}
        Learning rate over the `max_iter` epochs.
    clip : float or None
        Largest norm of a gradient.
    penalty : {"exact", "squared"}
        Of "mpec": ρ(L - ⟨b, v⟩) for each row, or ρ(⟨B, V⟩ - NL)² for the batch (eq. 8).
    rho, rho_growth : float
        Of "mpec": ρ at first, and what multiplies it after each iteration.
    code_iter : int
        Of "mpec": iterations over the codes of a batch.
    gamma : float
        Of "mpec": γ.
    chain : int or None
        Links in which the bits, or the groups, are found one after the other: each gets the last hidden values and what
        those before were settled to, by a hidden layer of its own. There are no more than bits or groups. 1 finds all
        at once; None is 4, but 1 for "mpec" and tied weights, which have no chain.
    group_bits : tuple of int or None
        Of "product": bits of each group, L in all; None makes few and large ones, see
        `engines.deep.bit_settings.large_groups`.
    group_width : int
        Of "product": latent values of a group.
    decay : float
        Of "product": what is kept of the codewords' averaged counts and sums at each update, as in `VQVAE`.
    beta : float
        Of "product": weight of the mean square distance between latents and codewords in the loss.
    revive : float
        Of "product": a codeword used less than that share of the mean is put on the latent of a row.
    noise : float
        Standard deviation of what is added to the rows that the encoder sees while learning, the spread of all being 1.
    shift : int
        Most pixels by which a row that is a picture moves while learning, down and across, its edges being drawn out.
    image_shape : tuple of int or None
        (h, w) or (h, w, channels) of such a row; with `shift` only.
    precision : {"full", "mixed"}
        Of products while learning: that of the rows, or bfloat16, which cards and newer processors multiply faster.
    device : {"auto", "cpu", "cuda"}
        Where to learn; "auto" is a graphics card where there is one. The same seed gives other bits there.
    random_state : int, RandomState or None
    n_jobs : int or None
        Threads of encoding, decoding and scoring; None is all cores, -1 too.

    Attributes
    ----------
    mean_ : ndarray of shape (d,), scale_ : ndarray of shape (1,)
        Networks see (x - mean_) / scale_.
    layer_sizes_ : ndarray of int64
        d, hidden widths, and the latent values: L, or `group_width` for each group.
    encoder_, decoder_ : ndarray of shape (n_values,)
        Layer after layer, weight (out, in) by rows and bias, batch normalisation folded in; the encoder's last one
        gives the latent values of the first link.
    link_sizes_ : ndarray of int64
        Latent values of each link.
    links_ : ndarray of shape (n_values,)
        Layers of the links after the first, see `engines.deep.coder.link_sizes`.
    group_bits_ : ndarray of int64
        Bits of each group; none without groups.
    books_ : ndarray of shape (n_values,)
        Codewords, group after group, (2^bits, `group_width`) by rows; those that differ in low bits only are near.
    counts_ : ndarray of shape (L, 2)
        Rows in which each bit is -1 and +1.
    inertia_ : float
        Sum over rows of ‖x - quantize(x)‖², weighted.
    n_iter_ : int
        Epochs.
    history_ : dict of str to ndarray
        One entry per step: `iteration`, `cost` (`inertia_`), `error_per_row`, `error_per_component` (that over d),
        `validation_error_per_row` where validation rows were given, `pretraining` (0 or 1), and the use of bits and
        codes: see `engines.deep.bits.usage`; of groups also `book_perplexity`, the mean of their books, and
        `n_dead_words`, codewords without a row. But for the last step, of evenly spaced ones of more than 10,000 rows.

    References
    ----------
    Le Tan et al., "DeepVQ: A deep network architecture for vector quantization", 2018; Yuan & Ghanem, "An exact
    penalty method for binary optimization based on MPEC formulation", 2017; Bengio, Léonard, Courville, "Estimating or
    propagating gradients through stochastic neurons", 2013; Liu, Dong, Liu, Yu, Gao, "Bridging discrete and
    backpropagation: straight-through and beyond", 2023.

    Examples
    --------
    >>> import numpy as np
    >>> from engines import DeepVQ
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> model = DeepVQ(n_bits=10, hidden=(8,), max_iter=2, random_state=0).fit(X)
    >>> model.encode(X).shape, model.encode(X, packed=True).shape
    ((50, 10), (50, 2))
    """

    FITTED: ClassVar[tuple[str, ...]] = (*DeepEngine.FITTED, "links_", "link_sizes_", "group_bits_", "books_")

    links_: Floats
    link_sizes_: NDArray[np.int64]
    group_bits_: NDArray[np.int64]
    books_: Floats

    def __init__(
        self,
        n_bits: Annotated[int, Param("bits of a code", low=1, high=4096)] = 16,
        method: Annotated[
            Literal["auto", "mpec", "sign", "product"], Param("how bits are learned; auto: product")
        ] = "auto",
        *,
        preset: Annotated[
            Literal["none", "paper"], Param("constants of a publication in place of most other parameters")
        ] = "none",
        bits: Annotated[
            Literal["sign", "bernoulli", "reinmax"],
            Param("bits while learning by sign: signs, or drawn at random (reinmax: with a gradient of second order)"),
        ] = "bernoulli",
        spread: Annotated[
            float, Param("noise from which bits are drawn while learning by sign", low=0, high=1, open_low=True)
        ] = 0.5,
        hidden: Annotated[tuple[int, ...], Param("widths of the encoder's hidden layers", low=1)] = (512, 512),
        activation: Annotated[Literal["gelu", "relu", "tanh"], Param("activation of hidden layers")] = "gelu",
        residual: Annotated[bool, Param("whether square hidden layers add to what they get")] = False,
        decoder: Annotated[
            Literal["untied", "tied"], Param("whether the decoder has weights of its own or the encoder's")
        ] = "untied",
        pretrain_iter: Annotated[int, Param("epochs that each layer learns alone at first", low=0)] = 0,
        max_iter: Annotated[int, Param("epochs", low=1)] = 30,
        batch_size: Annotated[int | None, Param("rows of an update; none: 128, of small tables fewer", low=1)] = None,
        solver: Annotated[Literal["adam", "sgd"], Param("optimizer")] = "adam",
        learning_rate: Annotated[float, Param("step size", low=0, open_low=True)] = 4e-3,
        momentum: Annotated[
            float | None, Param("share of the last step that is kept by sgd; none: 0.9", low=0, high=1, open_high=True)
        ] = None,
        schedule: Annotated[Literal["cosine", "constant"], Param("learning rate over the epochs")] = "cosine",
        clip: Annotated[float | None, Param("largest norm of a gradient", low=0, open_low=True, advanced=True)] = 1.0,
        penalty: Annotated[
            Literal["exact", "squared"], Param("what makes codes binary in mpec", advanced=True)
        ] = "exact",
        rho: Annotated[float, Param("weight of the penalty at first", low=0, open_low=True, advanced=True)] = 0.1,
        rho_growth: Annotated[float, Param("what multiplies it after each iteration", low=1, advanced=True)] = 2.0,
        code_iter: Annotated[int, Param("iterations over the codes of a batch in mpec", low=1)] = 10,
        gamma: Annotated[float, Param("weight of the distance between codes and encoder in mpec", low=0)] = 1.0,
        chain: Annotated[
            int | None, Param("links in which bits are found, each knowing those before; none: up to 4", low=1)
        ] = None,
        group_bits: Annotated[
            tuple[int, ...] | None,
            Param("bits of each group in product; none: few groups", low=1, high=16),
        ] = None,
        group_width: Annotated[int, Param("latent values of a group in product", low=1, advanced=True)] = 16,
        decay: Annotated[
            float, Param("share of the past in the means of codewords in product", low=0, high=1, open_high=True)
        ] = 0.99,
        beta: Annotated[float, Param("weight of the distance between latents and codewords in product", low=0)] = 0.25,
        revive: Annotated[
            float, Param("share of the mean use below which a codeword starts anew in product", low=0, high=1)
        ] = 0.03,
        noise: Annotated[float, Param("added to what the encoder sees, in spreads of the rows", low=0)] = 0.0,
        shift: Annotated[int, Param("most pixels by which pictures move while learning", low=0, unit="pixels")] = 0,
        image_shape: Annotated[
            tuple[int, ...] | None, Param("height, width and perhaps channels of pictures that move", low=1)
        ] = None,
        precision: Annotated[
            Literal["full", "mixed"],
            Param("of products while learning; mixed: bfloat16", advanced=True),
        ] = "full",
        device: Annotated[Literal["auto", "cpu", "cuda"], Param("where to learn", advanced=True)] = "auto",
        random_state: Annotated[RandomState, Param("seed of all random draws", low=0, advanced=True)] = None,
        n_jobs: Annotated[int | None, Param("threads; none is all cores", advanced=True)] = None,
    ) -> None:
        self.n_bits = n_bits
        self.method = method
        self.preset = preset
        self.bits = bits
        self.spread = spread
        self.hidden = hidden
        self.activation = activation
        self.residual = residual
        self.decoder = decoder
        self.pretrain_iter = pretrain_iter
        self.max_iter = max_iter
        self.batch_size = batch_size
        self.solver = solver
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.schedule = schedule
        self.clip = clip
        self.penalty = penalty
        self.rho = rho
        self.rho_growth = rho_growth
        self.code_iter = code_iter
        self.gamma = gamma
        self.chain = chain
        self.group_bits = group_bits
        self.group_width = group_width
        self.decay = decay
        self.beta = beta
        self.revive = revive
        self.noise = noise
        self.shift = shift
        self.image_shape = image_shape
        self.precision = precision
        self.device = device
        self.random_state = random_state
        self.n_jobs = n_jobs

    @property
    def code_sizes(self) -> tuple[int, ...]:
        """Two values for each bit."""
        check_is_fitted(self)
        return (2,) * len(self.counts_)

    def encode(self, X: Any, packed: bool = False, refine: int = 0) -> NDArray[Any]:
        """Codes of the rows: (n, L) int8 of -1 and +1; packed, (n, ⌈L/8⌉) uint8, lowest bit first.

        Parameters
        ----------
        X : array-like of shape (n, d), or RowSource
        packed : bool
        refine : int
            0 is the one pass forward. With k, each bit is tried the other way up to k times and stays flipped where
            what is decoded then lies nearer: up to k · L passes through the decoder more.
        """
        rows = self._new_rows(X)
        coder = self.coder(rows.dtype)

        def work(block: Floats) -> Signs:
            return flipped_where_better(coder, block, coder.codes(block), refine)

        signs = self._blockwise(rows, coder, work, np.empty((rows.shape[0], len(self.code_sizes)), np.int8))
        return pack_signs(signs) if packed else signs

    def decode(self, codes: Any) -> Floats:
        """The vectors (n, d) that codes stand for, in the precision of the rows that were learned from.

        Parameters
        ----------
        codes : integer array (n, L) of -1 and +1, or packed (n, ⌈L/8⌉) uint8

        Raises
        ------
        ValueError
            If they are of another shape, type or value.
        """
        check_is_fitted(self)
        signs, coder = self._signs(codes), self.coder(self.mean_.dtype)
        found = np.empty((len(signs), len(self.mean_)), self.mean_.dtype)
        return self._blockwise(ArrayRows(signs), coder, coder.decode, found)

    def indices(self, codes: Any) -> NDArray[np.int64]:
        """Codes (n, L) as 0 for -1 and 1 for +1."""
        return (np.asarray(codes, np.int64) + 1) // 2

    def transform(self, X: Any) -> Floats:
        """f(x): (n, L) between -1 and 1, whose signs are the code; in groups, (n, G · w), nearest to the codewords."""
        rows = self._new_rows(X)
        coder = self.coder(rows.dtype)
        return self._blockwise(rows, coder, coder.latent, np.empty((rows.shape[0], self._n_features_out), rows.dtype))

    @property
    def _n_features_out(self) -> int:
        return int(self.layer_sizes_[-1])

    def _learner(self, X: Any, y: Any, sample_weight: Any, validation: tuple[Any, Any] | None) -> Learner:
        job = self._job(X, sample_weight, validation)
        augmentation = augmentation_of(self.noise, self.shift, self.image_shape, job.rows.shape[1])
        settings = replace(self._settings(job.rows.shape[0]), augmentation=augmentation)
        grouping = grouping_of(self.get_params(deep=False), job.rows.shape[0])
        if grouping is None:
            return SignLearner(job, self.n_bits, settings)
        return ProductLearner(job, settings, grouping)

    def _settings(self, n_rows: int) -> BitSettings:
        defaults = {name: p.default for name, p in inspect.signature(type(self)).parameters.items()}
        return settings_of(self.get_params(deep=False), defaults, n_rows)

    def coder(self, dtype: np.dtype[Any]) -> SignCoder:
        """The networks, and the books of groups if there are any, as arrays of that precision."""
        check_is_fitted(self)
        if not len(self.group_bits_):
            return SignCoder(**self._networks("tanh")).astype(dtype)
        books = books_of(self.books_, self.group_bits_.tolist())
        return GroupedCoder(**self._networks("normalised"), books=books).astype(dtype)

    def _networks(self, latent_layer: LatentLayer) -> dict[str, Any]:
        links = chained(self.links_, self.layer_sizes_.tolist(), self.link_sizes_.tolist())
        activation = PAPER["activation"] if self.preset == "paper" else self.activation
        return {**super()._networks(latent_layer), "links": links, "activation": activation}

    @property
    def _encoder_sizes(self) -> list[int]:
        return [*self.layer_sizes_[:-1].tolist(), int(self.link_sizes_[0])]

    def _codes(self, X: Any) -> Any:
        return self.encode(X)

    def _decoded(self, codes: Any) -> Floats:
        return self.decode(codes)

    def _signs(self, codes: Any) -> Signs:
        """Codes, packed or not, as (n, L) int8 of -1 and +1."""
        codes, n_bits = np.asarray(codes), len(self.code_sizes)
        n_bytes = -(-n_bits // 8)
        if codes.ndim == 2 and codes.dtype == np.uint8 and codes.shape[1] == n_bytes:
            return unpack_signs(codes, n_bits)
        if codes.ndim != 2 or codes.shape[1] != n_bits or codes.dtype.kind != "i":
            raise ValueError(
                f"Codes must be signed integers of shape (n, {n_bits}), or packed ones (n, {n_bytes}) of uint8, "
                f"got {codes.dtype} {codes.shape}."
            )
        if not np.all(np.abs(codes) == 1):
            raise ValueError("Codes must be -1 or +1.")
        return np.asarray(codes, np.int8)
