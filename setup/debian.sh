#!/bin/sh
# Unpacks Debian packages into a folder of our own: sh setup/debian.sh FOLDER PACKAGE...
#
# Works for an ordinary user on Debian and its relatives, also where `apt-get update` was never run: apt gets
# private state and cache folders, but the sources and keys of the system, so every package is checked by the
# signature that apt itself would ask for. Nothing is installed and no daemon started. FOLDER appears complete
# or not at all. Exit 3: this machine has no apt.
set -eu

folder=$1
shift

for tool in apt-get dpkg-deb; do
	command -v "$tool" >/dev/null 2>&1 || exit 3
done
echo "setup: fetching Debian's $* into $folder ..."

mkdir -p "$(dirname "$folder")"
folder=$(cd "$(dirname "$folder")" && pwd)/$(basename "$folder")
work=$(mktemp -d "$folder.XXXXXX") # beside FOLDER: a rename within one file system is atomic
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM

mkdir -p "$work/state/lists/partial" "$work/cache/archives/partial" "$work/packages" "$work/root"
: >"$work/status" # as if nothing were installed: what the system has must not sway the choice of version

# Sandbox::User: root would otherwise fetch as `_apt`, who cannot write here.
# Languages, deb-src: leave out the indexes that nobody reads.
private_apt() {
	(cd "$work/packages" && LC_ALL=C apt-get --quiet --assume-yes \
		-o Dir::State="$work/state" -o Dir::State::lists="$work/state/lists" \
		-o Dir::State::status="$work/status" -o Dir::Cache="$work/cache" \
		-o Dir::Cache::archives="$work/cache/archives" -o Dir::Log="$work" \
		-o APT::Sandbox::User="$(id -un)" -o APT::Get::AllowUnauthenticated=false \
		-o Acquire::AllowInsecureRepositories=false -o Acquire::Retries=3 -o Acquire::Languages=none \
		-o Acquire::IndexTargets::deb-src::Sources::DefaultEnabled=false \
		"$@" </dev/null) >>"$work/log" 2>&1
}

private_apt update || true # one broken source of the system need not matter: the download decides
if ! private_apt download "$@"; then
	echo "setup: apt could not fetch $*:" >&2
	grep -E '^(E:|Err:)' "$work/log" | head -n 10 | sed 's/^/  /' >&2
	exit 1
fi

for package in "$work"/packages/*.deb; do
	dpkg-deb -x "$package" "$work/root"
done
rm -rf "$folder"
mv "$work/root" "$folder"
