#!/bin/sh
# Brings the standard exporters that tests/catalog/test_exporters.py compares the catalogue with: sh setup/exporters.sh
#
# PATH comes first; otherwise Debian's packages are unpacked into .tools/exporters (30 MB, see debian.sh). Nothing but
# that test needs them, and it skips where they cannot be had, so failing to fetch them is no failure here.
set -eu
cd "$(dirname "$0")/.."

exporters=.tools/exporters
names="prometheus-node-exporter prometheus-nginx-exporter prometheus-blackbox-exporter"

missing=
for name in $names; do
	command -v "$name" >/dev/null 2>&1 || [ -x "$exporters/usr/bin/$name" ] || missing=yes
done
[ -z "$missing" ] && exit 0

# shellcheck disable=SC2086 # one word a package
sh setup/debian.sh "$exporters" $names || echo "setup: no exporters to be had; their comparison is skipped" >&2
