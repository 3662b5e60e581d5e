#!/usr/bin/env bash
# One of the README's two commands: installs zoneclf with what its tests need and runs them all.
# Usage: bash scripts/test.sh [pytest options]   (for example: -m "not slow")
source "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
install_zoneclf "[dev,opensmile,deep]"
export OMP_WAIT_POLICY=PASSIVE OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
"$venv/bin/ruff" check .
"$venv/bin/ruff" format --check .
"$venv/bin/mypy"
# The tests of a file stay in one process; tests/conftest.py says which files come first.
exec "$venv/bin/python" -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder "$@"
