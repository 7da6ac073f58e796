#!/bin/sh
# The demo: builds imgsmith, a real program of 13 C files, as a function, runs it on
# a real picture, compares it with its native build and looks inside.
#
#	demo/run.sh FAASLENS
set -eu
faaslens=$(realpath "$1")
cd "$(dirname "$0")/.."
FAASLENS_DIR=$(mktemp -d)
export FAASLENS_DIR
out=$FAASLENS_DIR/out
mkdir "$out"
trap 'rm -rf "$FAASLENS_DIR"' EXIT

bold= plain=
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then
	bold=$(printf '\033[1m') plain=$(printf '\033[0m')
fi
say() { printf '\n%s# %s%s\n' "$bold" "$1" "$plain"; }
show() { printf '%s$ %s%s\n' "$bold" "$*" "$plain"; }

say "A picture filter in C, with its own PNG decoder, inflate, filters and deflate"
echo "$(cat demo/imgsmith/*.c | wc -l) lines in $(ls demo/imgsmith/*.c | wc -l) files"
show faaslens build demo/imgsmith "demo/imgsmith/*.c -- -ffp-contract=off"
"$faaslens" build demo/imgsmith demo/imgsmith/*.c -- -ffp-contract=off

say "Run it on a real picture"
stages="resize=480x0 sharpen=1.5,0.8 equalize"
show faaslens run demo/imgsmith --cmdline "\"$stages\" < demo/data/lake.png > small.png"
"$faaslens" run demo/imgsmith --cmdline "$stages" <demo/data/lake.png >"$out/small.png"

say "The same program compiled natively: same bytes, how fast?"
clang-19 -O2 -ffp-contract=off demo/imgsmith/*.c -lm -o "$out/imgsmith"
# shellcheck disable=SC2086 # the stages are words
"$out/imgsmith" -q $stages <demo/data/lake.png >"$out/native.png"
cmp "$out/small.png" "$out/native.png" && echo "both made the same $(wc -c <"$out/small.png") bytes"
ms() { # the median of seven runs, in milliseconds
	for _ in 1 2 3 4 5 6 7; do
		start=$(date +%s%N)
		"$@" <demo/data/lake.png >/dev/null
		echo $((($(date +%s%N) - start) / 1000))
	done | sort -n | awk 'NR == 4 { printf "%.1f", $1 / 1000 }'
}
# shellcheck disable=SC2086
n=$(ms "$out/imgsmith" -q $stages)
w=$(ms "$faaslens" run demo/imgsmith --cmdline "-q $stages")
echo "$n $w" | awk '{ printf "native process %s ms, function %s ms with its process, sandbox and limits: %.2f times\n", $1, $2, $2 / $1 }'

say "A fresh instance for every call is cheap: 20,000 calls, none sees another"
cat >"$out/hello.c" <<'C'
#include <stdio.h>
static int calls;
int main(void) { printf("hello, call %d of this instance\n", ++calls); return 0; }
C
"$faaslens" build demo/hello "$out/hello.c" 2>/dev/null
show faaslens run demo/hello --runs 20000
"$faaslens" run demo/hello --runs 20000 | sort | uniq -c

say "Look inside: what it asks of the system"
show faaslens run demo/imgsmith --trace --cmdline "\"-q gray\" < demo/data/lake.png"
"$faaslens" run demo/imgsmith --trace --cmdline "-q gray" <demo/data/lake.png 2>&1 >/dev/null | head -n 8

say "Look inside: a damaged picture is the program's own error ..."
head -c 60000 demo/data/lake.png >"$out/cut.png"
"$faaslens" run demo/imgsmith --cmdline "gray" <"$out/cut.png" >/dev/null || echo "exit code $?"

say "... and one that takes too long is stopped where it is, with its stack"
show faaslens run demo/imgsmith --timeout 20ms --cmdline "\"blur=60\" < demo/data/lake.png"
"$faaslens" run demo/imgsmith --timeout 20ms --cmdline "-q blur=60" <demo/data/lake.png >/dev/null || echo "exit code $?"

say "A failure deep inside: linked with a stack of 16 KiB, it traps in the encoder's Huffman codes"
show faaslens build demo/tight "demo/imgsmith/*.c -- -ffp-contract=off -Wl,-z,stack-size=16384"
"$faaslens" build demo/tight demo/imgsmith/*.c -- -ffp-contract=off -Wl,-z,stack-size=16384
show faaslens run demo/tight --cmdline "\"blur=3\" < demo/data/lake.png"
"$faaslens" run demo/tight --cmdline "-q blur=3" <demo/data/lake.png >/dev/null || echo "exit code $?"
