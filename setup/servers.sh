#!/bin/sh
# Brings Prometheus and Alertmanager where the machine has none: sh setup/servers.sh
#
# PATH comes first; otherwise Debian's packages are unpacked into .tools/servers (see debian.sh).
# `crybsim validate` shows what was found; simulator/stack/binaries.py looks in the same places.
set -eu
cd "$(dirname "$0")/.."

servers=.tools/servers
bin=$servers/usr/bin

# have NAME...: one of these names is on PATH or was unpacked before
have() {
	for name in "$@"; do
		if command -v "$name" >/dev/null 2>&1 || [ -x "$bin/$name" ]; then
			return 0
		fi
	done
	return 1
}

if have prometheus && have promtool && have alertmanager prometheus-alertmanager && have amtool; then
	exit 0
fi

status=0
sh setup/debian.sh "$servers" prometheus prometheus-alertmanager || status=$?
if [ "$status" -eq 3 ]; then
	echo "setup: put prometheus, promtool, alertmanager and amtool on PATH" \
		"(https://prometheus.io/download, or your system's packages), then run make again" >&2
fi
if [ "$status" -ne 0 ]; then
	exit 1
fi
for program in prometheus prometheus-alertmanager; do
	if ! "$bin/$program" --version >/dev/null 2>&1; then
		echo "setup: $bin/$program does not run on this machine: $("$bin/$program" --version 2>&1 | head -n 1)" >&2
		exit 1
	fi
	"$bin/$program" --version 2>&1 | sed -n '1s/^\([a-z]*, version [^ ]*\).*/setup: \1/p'
done
