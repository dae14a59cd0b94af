"""What the report says of the test part: when it was first looked at, and what to think of the figures then."""

from __future__ import annotations

from workbench.reports.learned import Trained
from workbench.session import Session
from workbench.views.first_look import NOT_YET, caution, look_words, sealed_words, seen_before


def look_facts(session: Session, run: Trained) -> list[tuple[str, str]]:
    """Whether the test part was looked at, and when first; nothing of data without one."""
    if not run.data.has_test_part:
        return []
    if run.data.is_sealed:
        return [("test part", NOT_YET)]
    return [("test part", look_words(run.data, session.runs_on(run.run.dataset)))]


def look_notes(session: Session, run: Trained) -> list[str]:
    """What lets figures of the test part seem better than they are, or says that there are none."""
    if not run.data.has_test_part:
        return []
    if run.data.is_sealed:
        said = "Figures here are of rows that had a part in training: on new rows the run may do worse."
        notes = [f"{sealed_words(run.data)} {said}"]
    else:
        notes = [caution(run.run)]
    return [note for note in (*notes, seen_before(run.data, session.kin_of(run.run.dataset))) if note]
