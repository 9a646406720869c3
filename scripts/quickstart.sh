#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# From a clone to an answer: sets up, builds, indexes samples/photos and searches them.
#
#   scripts/quickstart.sh ["words"]       writes results.html beside the README
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
words="${1:-a dog running on the grass}"

scripts/setup.sh
if [ ! -e build/release/CMakeCache.txt ]; then cmake --preset release > /dev/null; fi
cmake --build build/release --target sightline

sightline="build/release/app/sightline"
"$sightline" index samples samples/photos
"$sightline" search samples "$words" --html results.html
echo "pictures: $PWD/results.html" >&2
