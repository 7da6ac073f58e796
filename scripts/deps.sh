#!/bin/sh
# Installs what the demo ("demo") or the tests and benchmarks too ("test") need on
# Debian 12. What is there already is left alone; nothing is fetched if all of it is.
set -eu

demo="gcc libc6-dev clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32"
test="$demo libc++-19-dev-wasm32 libc++abi-19-dev-wasm32 llvm-19 wabt binaryen nodejs npm
	rustc cargo libstd-rust-dev-wasm32 clang-14 lld-14 libclang-rt-14-dev-wasm32
	libeigen3-dev gcc-aarch64-linux-gnu libc6-dev-arm64-cross python3 binutils chromium
	gdb lldb-22 liblldb-19 linux-perf valgrind ansible-core python3-apt graphviz"

case "${1:-}" in
demo) want=$demo ;;
test) want=$test ;;
*)
	echo "usage: scripts/deps.sh demo|test" >&2
	exit 2
	;;
esac

have() {
	case "$1" in
	# These may come from somewhere else than Debian.
	nodejs) command -v node >/dev/null 2>&1 ;;
	npm) command -v npm >/dev/null 2>&1 ;;
	python3) command -v python3 >/dev/null 2>&1 ;;
	*) dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed' ;;
	esac
}

missing=
for p in $want; do
	have "$p" || missing="$missing $p"
done
if [ -n "$missing" ]; then
	echo "installing:$missing"
	as=
	if [ "$(id -u)" -ne 0 ]; then
		command -v sudo >/dev/null 2>&1 || {
			echo "these packages are missing, and you are not root; run: apt-get install$missing" >&2
			exit 1
		}
		as=sudo
	fi
	$as apt-get update -qq
	# shellcheck disable=SC2086 # the list is meant to be split
	DEBIAN_FRONTEND=noninteractive $as apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

if [ "$1" = test ]; then
	as=
	[ "$(id -u)" -eq 0 ] || as=sudo
	$as scripts/lldb19.sh
fi

command -v go >/dev/null 2>&1 || {
	echo "Go 1.26 or newer is missing: see https://go.dev/doc/install" >&2
	exit 1
}
go mod download

# What Firefox Profiler reads profiles with, for the tests of package export.
firefox=profiler/export/testdata/firefox
if [ "$1" = test ] && [ ! -d "$firefox/node_modules/@firefox-devtools" ]; then
	npm ci --prefix "$firefox" --no-audit --no-fund
fi
