#!/usr/bin/env bash
# The commands that the image is made with: the Dockerfile beside this script runs them, and so does CI.
#
#     scripts/kubernetes/image.sh packages     Debian's packages that the program needs where it runs
#     scripts/kubernetes/image.sh build        the program, as target/release/atrous
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

case ${1:-} in
    packages)
        apt-get update -qq
        # The loader finds the driver that the node's GPU brings; Mesa's is for a machine without one.
        DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends libvulkan1 mesa-vulkan-drivers ca-certificates
        ;;
    build) cargo build --release --locked ;;
    *)
        sed -n '4,5s/^# *//p' "$0" >&2
        exit 2
        ;;
esac
