#!/bin/sh
# Writes requirements.lock anew from pyproject.toml: sh setup/lock.sh [uv options, such as --upgrade]
#
# One file for every Python and platform (--universal), every archive by its hash, no address of any index.
# It holds what crybsim needs, what its developers and its dashboards' generator need, and what builds it. Versions
# already in the file are kept unless asked otherwise. uv makes it, from a throw-away environment: nothing else here
# needs uv.
set -eu
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM
"${PYTHON:-python3}" -m venv "$work/venv"
"$work/venv/bin/python" -I -m pip install --quiet --disable-pip-version-check uv

# fewest: one version of a package for all Pythons, so that the same seed gives the same bits on each of them
"$work/venv/bin/uv" pip compile pyproject.toml --group dev --group dashboards --group build --output-file requirements.lock \
	--universal --python-version 3.11 --fork-strategy fewest --generate-hashes --no-emit-index-url \
	--custom-compile-command "make lock" --quiet "$@"

# Bugsink has an environment of its own (setup/bugsink.sh)
echo "bugsink>=2.6,<3" >"$work/bugsink.in"
if [ -f setup/bugsink.lock ]; then
	cp setup/bugsink.lock "$work/bugsink.lock"
fi
"$work/venv/bin/uv" pip compile "$work/bugsink.in" --output-file "$work/bugsink.lock" --universal --python-version 3.11 \
	--fork-strategy fewest --generate-hashes --no-emit-index-url --no-annotate --custom-compile-command "make lock" \
	--quiet "$@"
cp "$work/bugsink.lock" setup/bugsink.lock
