#!/bin/sh
# From a fresh checkout to the first trained codebook: sh resources/start.sh [options of `vq-workbench demo`]
set -eu
cd "$(dirname "$0")/.."
sh resources/prepare.sh
exec .venv/bin/vq-workbench demo "$@"
