"""What holds for every test: properties are judged by what they find, and the fast suite meets variants in turn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import pytest
from hypothesis import settings

settings.register_profile("searching", deadline=None)  # a machine may be busy
settings.register_profile("the same each time", settings.get_profile("searching"), derandomize=True)


def pytest_configure(config: pytest.Config) -> None:
    """Let hypothesis look for new cases with --full, and try the same ones each time in the fast suite."""
    settings.load_profile("the same each time" if "not slow" in config.option.markexpr else "searching")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Leave one variant of an `in_turn` test for each subject in the fast suite; the next subject has the next variant.

    So each engine meets every test of a contract and each variant is met by some engine; all meet all with --full.
    """
    tests: dict[str, dict[str, list[pytest.Item]]] = defaultdict(lambda: defaultdict(list))
    for item in items:
        mark = item.get_closest_marker("in_turn")
        given = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        if mark is not None and mark.args[0] in given and item.get_closest_marker("slow") is None:
            subject = given[mark.args[0]]
            tests[item.nodeid.split("[")[0]][getattr(subject, "name", str(subject))].append(item)
    for subjects in tests.values():
        for turn, variants in enumerate(subjects.values()):
            for place, item in enumerate(variants):
                if place != turn % len(variants):
                    item.add_marker(pytest.mark.slow)
