#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Sets up, builds and runs all tests: the release preset, then the parsers and readers of foreign bytes under the
# address and undefined-behaviour sanitizers.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
started=$SECONDS
say() { printf 'test: %s (%d s)\n' "$*" "$((SECONDS - started))" >&2; }

scripts/setup.sh

say "building the release preset"
cmake --preset release > /dev/null
cmake --build build/release
say "testing the release preset"
ctest --preset release --parallel 2

# What reads bytes that others wrote: checkpoints, safetensors, captions, pictures, stored records, requests.
say "building the parsers and readers with sanitizers"
cmake --preset asan > /dev/null
cmake --build build/asan --target base_test encoder_test media_test storage_test http_transport_test
say "testing the parsers and readers with sanitizers"
ctest --preset asan --parallel 2 -R '^((base|encoder|media|storage)\.unit|http_transport\..*)$'
say "all passed"
