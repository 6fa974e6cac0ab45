#!/usr/bin/env bash
# Checks manifests against Kubernetes' own schemas, which come with kubernetes-validate, and that a sweep has as many shards as pods.
#
#     scripts/kubernetes/check.sh [MANIFEST...]     (default: sweep.yaml beside this script)
#
# Needs Python 3.9 or later with venv, and a network the first time: the environment is target/kubernetes-venv, or KUBERNETES_VENV.
# Schemas cannot say which fields go together: `kubectl apply --dry-run=server -f MANIFEST` asks a cluster.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
venv=${KUBERNETES_VENV:-$here/../../target/kubernetes-venv}
# The first version on which all of its fields can be relied on, and the newest that there are schemas of.
versions=(1.33 1.37)

fail() { echo "error: $*" >&2; exit 1; }

[ $# -gt 0 ] || set -- "$here/sweep.yaml"
if ! "$venv/bin/python" -c 'import kubernetes_validate, yaml' 2>/dev/null; then
    python3 -m venv "$venv" || fail "cannot make $venv: is Python's venv module installed (python3-venv)?"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check kubernetes-validate==1.37.0 ||
        fail "cannot install kubernetes-validate: is there a network?"
fi
for manifest; do
    for version in "${versions[@]}"; do
        "$venv/bin/kubernetes-validate" --strict --kubernetes-version "$version" "$manifest"
    done
    "$venv/bin/python" - "$manifest" <<'PYTHON'
import sys
import yaml

path = sys.argv[1]
with open(path) as file:
    job = yaml.safe_load(file)["spec"]
policy = job["template"]["spec"].get("restartPolicy")
if policy != "Never":
    sys.exit(f"error: {path}: restartPolicy is {policy}: podFailurePolicy has an effect only with Never")
arguments = job["template"]["spec"]["containers"][0]["args"]
wanted = f"--shard=$(JOB_COMPLETION_INDEX)/{job['completions']}"
if job.get("completionMode") != "Indexed" or wanted not in arguments:
    sys.exit(f"error: {path}: {job['completions']} completions need completionMode: Indexed and the argument {wanted}")
print(f"INFO {path}: {job['completions']} pods, {wanted}")
PYTHON
done
