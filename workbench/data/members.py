"""Which of a file's named arrays are features and labels; what all of them are, for people. Nothing of formats."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from workbench.data.arrays import Header
from workbench.data.errors import DataError
from workbench.data.plan import Offer

_FEATURE_NAMES = r"(x|data|features?|images?|samples|inputs?|arr_0)"
_LABEL_NAMES = r"(y|labels?|targets?|class(es)?|arr_1)"


def features_among(headers: Mapping[str, Header]) -> str:
    """The array named as features are, that of the most rows where there are several, else the greatest of numbers."""
    numeric = {name: h for name, h in headers.items() if h.dtype.kind in "biuf" and h.shape} or headers
    tables = {name: h for name, h in numeric.items() if len(h.shape) > 1} or numeric
    named = [name for name in tables if re.match(_FEATURE_NAMES + r"(_?train\w*)?\Z", _last(name), re.IGNORECASE)]
    if named:
        return max(named, key=lambda name: tables[name].shape[:1])
    return max(tables, key=lambda name: tables[name].n_bytes)


def labels_among(headers: Mapping[str, Header], features: str) -> str:
    """The array named as labels are that has one value per row of `features`, from the same folder first, or "none"."""
    fitting = [name for name in headers if name != features and _fits(headers[name], headers[features])]
    fitting.sort(key=lambda name: _folder(name) != _folder(features))
    ending = re.sub(_FEATURE_NAMES, "", _last(features), count=1, flags=re.IGNORECASE)
    for pattern in (_LABEL_NAMES + re.escape(ending) + r"\Z", _LABEL_NAMES):
        for name in fitting:
            if re.match(pattern, _last(name), re.IGNORECASE):
                return name
    return "none"


def offers(headers: Mapping[str, Header]) -> tuple[tuple[Offer, ...], tuple[Offer, ...]]:
    """What to choose from as features, and as labels."""
    described = {name: Offer(name, f"{_shape(header)} {_kind(header)}") for name, header in headers.items()}
    features = tuple(described[name] for name, h in headers.items() if h.dtype.kind in "biuf" and h.shape)
    return features, tuple(described[name] for name, h in headers.items() if h.shape and h.n_columns == 1)


def check_total(path: Path, sizes: Iterable[int], most_bytes: int) -> None:
    """Raise DataError where arrays of these sizes in bytes are too large to be read whole, all together."""
    total = sum(sizes)
    if total > most_bytes:
        raise DataError(
            f"{path.name} holds arrays of {total / 1e6:,.0f} MB, more than any codebook has "
            f"({most_bytes / 1e6:,.0f} MB at most): save the prototypes alone."
        )


def _fits(header: Header, features: Header) -> bool:
    return header.shape[:1] == features.shape[:1] and header.n_columns == 1 and header.dtype.kind in "biufUST"


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _folder(name: str) -> str:
    return name.rpartition("/")[0]


def _shape(header: Header) -> str:
    return " × ".join(f"{length:,}" for length in header.shape)


def _kind(header: Header) -> str:
    return "text" if header.dtype.kind in "UST" else header.dtype.name
