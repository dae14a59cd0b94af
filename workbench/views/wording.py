"""Numbers, names and metrics in words for people; nothing of drawing."""

from __future__ import annotations

import math
import unicodedata

MISSING = "–"

_METRICS = {
    "cost": "cost",
    "validation_cost": "cost, validation",
    "accuracy": "accuracy, training",
    "validation_accuracy": "accuracy, validation",
    "accuracy_train": "accuracy, training",
    "accuracy_validation": "accuracy, validation",
    "accuracy_test": "accuracy, test",
    "quantization_error": "quantization error",
    "quantization_error_train": "quantization error, training",
    "quantization_error_validation": "quantization error, validation",
    "quantization_error_test": "quantization error, test",
    "error_per_row": "squared error of a row",
    "error_per_component": "squared error of a component",
    "shift": "shift of the prototypes",
    "changed": "rows that changed prototype",
    "n_reseeded": "prototypes put elsewhere",
    "gradient_norm": "length of the gradient",
    "restart": "start",
    "rate": "learning rate",
    "moved": "rows that moved a prototype",
    "n_moved": "prototypes that moved",
    "agreement": "agreement with the clusters before (Rand)",
    "mean_cosine": "mean cosine to the prototype",
    "mean_distance": "mean distance to the best unit",
    "topographic_error": "topographic error (share of rows)",
    "sigma": "radius of the neighbourhood",
    "neighbourhood": "range of the neighbourhood",
    "n_prototypes": "prototypes",
    "n_empty": "prototypes without rows",
    "n_settled": "books that have settled",
    "cells_done": "cells that are done",
    "stage": "stage",
    "turned": "how far the rotation turned",
    "log_likelihood_per_row": "log-likelihood of a row",
    "validation_log_likelihood_per_row": "log-likelihood of a row, validation",
    "validation_error_per_row": "squared error of a row, validation",
    "gain": "gain of the log-likelihood",
    "smallest_weight": "smallest weight",
    "bits_per_row": "bits of a row",
    "bit_balance": "imbalance of a bit (mean of |mean|)",
    "bit_correlation": "correlation of two bits (mean size)",
    "bit_entropy": "entropy of the bits, one by one",
    "entropy": "entropy of the codes [bits]",
    "perplexity": "perplexity of the codes",
    "n_dead": "codes without rows",
    "book_perplexity": "perplexity of a book, in the mean",
    "n_dead_words": "codewords without rows",
    "pretraining": "layer by layer (1) or all together (0)",
    "latent_error_per_row": "squared distance to the codeword, in latent space",
}


def metric_title(name: str) -> str:
    """What people call the metric `name`."""
    return _METRICS.get(name, name.replace("_", " ").strip())


def number(value: float, digits: int = 4) -> str:
    """`value` to some digits; a dash when it is none."""
    if not math.isfinite(value):
        return MISSING if math.isnan(value) else ("∞" if value > 0 else "−∞")
    if abs(value) < 1e15 and (value == int(value) or abs(value) >= 10**digits):
        return f"{round(value):,}".replace("-", "−")
    return f"{value:.{digits}g}".replace("-", "−")


def percent(share: float, digits: int = 1) -> str:
    """A share as a percentage; a dash when it is none."""
    return f"{100 * share:.{digits}f} %" if math.isfinite(share) else MISSING


def counted(n: int, noun: str) -> str:
    """ "1 row", "1,200 rows"."""
    return f"{n:,} {noun}" + ("" if n == 1 else "s")


def one_line(text: str) -> str:
    """`text` without line breaks and control characters, which no label can show."""
    return "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in str(text)).strip()


def shorten(text: str, length: int) -> str:
    """`text` in one line of at most `length` characters, cut in the middle, where names differ least."""
    text = one_line(text)
    if len(text) <= length:
        return text
    head = math.ceil((length - 1) * 0.6)
    tail = length - 1 - head
    return text[:head].rstrip() + "…" + (text[-tail:].lstrip() if tail else "")


def distinct(names: tuple[str, ...], length: int) -> tuple[str, ...]:
    """All `names` shortened; those that became alike are numbered."""
    short = [shorten(name, length) or "(no name)" for name in names]
    alike = {name for name in short if short.count(name) > 1} if len(short) <= 2000 else set()
    return tuple(f"{shorten(name, length - 4)} #{i + 1}" if name in alike else name for i, name in enumerate(short))


def with_unit(name: str, unit: str) -> str:
    """ "length [cm]", or the name alone."""
    return f"{name} [{unit}]" if unit else name
