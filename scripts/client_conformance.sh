#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Runs the official Python clients of other services (openai, cohere, clip-retrieval) against a server of this build.
# usage: scripts/client_conformance.sh PROGRAM
#   PROGRAM   the `sightline` to run, on a fresh data folder, a free port and the small model
# Needs the clients in the Python of $SIGHTLINE_CLIENT_VENV (default: ~/.cache/sightline/client-venv); makes it when
# SIGHTLINE_CLIENT_INSTALL=1. Exit status: 0 fine, 1 a check failed, 77 no clients (a test that is skipped).
set -euo pipefail

program=$(realpath "${1:?usage: scripts/client_conformance.sh PROGRAM}")
here=$(realpath "$(dirname "$0")")
venv=${SIGHTLINE_CLIENT_VENV:-${XDG_CACHE_HOME:-$HOME/.cache}/sightline/client-venv}

if [[ ! -x $venv/bin/python ]]; then
  if [[ ${SIGHTLINE_CLIENT_INSTALL:-0} != 1 ]]; then
    echo "no clients in $venv: run with SIGHTLINE_CLIENT_INSTALL=1" >&2
    exit 77
  fi
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet openai cohere requests
  # Without what it depends on: its client needs requests alone, the rest is a training stack.
  "$venv/bin/pip" install --quiet --no-deps clip-retrieval
fi
exec timeout 600 "$venv/bin/python" "$here/client_conformance.py" "$program"
