"""Makes the sample projects beside this file anew: `python sample_projects/make.py`."""

from __future__ import annotations

import tempfile
from pathlib import Path

from workbench.samples import samples, train_sample
from workbench.session import Session


def make(folder: Path) -> None:
    """Write every sample project into `folder`, in place of those that are there."""
    for sample in samples():
        target = folder / f"{sample.name}.vqw"
        target.unlink(missing_ok=True)
        with tempfile.TemporaryDirectory() as scratch, Session.create(target) as session:
            for run in train_sample(sample, session, Path(scratch), lambda text, share: None):
                print(f"{target.name}: {run.name} {run.status}, {run.seconds:.1f} s, {run.metrics}")
        print(f"{target.name}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    make(Path(__file__).parent)
