#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
# Sends generated requests to a running server and holds its answers against its OpenAPI document (schemathesis).
# usage: scripts/api_conformance.sh PROGRAM [EXAMPLES]
#   PROGRAM   `sightline`, or tests/http/http_api_server of a build folder: runs on a fresh data folder and a free port
#   EXAMPLES  requests per operation (default 50)
# Needs schemathesis in the Python of $SIGHTLINE_API_VENV (default: ~/.cache/sightline/api-venv); makes it when
# SIGHTLINE_API_INSTALL=1. Exit status: 0 fine, 1 findings, 77 no schemathesis (a test that is skipped).
set -euo pipefail

program=$(realpath "${1:?usage: scripts/api_conformance.sh PROGRAM [EXAMPLES]}")
examples=${2:-50}
root=$(realpath "$(dirname "$0")/..")
venv=${SIGHTLINE_API_VENV:-${XDG_CACHE_HOME:-$HOME/.cache}/sightline/api-venv}

if [[ ! -x $venv/bin/schemathesis ]]; then
  if [[ ${SIGHTLINE_API_INSTALL:-0} != 1 ]]; then
    echo "no schemathesis in $venv: run with SIGHTLINE_API_INSTALL=1" >&2
    exit 77
  fi
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet 'schemathesis>=4,<5'
fi

work=$(mktemp -d)
server=
stop() {
  if [[ -n $server ]]; then
    kill -TERM "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap stop EXIT

mkdir "$work/root"
cp "$root"/samples/photos/photo-00[1-4].jpg "$work/root/"
export SIGHTLINE_DATA=$work/data

# It takes a free port and says which.
"$program" serve --listen 127.0.0.1:0 --root "$work/root" >"$work/told" 2>"$work/server.log" &
server=$!
port=
for _ in $(seq 1200); do
  port=$(sed -n 's|^listening on http://127\.0\.0\.1:\([0-9]*\)$|\1|p' "$work/told")
  [[ -z $port ]] || break
  kill -0 "$server" 2>/dev/null || { cat "$work/server.log" >&2; exit 1; }
  sleep 0.1
done

# Something to be found.
curl -fs -o /dev/null -X PUT "http://127.0.0.1:$port/v1/collections/photos"
curl -fs -o /dev/null -F "file=@$root/samples/photos/photo-005.jpg" "http://127.0.0.1:$port/v1/collections/photos/items"

# Names and ids that are generated lead nowhere; these lead to what is there.
cat >"$work/there.toml" <<'EOT'
[parameters]
"path.c" = "photos"
"path.id" = 1
EOT
touch "$work/anywhere.toml"

run() { # CONFIG OPTION...
  "$venv/bin/schemathesis" --config-file "$work/$1" run "http://127.0.0.1:$port/openapi.json" --url "http://127.0.0.1:$port" \
    --checks not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance \
    --max-examples "$examples" --seed 7 --workers 1 --request-timeout 30 --no-color "${@:2}"
}
status=0
cd "$work" # It keeps what it found in the folder where it runs.
run there.toml --exclude-operation-id drop_collection --exclude-operation-id delete_item || status=1
run anywhere.toml || status=1
if ! kill -0 "$server" 2>/dev/null; then
  echo "the server ended" >&2
  status=1
fi
[[ $status == 0 ]] || tail -n 30 "$work/server.log" >&2
exit $status
