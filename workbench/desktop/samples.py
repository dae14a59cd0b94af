"""The sample projects for the welcome page: a title and a line on each, by file."""

from __future__ import annotations

from pathlib import Path

from workbench.resources import sample_projects

WORDS = {
    "iris": ("Iris flowers", "150 flowers of three species: which of four measurements tell them apart?"),
    "digits": ("Handwritten digits", "1,797 images of 8 × 8 pixels, as prototypes you can read"),
    "patches": ("Natural image patches", "Small patches of two photographs: a codebook of edges and textures"),
}


def samples() -> dict[str, tuple[Path, str]]:
    """Title to file and description, in the order of the list above; others after them under their file names."""
    found = sample_projects()
    known = [name for name in WORDS if name in found]
    others = [name for name in found if name not in WORDS]
    titled = {WORDS[name][0]: (found[name], WORDS[name][1]) for name in known}
    return titled | {name.replace("_", " ").capitalize(): (found[name], "A sample project") for name in others}
