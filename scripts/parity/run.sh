#!/usr/bin/env bash
# Compares atrous with mmsegmentation 1.2.2: see --help.
#
#     scripts/parity/run.sh --data-root DIR
#
# Needs Python 3.11 or later with venv, about 8 GB for the environment (PyTorch brings GPU packages that are not used),
# and, unless ATROUS names a binary, Rust. Everything goes to target/parity, the tables to results/parity.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../python_env.sh"

need_python
for argument; do
    case $argument in -h|--help) exec "$python" -B "$here/compare.py" --help ;; esac
done
python_env
atrous_binary
exec "$venv/bin/python" -B "$here/compare.py" "$@"
