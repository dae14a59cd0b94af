"""The packed codes of all rows as one NumPy archive, written as they are computed."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from workbench.reports.codebook import about
from workbench.reports.learned import Trained, Watch
from workbench.session import Session


def write_codes(session: Session, run: Trained, path: Path, form: str, watch: Watch) -> None:
    """Write the codes of all rows; a bounded number of rows is in memory at a time.

    The archive holds `codes` (n, ⌈L/8⌉) uint8, row k that of row `rows[k]` of the dataset, counted from 0 (dropped rows
    and those of a sealed test part are left out); `split` (n,) uint8, 0 for training, 1 for validation, 2 for test; and
    `about`, JSON with n_bits, the order of rows and bits, and where all comes from.
    Bit j of a code is `codes[:, j // 8] >> (j % 8) & 1`.
    """
    n_bits = run.bits_per_row or 0
    header = {
        "n_rows": len(run.numbers),
        "n_bits": n_bits,
        "bytes_per_row": -(-n_bits // 8),
        "row_order": "as in the dataset, without rows that are dropped or of a test part not looked at yet",
        "bit_order": "bit j of a code is bit j % 8, counted from the lowest, of byte j // 8; the rest of the last is 0",
    }
    text = np.array(json.dumps(header | about(run), ensure_ascii=False))
    split = np.asarray(run.split, np.uint8)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        _add(archive, "about", text.shape, text.dtype, iter([text]))
        _add(archive, "split", split.shape, split.dtype, iter([split]))
        _add(archive, "rows", run.numbers.shape, run.numbers.dtype, iter([run.numbers]))
        _add(archive, "codes", (len(run.numbers), header["bytes_per_row"]), np.dtype(np.uint8), run.packed(watch))


def _add(archive: zipfile.ZipFile, name: str, shape: Any, dtype: np.dtype[Any], blocks: Iterator[NDArray[Any]]) -> None:
    """One array of the archive, out of blocks of its rows."""
    with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
        facts = {"descr": np.lib.format.dtype_to_descr(dtype), "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_2_0(file, facts)
        for block in blocks:
            file.write(np.ascontiguousarray(block).tobytes())
