"""What the window needs later, loaded while nobody waits: the first import of a library holds up all threads."""

from __future__ import annotations

import gc
from importlib import import_module

import engines

LIBRARIES = (
    "polars",
    "PIL.Image",
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
    "scipy.cluster.hierarchy",
    "scipy.optimize",
    "scipy.spatial.distance",
    "sklearn.decomposition",
    "sklearn.discriminant_analysis",
    "sklearn.metrics",
)
"""Those that views import when they are first looked at."""


def load() -> None:
    """Load every engine, so that no form waits for an import, and then what views compute and draw with.

    What there is then is taken from the collector of garbage, once in a process: the 300,000 things of the libraries
    stay for good, and to look through all of them held every thread for 0.2 to 0.3 s each time.
    """
    for info in engines.catalog():
        _ = info.parameters
    for name in LIBRARIES:
        import_module(name)
    if not gc.get_freeze_count():
        gc.freeze()
