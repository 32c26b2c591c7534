#!/bin/sh
# Builds .venv from requirements.lock and puts crybsim into it: sh setup/venv.sh
#
# PYTHON=... names the interpreter; otherwise the first of python3, python3.13, 3.12, 3.11 that is new enough.
# Nothing happens while the stamp of the last complete install still matches. The stamp is written last, so an
# install that was interrupted is begun again.
set -eu
cd "$(dirname "$0")/.."

stamp=.venv/.complete
log=.venv/install.log

fail() {
	echo "setup: $1" >&2
	exit 1
}

# What the environment is made of: the locked packages, this folder (a venv cannot be moved), this recipe.
recipe() {
	pwd
	cat requirements.lock pyproject.toml setup/venv.sh | cksum
}

version() {
	"$1" -c 'import sys; print(sys.version)' 2>/dev/null
}

if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$(recipe)" ] && built_with=$(version .venv/bin/python); then
	if [ -z "${PYTHON:-}" ] || [ "$(version "$PYTHON")" = "$built_with" ]; then
		exit 0
	fi
fi

if [ -n "${PYTHON:-}" ]; then
	set -- "$PYTHON"
else
	set -- python3 python3.13 python3.12 python3.11
fi
python=
for candidate in "$@"; do
	if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
		python=$candidate
		break
	fi
done
if [ -z "$python" ]; then
	found=$("$1" --version 2>/dev/null) || found="no $1"
	fail "crybsim needs Python 3.11 or newer, found $found; name one that is: make PYTHON=/path/to/python3.11"
fi
"$python" -c 'import venv' 2>/dev/null || fail "$python has no module venv; install it (Debian: python3-venv)"

# Settings of the user's pip that say where packages come from are kept; those that say where they go are not.
unset PIP_USER PIP_TARGET PIP_PREFIX PIP_ROOT PIP_CONSTRAINT PIP_REQUIREMENT PIP_EDITABLE PIP_DRY_RUN PIP_NO_BINARY
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_INPUT=1

# -I: neither PYTHONPATH nor the user's site-packages can leak in.
install() {
	.venv/bin/python -I -m pip install --no-user "$@" >>"$log" 2>&1 && return
	grep -E '^(ERROR|error)' "$log" | head -n 10 | sed 's/^/  /' >&2
	fail "pip failed; all it said is in $log"
}

rm -rf .venv
echo "setup: installing the locked packages into .venv ($("$python" --version 2>&1)); a minute or two ..."
if "$python" -c 'import ensurepip' 2>/dev/null; then
	"$python" -m venv .venv
else # Debian without python3-venv: its wheel of pip, fetched as the servers are, installs itself
	"$python" -m venv --without-pip .venv
	sh setup/debian.sh .tools/pip python3-pip-whl ||
		fail "$python has no ensurepip and apt brought no pip; install python3-venv"
	for wheel in .tools/pip/usr/share/python-wheels/pip-*.whl; do
		.venv/bin/python -I "$wheel/pip" install --no-user --quiet --no-index "$wheel" >>"$log" 2>&1 ||
			fail "pip could not install itself; what it said is in $log"
	done
fi
install --require-hashes --only-binary :all: -r requirements.lock
install --no-build-isolation --no-deps --no-index --editable .
recipe >"$stamp"
