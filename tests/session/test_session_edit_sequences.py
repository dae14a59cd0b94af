"""Any sequence of edits, undos, redos and reopenings leaves what a list of models with a pointer into it says."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from session_help import bits_of, trained, write_blobs

from engines import surgery
from workbench.data import guess
from workbench.session import Session, SessionError


class Edits(RuleBasedStateMachine):
    """The models are made by surgery itself; the branch is hidden where the pointer is before the first of them."""

    @initialize()
    def begin(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "p.vqw"
        self.session = Session.create(self.path)
        csv = write_blobs(Path(self.folder.name) / "b.csv", rows=10, label=False)
        dataset = self.session.import_data(guess(csv)).result(60)
        run = trained(self.session, dataset, "MiniBatchKMeans", {"n_clusters": 5, "max_iter": 2, "random_state": 0})
        self.run = run.id
        self.bits = bits_of(run.model())
        self.first = surgery.going_on(run.model())
        self.models, self.at, self.branch = [], -1, None

    @property
    def shown(self):
        """The run to edit: the branch while there is one, else the run itself."""
        return self.session.runs[self.branch if self.at >= 0 else self.run]

    def edit(self, operation, arguments):
        model = self.models[self.at] if self.at >= 0 else self.first
        refused = None
        try:
            model = getattr(surgery, operation)(model, **arguments)
        except ValueError as error:
            refused = str(error)
        if refused is not None:
            with pytest.raises(SessionError, match=f"^{re.escape(refused)}$"):
                self.session.edit(self.shown, operation, **arguments)
            return
        made = self.session.edit(self.shown, operation, **arguments)
        del self.models[self.at + 1 :]
        self.models.append(model)
        self.at += 1
        self.branch = made.id

    @rule(which=st.lists(st.integers(0, 6), min_size=1, max_size=3))
    def merge(self, which):
        self.edit("merge", {"which": which})

    @rule(which=st.integers(0, 5), offset=st.floats(-2, 2, width=32))
    def split(self, which, offset):
        self.edit("split", {"which": which, "offset": [offset, 0.0, -offset, 1.0]})

    @rule(which=st.lists(st.integers(0, 5), max_size=2))
    def delete(self, which):
        self.edit("delete", {"which": which})

    @rule(vector=st.lists(st.floats(-9, 9), min_size=4, max_size=4))
    def add(self, vector):
        self.edit("add", {"vector": vector})

    @precondition(lambda self: self.at >= 0)
    @rule()
    def undo(self):
        self.session.undo()
        self.at -= 1

    @precondition(lambda self: self.at + 1 < len(self.models))
    @rule()
    def redo(self):
        self.session.redo()
        self.at += 1

    @rule()
    def reopen(self):
        self.session.close()
        self.session = Session.open(self.path)

    @invariant()
    def what_is_in_force_is_what_surgery_made(self):
        if not hasattr(self, "models"):
            return
        assert len(self.session.runs) == 1 + (self.at >= 0)
        assert bits_of(self.session.runs[self.run].model()) == self.bits
        assert (self.session.can_redo is not None) == (self.at + 1 < len(self.models))
        if self.at >= 0:
            run, model = self.shown, self.models[self.at]
            assert bits_of(run.model()) == bits_of(model)
            assert run.latest.arrays["prototypes"].tobytes() == model.prototypes_.tobytes()
            assert run.parameters["n_clusters"] == len(model.prototypes_)
            made = next(edition for edition in run.editions if edition.number == run.edition)
            X = run.dataset.rows().read(0, run.dataset.n_rows)
            assert made.n_after == len(model.prototypes_)
            assert np.isclose(made.after, model.quantization_error(X), rtol=1e-12)

    def teardown(self):
        if hasattr(self, "session"):
            self.session.close()
            self.folder.cleanup()


Edits.TestCase.settings = settings(
    max_examples=6, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)
TestEdits = Edits.TestCase
