#!/bin/sh
# Compiles the model's kernels once, so that the first rehearsal does not wait for it: sh setup/kernels.sh
set -eu
cd "$(dirname "$0")/.."

stamp=.venv/.kernels
if [ -f "$stamp" ] && [ -z "$(find simulator -name '*.py' -newer "$stamp" | head -n 1)" ]; then
	exit 0
fi
echo "setup: compiling the model's kernels; half a minute ..." >&2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
.venv/bin/python -m simulator.media.relay </dev/null >"$folder/relay"
.venv/bin/python -m simulator.media.generator </dev/null >"$folder/generator"
.venv/bin/crybsim backfill quiet-evening --tsdb "$folder/data" --days 0.1 --quiet
touch "$stamp"
