#!/bin/sh
# Brings Bugsink, a server that takes reports as Sentry does, for tests/accept/test_bugsink.py: sh setup/bugsink.sh
#
# It has an environment of its own, .tools/bugsink (190 MB), from setup/bugsink.lock: a web application is none of what
# crybsim needs. That test skips where it cannot be had, so failing to install it is no failure here.
set -eu
cd "$(dirname "$0")/.."

folder=.tools/bugsink
stamp=$folder/.complete
recipe=$(pwd; cksum <setup/bugsink.lock)

if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$recipe" ]; then
	exit 0
fi
echo "setup: installing Bugsink into $folder; half a minute ..." >&2
rm -rf "$folder"
mkdir -p .tools
unset PIP_USER PIP_TARGET PIP_PREFIX PIP_ROOT PIP_CONSTRAINT PIP_REQUIREMENT PIP_EDITABLE PIP_DRY_RUN PIP_NO_BINARY
if .venv/bin/python -m venv --without-pip "$folder" &&
	.venv/bin/python -I -m pip --python "$folder/bin/python" --disable-pip-version-check install --no-user --quiet \
		--require-hashes --only-binary :all: -r setup/bugsink.lock >"$folder/install.log" 2>&1; then
	echo "$recipe" >"$stamp"
else
	echo "setup: no Bugsink to be had; its test is skipped ($folder/install.log says why)" >&2
fi
