#!/bin/sh
# Installs lldb-19 below /usr/local, beside lldb-22: Debian's packages of two versions
# exclude each other only because both link their Python module to one place.
set -eu

if command -v lldb-19 >/dev/null 2>&1; then
	exit 0
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
chmod 755 "$dir"
cd "$dir"
apt-get download -qq lldb-19 python3-lldb-19 2>/dev/null
for p in *.deb; do
	dpkg -x "$p" unpacked
done
modules=lib/llvm-19/lib/python3.11/site-packages
mkdir -p /usr/local/lib/llvm-19/bin "/usr/local/$modules"
cp -a unpacked/usr/lib/llvm-19/bin/. /usr/local/lib/llvm-19/bin/
cp -a "unpacked/usr/$modules/." "/usr/local/$modules/"
ln -sf "$(find /usr/lib -name 'liblldb-19.so.1' | head -1)" "/usr/local/$modules/lldb/_lldb.cpython-311-$(uname -m)-linux-gnu.so"
cat >/usr/local/bin/lldb-19 <<EOF
#!/bin/sh
PYTHONPATH=/usr/local/$modules exec /usr/local/lib/llvm-19/bin/lldb "\$@"
EOF
chmod 755 /usr/local/bin/lldb-19

lldb-19 --version
