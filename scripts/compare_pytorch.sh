#!/usr/bin/env bash
# Times atrous and PyTorch (mmsegmentation 1.2.2) in turn on this machine's CPU: see --help.
#
#     scripts/compare_pytorch.sh --data-root DIR
#
# Needs Python 3.11 or later with venv, about 8 GB for the environment, which scripts/parity/run.sh uses too, and, unless
# ATROUS names a binary, Rust. Everything goes to target/performance, the tables to results.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/python_env.sh"

need_python
for argument; do
    case $argument in -h|--help) exec "$python" -B "$here/performance/compare.py" --help ;; esac
done
# Before minutes are spent on the environment.
if [ -n "${ATROUS:-}" ]; then
    command -v "$ATROUS" >/dev/null || { echo "error: ATROUS names $ATROUS, which is no program" >&2; exit 2; }
elif ! command -v cargo >/dev/null; then
    echo "error: there is no cargo: install Rust, or name a built binary in ATROUS" >&2
    exit 2
fi
python_env
atrous_binary
exec "$venv/bin/python" -B "$here/performance/compare.py" "$@"
