#!/usr/bin/env bash
# Licences, duplicates, sources and known flaws of all dependencies, by deny.toml. Needs cargo-deny:
#     cargo install cargo-deny --locked
# Known flaws come from a git repository; where it cannot be reached, that is said and the rest is checked all the same.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo deny --locked check licenses bans sources

if cargo deny --locked fetch db; then
    cargo deny --locked check --disable-fetch advisories
else
    echo "advisories: not checked, their database cannot be reached" >&2
fi
