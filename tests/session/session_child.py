"""A program that trains and says how far it is, to be killed: python session_child.py PROJECT CSV ENGINE PARAMETERS."""

from __future__ import annotations

import json
import sys
import time

from workbench.data import guess
from workbench.session import Session, recorder

recorder.SAVE_SECONDS = 0.0
recorder.COMMIT_SHARE = 0.0


def main(project: str, csv: str, engine: str, parameters: str) -> None:
    session = Session.create(project)
    dataset = session.import_data(guess(csv)).result(60)
    run = session.add_run(dataset, engine, json.loads(parameters), name="cut")
    while True:
        print(run.sequence, run.status, flush=True)
        time.sleep(0.001)


main(*sys.argv[1:])
