#!/bin/sh
# Builds a folder in which the vendor's arm64 wheel runs on another computer. See README.md.
#
#   packaging/board/emulation/build.sh DIR
#
# Ends with 77 and a sentence when this computer cannot have the parts. What is there is kept; a
# changed recipe builds anew. Nothing outside DIR is touched, and no rights are needed.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
[ $# -eq 1 ] || { echo "usage: $0 DIR" >&2; exit 2; }
mkdir -p "$1"
dir=$(cd "$1" && pwd)

cannot() { echo "$*" >&2; exit 77; }

for tool in apt-get dpkg-deb qemu-aarch64-static aarch64-linux-gnu-gcc; do
    command -v "$tool" >/dev/null || cannot "$tool is missing: apt-get install" \
        qemu-user-static gcc-aarch64-linux-gnu libc6-dev-arm64-cross
done
"$python" -m pip --version >/dev/null 2>&1 || cannot "$python has no pip."

exec 9>"$dir/lock"
flock 9

recipe=$(cat "$0" "$here/requirements.txt" "$here/../../constraints.txt" | sha256sum)
if [ ! -d "$dir/root" ] || [ "$(cat "$dir/recipe" 2>/dev/null)" != "$recipe" ]; then
    rm -rf "$dir/root" "$dir/site" "$dir/apt" "$dir/new" "$dir/recipe"
    mkdir -p "$dir/apt/lists/partial" "$dir/apt/cache/archives/partial" "$dir/new"
    : >"$dir/apt/status"

    # A package manager of its own: this computer's sources and keys, but arm64 and nothing installed.
    arm64() {
        tool=$1
        shift
        "$tool" -o APT::Architecture=arm64 -o APT::Architectures::=arm64 \
            -o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none \
            -o Acquire::Retries=1 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20 \
            -o Dir::State="$dir/apt" -o Dir::State::Lists="$dir/apt/lists" \
            -o Dir::State::status="$dir/apt/status" -o Dir::Cache="$dir/apt/cache" "$@"
    }
    # Sources without arm64 make it fail; what counts is whether there is a Python.
    arm64 apt-get update >"$dir/apt/log" 2>&1 || true
    for version in 3.11 3.12 3.10 none; do
        [ "$version" != none ] ||
            cannot "The package sources of this computer offer no Python 3.10 to 3.12 for arm64."
        [ -z "$(arm64 apt-cache show "python$version-minimal" 2>/dev/null)" ] || break
    done
    arm64 apt-get install -y --no-install-recommends --download-only \
        "python$version-minimal" "libpython$version-stdlib" libstdc++6 >>"$dir/apt/log" 2>&1 ||
        cannot "The arm64 packages could not be fetched: $(tail -n 1 "$dir/apt/log")"
    "$python" -m pip download --quiet --dest "$dir/new/wheels" --only-binary=:all: \
        --platform manylinux2014_aarch64 --platform manylinux_2_28_aarch64 \
        --python-version "$version" --constraint "$here/../../constraints.txt" \
        --requirement "$here/requirements.txt" 2>"$dir/apt/pip" ||
        cannot "The arm64 wheels could not be fetched: $(tail -n 1 "$dir/apt/pip")"

    for package in "$dir"/apt/cache/archives/*.deb; do
        dpkg-deb -x "$package" "$dir/new/root"
    done
    mkdir "$dir/new/site"
    for wheel in "$dir"/new/wheels/*.whl; do
        "$python" -m zipfile -e "$wheel" "$dir/new/site"
    done
    ln -sf "python$version" "$dir/new/root/usr/bin/python3"
    mv "$dir/new/root" "$dir/new/site" "$dir"
    rm -rf "$dir/apt" "$dir/new"
    # Proves that it runs, and writes the byte code that later starts read.
    PYTHONPATH="$dir/site" qemu-aarch64-static -L "$dir/root" "$dir/root/usr/bin/python3" \
        -c 'import numpy, psutil, rknnlite.api'
    echo "$recipe" >"$dir/recipe"
fi

# To choose from: the wheel's own release, one older than the converter, one from before a function
# that newer ones have, and one that lacks it although its version says otherwise.
stub() {
    out="$dir/stubs/librknnrt-$1.so"
    version=$2
    shift 2
    [ -z "$(find "$here" -newer "$out" 2>&1)" ] && return
    aarch64-linux-gnu-gcc -std=gnu11 -O2 -Wall -Wextra -Werror -shared -fPIC \
        -DSTUB_VERSION="\"$version\"" "$@" -o "$out" "$here/stub_librknnrt.c"
}
mkdir -p "$dir/stubs"
stub 2.5.0 2.5.0
stub 1.6.0 1.6.0
stub 1.4.0 1.4.0 -DSTUB_WITHOUT_INPUT_SHAPES
stub incomplete 2.5.0 -DSTUB_WITHOUT_INPUT_SHAPES
