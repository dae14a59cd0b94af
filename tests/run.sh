#!/bin/sh
# The test suite from a fresh checkout: sh tests/run.sh [--full] [pytest options]
set -eu
cd "$(dirname "$0")/.."
marks='not slow'
extras=test
if [ "${1:-}" = --full ]; then
    marks=''
    extras=test,peers,browser
    shift
fi
sh resources/prepare.sh "$extras"
export QT_QPA_PLATFORM=offscreen OMP_WAIT_POLICY=PASSIVE
PATH="$PWD/.venv/bin:$PATH"
ruff check .
ruff format --check --quiet .
mypy
lint-imports
pytest --numprocesses 2 --dist worksteal -m "$marks" "$@"
if [ -z "$marks" ]; then
    for benchmark in tests/benchmarks/*.py; do
        python "$benchmark"
    done
fi
