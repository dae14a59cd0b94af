"""What the import tests share: MNIST where it lies, and a watch on temporary files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.data.rows import spool_folder


@pytest.fixture(scope="session")
def own_spool_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Temporary files of this process in a folder of its own: tests that run beside it have their own, too."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(tmp_path_factory.mktemp("spools")))
        patch.setattr(tempfile, "tempdir", None)  # what it has found out before
        yield


@pytest.fixture(autouse=True)
def nothing_left_behind(own_spool_folder: None) -> Iterator[None]:
    """Fail a test that leaves a temporary file, named or only open."""
    before = _temporary_files()
    yield
    assert _temporary_files() == before


@pytest.fixture(scope="session")
def mnist() -> Path:
    beside = Path(__file__).parents[2].parent / "shared" / "mnist"
    folder = Path(os.environ.get("VQ_MNIST", beside))
    if not (folder / "t10k-images-idx3-ubyte.gz").is_file():
        pytest.skip("MNIST is not here; name its folder in VQ_MNIST")
    return folder


def _temporary_files() -> list[str]:
    folder = Path(spool_folder())
    found = [str(path) for path in folder.glob("vq-workbench-*")]
    descriptors = Path("/proc/self/fd")
    for link in descriptors.iterdir() if descriptors.is_dir() else ():
        try:
            target = os.readlink(link)
        except OSError:
            continue
        if target.startswith(str(folder)) and target.endswith("(deleted)"):
            found.append(target)
    return sorted(found)
