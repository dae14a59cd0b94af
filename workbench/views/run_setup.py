"""What a run is set up from, for people: which engines suit a dataset, in families, and what a run is going to take."""

from __future__ import annotations

from engines import EngineInfo, catalog
from workbench.session import Dataset, Estimate
from workbench.session.checks import fits_kind
from workbench.session.estimates import shown_bytes
from workbench.views.run_words import KINDS, duration

FAMILIES = {
    "clustering": "Clustering",
    "quantization": "Quantization",
    "map": "Maps",
    "mixture": "Mixtures",
    "lvq": "Learning vector quantization",
    "deep": "Deep engines",
}


def lacking(dataset: Dataset, info: EngineInfo) -> str:
    """What the engine needs that the dataset has not, in two words; "" where it can learn from it."""
    if info.supervised and not dataset.has_labels:
        return "needs labels"
    return "" if fits_kind(dataset, info) else f"needs {KINDS[info.data_kinds[0]]}"


def fitting_engine(dataset: Dataset, wanted: str | None) -> str:
    """The wanted engine, where it can learn from the dataset, else the first that can."""
    fitting = [info.name for info in catalog() if not lacking(dataset, info)]
    return wanted if wanted in fitting else fitting[0]


def forecast(estimate: Estimate) -> str:
    """What a run is going to take, in a sentence."""
    words = [f"About {shown_bytes(estimate.memory_bytes)} of memory"]
    if estimate.seconds is not None:
        about = "" if estimate.seconds < 1 else "about "
        words.append(f"{about}{duration(estimate.seconds)}, judged by earlier runs")
    return ", ".join(words) + "."
