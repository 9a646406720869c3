#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Tests the search page in headless Chromium (Debian's chromium and chromium-driver) with Selenium, which is put into a
# virtual environment once. Screenshots of every state go to build/screenshots: look at them.
#
#   scripts/page_tests.sh [PROGRAM]     default: build/release/app/sightline
#
# Environment:
#   SIGHTLINE_DEPS   cache folder of the virtual environment (default: $XDG_CACHE_HOME/sightline or ~/.cache/sightline)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
deps="${SIGHTLINE_DEPS:-${XDG_CACHE_HOME:-$HOME/.cache}/sightline}"
selenium_version=4.51.0
export SIGHTLINE_PROGRAM="${1:-$PWD/build/release/app/sightline}"
export SIGHTLINE_SCREENSHOTS="${SIGHTLINE_SCREENSHOTS:-$PWD/build/screenshots}"
command -v chromedriver > /dev/null || { echo "page_tests: apt-get install chromium chromium-driver" >&2; exit 4; }

python="$deps/page-venv/bin/python"
if ! "$python" -c "import selenium; assert selenium.__version__ == '$selenium_version'" 2> /dev/null; then
  python3 -m venv "$deps/page-venv"
  "$python" -m pip install -q "selenium==$selenium_version"
fi
"$python" tests/page/page_test.py
"$python" tests/page/look_test.py
"$python" tests/page/key_test.py
