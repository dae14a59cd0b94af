"""Where data came from: files with size and hash, the plan, versions."""

from __future__ import annotations

import hashlib
import platform
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import workbench
from workbench.data.plan import Imported
from workbench.data.watch import Watch


def provenance(imported: Imported, paths: list[Path], watch: Watch) -> dict[str, Any]:
    """What is kept of the origin of a dataset, as JSON."""
    parts = [watch.part(k / len(paths), (k + 1) / len(paths)) for k in range(len(paths))]
    return {
        "files": [_fingerprint(path, part) for path, part in zip(paths, parts, strict=True)],
        "plan": imported.plan.to_json(),
        "changed": list(imported.warnings),
        "rows": imported.X.shape[0],
        "versions": dict(_versions()),
    }


@cache
def _versions() -> tuple[tuple[str, str], ...]:
    ours = (("vq-workbench", workbench.__version__), ("python", platform.python_version()))
    return ours + tuple((name, version(name)) for name in ("numpy", "polars", "pillow"))


def _fingerprint(path: Path, watch: Watch) -> dict[str, Any]:
    """Path, size and hash of a file or, of a folder, those of all its files in the order of their names."""
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    digest, done = hashlib.blake2b(digest_size=32), 0
    size = sum(file.stat().st_size for file in files)
    for file in files:
        with file.open("rb") as opened:
            while piece := opened.read(1 << 22):
                watch(done / max(1, size))
                digest.update(piece)
                done += len(piece)
    return {"path": str(path.resolve()), "size": size, "blake2b": digest.hexdigest()}


def stamp(path: Path) -> tuple[int, int]:
    """Size and time of change, by which a change is noticed."""
    status = path.stat()
    return status.st_size, status.st_mtime_ns
