#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Fails when a C++ file of the repository is not formatted as .clang-format says. With --fix: formats them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
mode=(--dry-run --Werror)
[ "${1:-}" = --fix ] && mode=(-i)
find . \( -path ./build -o -path ./.git -o -path ./tests/data \) -prune -o \( -name '*.h' -o -name '*.cc' \) -print0 |
  xargs -0 clang-format-14 "${mode[@]}"
