"""The one list of engines; adding a file and a line here puts an engine into every face."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from engines.parameters import Parameter, declared

if TYPE_CHECKING:
    from engines.base import Engine

Family = Literal["clustering", "quantization", "map", "mixture", "lvq", "deep"]
DataKind = Literal["table", "image", "spd", "dissimilarity"]

_PORTABLE = ("c", "python", "onnx")
"""Exports of engines whose rule is short enough to be written down as code."""


@dataclass(frozen=True)
class EngineInfo:
    """What is known of an engine without importing it.

    Attributes
    ----------
    name : str
        Class name, and attribute of `engines`.
    module : str
        Where the class lives; imported only when `estimator` or `parameters` is asked for.
    exports : tuple of str
        Forms that the learned model can leave in.
    count : str
        The parameter that says how many prototypes, clusters or components there are, if one number does; else "".
    trial : mapping
        Parameters with which a training on a handful of rows is quick, beside the defaults.
    ways : tuple of mappings
        Parameters that make the engine work by other kernels, so that all can be compiled ahead.
    """

    name: str
    module: str
    family: Family
    title: str
    summary: str
    supervised: bool = False
    data_kinds: tuple[DataKind, ...] = ("table", "image")
    exports: tuple[str, ...] = ("codebook", "model", "assignments", "polytopes", *_PORTABLE)
    count: str = ""
    trial: Mapping[str, Any] = field(default_factory=dict)
    ways: tuple[Mapping[str, Any], ...] = ({},)

    @property
    def estimator(self) -> type[Engine]:
        """The engine's class."""
        found: type[Engine] = getattr(import_module(self.module), self.name)
        return found

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The declared parameters, in order."""
        return declared(self.estimator)


_WITHOUT_CELLS = ("codebook", "model", "assignments")
"""Exports of engines whose rows do not simply go to the nearest prototype by one metric over the features."""

_ENGINES = (
    EngineInfo(
        "KMeans",
        "engines.clustering.kmeans",
        "clustering",
        "k-means",
        "Prototypes that minimise the mean squared distance to their rows (Lloyd).",
        count="n_clusters",
        trial={"max_iter": 2},
        ways=({"algorithm": "lloyd"}, {"algorithm": "bounds"}, {"algorithm": "bisecting"}),
    ),
    EngineInfo(
        "MiniBatchKMeans",
        "engines.clustering.minibatch",
        "clustering",
        "Mini-batch k-means",
        "k-means on random batches, for many rows: nearly as good after far less work (Sculley).",
        count="n_clusters",
        trial={"max_iter": 2},
    ),
    EngineInfo(
        "OnlineVQ",
        "engines.clustering.online",
        "clustering",
        "Online vector quantization",
        "Competitive learning: each row in turn pulls its nearest prototype (Kohonen, MacQueen).",
        count="n_prototypes",
        trial={"max_iter": 2},
    ),
    EngineInfo(
        "LBG",
        "engines.clustering.lbg",
        "clustering",
        "LBG",
        "A codebook that doubles by splitting its cells, with k-means at each size; no chance in it.",
        count="n_clusters",
        trial={"max_iter": 2},
    ),
    EngineInfo(
        "SphericalKMeans",
        "engines.clustering.spherical",
        "clustering",
        "Spherical k-means",
        "Prototypes of unit length for the directions of rows, by cosine.",
        count="n_clusters",
        trial={"max_iter": 2},
    ),
    EngineInfo(
        "ProductQuantizer",
        "engines.quantization.product",
        "quantization",
        "Product quantizer",
        "Columns in groups, a small codebook for each: many prototypes out of few codewords.",
        exports=(*_WITHOUT_CELLS, *_PORTABLE),
        trial={"max_iter": 2},
    ),
    EngineInfo(
        "OptimizedProductQuantizer",
        "engines.quantization.optimized",
        "quantization",
        "Optimized product quantizer",
        "Product quantization of rotated rows; rotation and codebooks are learned in turn.",
        exports=(*_WITHOUT_CELLS, *_PORTABLE),
        trial={"max_iter": 2, "start_iter": 2},
    ),
    EngineInfo(
        "ResidualQuantizer",
        "engines.quantization.residual",
        "quantization",
        "Residual quantizer",
        "A codebook for the rows, one for what it leaves, and so on; codes are found by beam search.",
        exports=(*_WITHOUT_CELLS, *_PORTABLE),
        trial={"max_iter": 2},
    ),
    EngineInfo(
        "HierarchicalVQ",
        "engines.quantization.hierarchical",
        "quantization",
        "Hierarchical vector quantization",
        "A coarse codebook, and a fine one inside each of its cells.",
        exports=(*_WITHOUT_CELLS, *_PORTABLE),
        trial={"max_iter": 2},
    ),
    EngineInfo(
        "SOM",
        "engines.maps.som",
        "map",
        "Self-organizing map",
        "Prototypes on a grid, neighbours alike: a map of the data that can be looked at.",
        trial={"max_iter": 2},
        ways=({"mode": "batch"}, {"mode": "online"}),
    ),
    EngineInfo(
        "NeuralGas",
        "engines.maps.neural_gas",
        "map",
        "Neural gas",
        "Every row pulls all prototypes by their rank, ever fewer of them (Martinetz).",
        count="n_prototypes",
        trial={"max_iter": 2},
        ways=({"mode": "batch"}, {"mode": "online"}),
    ),
    EngineInfo(
        "GaussianMixture",
        "engines.mixture.gaussian_mixture",
        "mixture",
        "Gaussian mixture",
        "A density of several Gaussian components, by expectation-maximisation; values may be missing.",
        count="n_components",
        exports=(*_WITHOUT_CELLS, *_PORTABLE),
        trial={"max_iter": 2, "n_components": 2},
        ways=tuple({"covariance_type": kind} for kind in ("full", "tied", "diag", "spherical")),
    ),
    EngineInfo(
        "LVQ1",
        "engines.lvq.lvq1",
        "lvq",
        "LVQ1",
        "Labelled prototypes that rows of their class attract and others repel, one row after another (Kohonen).",
        supervised=True,
        trial={"max_iter": 2},
        ways=tuple(
            {"update": how, "prototypes_per_class": n} for how in ("winner", "winner-impostor") for n in (1, 25)
        ),
    ),
    EngineInfo(
        "LVQ21",
        "engines.lvq.lvq21",
        "lvq",
        "LVQ2.1",
        "Rows near a border between two classes move both prototypes beside it (Kohonen); for the last touch.",
        supervised=True,
        trial={"max_iter": 2},
        ways=({"prototypes_per_class": 1}, {"prototypes_per_class": 25}),
    ),
    EngineInfo(
        "LVQ3",
        "engines.lvq.lvq3",
        "lvq",
        "LVQ3",
        "LVQ2.1 whose prototypes stay among the rows of their class (Kohonen).",
        supervised=True,
        trial={"max_iter": 2},
    ),
    EngineInfo(
        "OLVQ1",
        "engines.lvq.olvq1",
        "lvq",
        "OLVQ1",
        "LVQ1 with a rate for each prototype, which falls as it is right (Kohonen): quick, and nothing to tune.",
        supervised=True,
        trial={"max_iter": 2},
        ways=({"prototypes_per_class": 1}, {"prototypes_per_class": 25}),
    ),
    EngineInfo(
        "GLVQ",
        "engines.lvq.glvq",
        "lvq",
        "Generalized LVQ",
        "Labelled prototypes that minimise a relative distance (Sato and Yamada); values may be missing.",
        supervised=True,
        trial={"max_iter": 2},
    ),
    EngineInfo(
        "GRLVQ",
        "engines.lvq.grlvq",
        "lvq",
        "Generalized relevance LVQ",
        "Labelled prototypes and a learned weight of each feature; values may be missing.",
        supervised=True,
        trial={"max_iter": 2},
    ),
    EngineInfo(
        "GMLVQ",
        "engines.lvq.gmlvq",
        "lvq",
        "Generalized matrix LVQ",
        "Labelled prototypes and a learned metric that tells which features matter.",
        supervised=True,
        trial={"max_iter": 2},
    ),
    EngineInfo(
        "LGMLVQ",
        "engines.lvq.lgmlvq",
        "lvq",
        "Localized generalized matrix LVQ",
        "Labelled prototypes, and for each class or each of them a metric of its own.",
        supervised=True,
        exports=(*_WITHOUT_CELLS, *_PORTABLE),
        trial={"max_iter": 2},
    ),
    EngineInfo(
        "RSLVQ",
        "engines.lvq.rslvq",
        "lvq",
        "Robust soft LVQ",
        "Labelled prototypes as a Gaussian mixture whose likelihoods tell the classes apart.",
        supervised=True,
        trial={"max_iter": 2},
    ),
    EngineInfo(
        "MRSLVQ",
        "engines.lvq.mrslvq",
        "lvq",
        "Matrix robust soft LVQ",
        "Robust soft LVQ with a learned metric that tells which features matter.",
        supervised=True,
        trial={"max_iter": 2},
    ),
    EngineInfo(
        "MedianLVQ",
        "engines.lvq.median",
        "lvq",
        "Median LVQ",
        "Labelled prototypes that are rows of the data, for any dissimilarity, also one given as a matrix.",
        supervised=True,
        data_kinds=("table", "image", "dissimilarity"),
        exports=(*_WITHOUT_CELLS, *_PORTABLE),
        trial={"max_iter": 2},
    ),
    EngineInfo(
        "LogEuclideanGLVQ",
        "engines.spd.log_euclidean",
        "lvq",
        "Log-Euclidean LVQ",
        "Labelled prototypes among symmetric positive-definite matrices, such as covariances of signals.",
        supervised=True,
        data_kinds=("spd",),
        exports=(*_WITHOUT_CELLS, "c", "python"),
        trial={"max_iter": 2},
    ),
    EngineInfo(
        "PseudoLabelGLVQ",
        "engines.lvq.pseudo_label",
        "lvq",
        "Pseudo-label GLVQ",
        "Clusters without labels, and a metric that is learned to tell them apart.",
        exports=(*_WITHOUT_CELLS, *_PORTABLE),
        count="n_clusters",
        trial={"max_iter": 2, "max_rounds": 2},
    ),
    EngineInfo(
        "GranularLVQ",
        "engines.lvq.granular",
        "lvq",
        "Granular LVQ",
        "LVQ1 that compares neighbourhoods of values in place of values (reconstructed after Jiang et al.).",
        supervised=True,
        exports=_WITHOUT_CELLS,
        trial={"max_iter": 2},
    ),
    EngineInfo(
        "DeepVQ",
        "engines.deep.deepvq",
        "deep",
        "Deep vector quantization",
        "An auto-encoder whose code of a row is a few bits, found in one pass forward (Le Tan et al.).",
        exports=("codebook", "model", "assignments", "codes", "onnx"),
        trial={"max_iter": 1, "hidden": (8,), "n_bits": 4},
        ways=({"method": "product"}, {"method": "sign"}, {"method": "mpec"}),
    ),
    EngineInfo(
        "VQVAE",
        "engines.deep.vqvae",
        "deep",
        "VQ-VAE",
        "An auto-encoder with a codebook between encoder and decoder, on a grid if wished (van den Oord).",
        exports=_WITHOUT_CELLS,
        count="n_codes",
        trial={"max_iter": 1, "hidden": (8,), "n_latent": 4},
        ways=({"topology": None}, {"topology": "rectangular"}),
    ),
    EngineInfo(
        "MetaQuantizer",
        "engines.deep.meta_quantizer",
        "deep",
        "Meta-learned quantizer",
        "A VQ-VAE whose codebook a network makes, learned for the error that it leads to (Qin and Zhang).",
        exports=_WITHOUT_CELLS,
        count="n_codes",
        trial={"max_iter": 1, "hidden": (8,), "n_latent": 4},
    ),
    EngineInfo(
        "DCN",
        "engines.deep.dcn",
        "deep",
        "Deep clustering network",
        "Clusters in the latent space of an auto-encoder that learns to make them (Yang et al.).",
        exports=_WITHOUT_CELLS,
        count="n_clusters",
        trial={"max_iter": 1, "pretrain_iter": 1, "hidden": (8,), "n_latent": 4},
    ),
    EngineInfo(
        "ModifiedDCN",
        "engines.deep.dcn",
        "deep",
        "Modified deep clustering network",
        "A deep clustering network that learns to draw rows from the centres of their clusters (Le Tan et al.).",
        exports=_WITHOUT_CELLS,
        count="n_clusters",
        trial={"max_iter": 1, "pretrain_iter": 1, "hidden": (8,), "n_latent": 4},
    ),
)


def catalog() -> tuple[EngineInfo, ...]:
    """Every engine, in the order in which people should meet them."""
    return _ENGINES


def engine_info(name: str) -> EngineInfo:
    """The engine called `name`, whatever its capitals.

    Raises
    ------
    KeyError
        If there is none; the message lists those there are.
    """
    for info in _ENGINES:
        if info.name.lower() == name.lower():
            return info
    raise KeyError(f"There is no engine called {name!r}; there are {', '.join(i.name for i in _ENGINES)}.")
