#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-3-Clause
#
# Installs what the build needs on Debian 12 and says what it does. Safe to run again: finished steps are skipped.
#
#   scripts/setup.sh             everything
#   scripts/setup.sh --encoder   only what -DSIGHTLINE_PARTS=encoder needs
#
# Environment:
#   SIGHTLINE_DEPS           cache folder for LibTorch and FAISS (default: $XDG_CACHE_HOME/sightline or ~/.cache/sightline)
#   SIGHTLINE_TORCH_DIR      an existing LibTorch (a folder with include/ and lib/): nothing is downloaded
#   SIGHTLINE_FAISS_DIR      an existing FAISS install prefix or build: nothing is built
#   SIGHTLINE_TORCH_VERSION  the PyTorch wheel to take LibTorch from (default 2.13.0)
#   SIGHTLINE_SKIP_APT=1     the system packages are already there
set -euo pipefail

parts=all
[ "${1:-}" = "--encoder" ] && parts=encoder

deps="${SIGHTLINE_DEPS:-${XDG_CACHE_HOME:-$HOME/.cache}/sightline}"
torch_version="${SIGHTLINE_TORCH_VERSION:-2.13.0}"
faiss_version=1.7.3
faiss_sha256=3e4fac26d8c9e9008ecea4ae5fc414c658998fce4ba75835058b1a71d3516002
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
mkdir -p "$deps"

say() { printf 'setup: %s\n' "$*" >&2; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }

encoder_packages=(build-essential pkg-config git ca-certificates ccache python3 python3-venv python3-pip
  libfmt-dev libspdlog-dev libexpected-dev nlohmann-json3-dev libicu-dev libssl-dev libgtest-dev libgmock-dev libbenchmark-dev)
all_packages=("${encoder_packages[@]}" dpkg-dev
  libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev prometheus-cpp-dev libtomlplusplus-dev
  librocksdb-dev libroaring-dev liblz4-dev libzstd-dev libsnappy-dev zlib1g-dev libbz2-dev
  libavformat-dev libavcodec-dev libavutil-dev libswscale-dev libheif-dev liblcms2-dev
  libarchive-dev libturbojpeg0-dev libjpeg-dev libwebp-dev libcli11-dev
  libopenblas-openmp-dev liblapack-dev clang-format-14)

install_packages() {
  [ "${SIGHTLINE_SKIP_APT:-}" = 1 ] && { say "system packages: skipped (SIGHTLINE_SKIP_APT)"; return; }
  local wanted=("${all_packages[@]}") missing=() package
  [ "$parts" = encoder ] && wanted=("${encoder_packages[@]}")
  for package in "${wanted[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  # Any CMake from 3.25 on will do, from wherever it comes; only where there is none is Debian's taken.
  cmake --version >/dev/null 2>&1 || missing+=(cmake)
  ninja --version >/dev/null 2>&1 || missing+=(ninja-build)
  if [ ${#missing[@]} -eq 0 ]; then say "system packages: all there"; return; fi
  say "system packages: installing ${missing[*]}"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# LibTorch: the C++ half of the PyTorch wheel. A CPU wheel is unpacked (headers and four libraries); a CUDA wheel needs
# the CUDA packages that pip resolves for it, so it is installed into a virtual environment of its own.
install_libtorch() {
  if [ -n "${SIGHTLINE_TORCH_DIR:-}" ]; then
    [ -e "$SIGHTLINE_TORCH_DIR/lib/libtorch_cpu.so" ] || { say "no LibTorch in $SIGHTLINE_TORCH_DIR"; exit 4; }
    say "LibTorch: using $SIGHTLINE_TORCH_DIR"
    ln -sfn "$SIGHTLINE_TORCH_DIR" "$deps/torch"
    return
  fi
  if [ -e "$deps/torch/.sightline-$torch_version" ]; then say "LibTorch $torch_version: there"; return; fi
  say "LibTorch: downloading the PyTorch $torch_version wheel"
  rm -rf "$deps/wheel" "$deps/torch"
  python3 -m venv "$deps/venv"
  "$deps/venv/bin/python" -m pip download -q --no-deps "torch==$torch_version" -d "$deps/wheel"
  if python3 "$here/unpack_libtorch.py" "$deps/wheel" "$deps"; then
    say "LibTorch: unpacked the CPU build"
  else
    say "LibTorch: this wheel is a CUDA build; installing it with its CUDA packages"
    "$deps/venv/bin/python" -m pip install -q "$deps"/wheel/torch-*.whl
    ln -sfn "$("$deps/venv/bin/python" -c \
      'import importlib.util as u; print(u.find_spec("torch").submodule_search_locations[0])')" "$deps/torch"
  fi
  rm -rf "$deps/wheel"
  touch "$deps/torch/.sightline-$torch_version"
}

# FAISS from Debian's source package: the binary package is built for baseline x86-64 and is about ten times slower
# (docs/DEPENDENCIES.md). scripts/faiss-$faiss_version.patch begins with what it changes; the stamp of the finished
# build carries its checksum, so that a changed patch is built anew.
build_faiss() {
  if [ -n "${SIGHTLINE_FAISS_DIR:-}" ]; then
    say "FAISS: using $SIGHTLINE_FAISS_DIR"
    ln -sfn "$SIGHTLINE_FAISS_DIR" "$deps/faiss"
    return
  fi
  local patch="$here/faiss-$faiss_version.patch" stamp
  stamp=".sightline-$faiss_version-avx2-$(sha256sum "$patch" | cut -c1-12)"
  if [ -e "$deps/faiss/$stamp" ]; then say "FAISS $faiss_version (AVX2): there"; return; fi
  say "FAISS: fetching the source package"
  local work="$deps/faiss-work"
  rm -rf "$work"; mkdir -p "$work/sources.d" "$work/lists/partial" "$work/cache/archives/partial"
  local sources=/etc/apt/sources.list.d/debian.sources
  if [ -e "$sources" ]; then
    sed 's/^Types: .*$/Types: deb-src/' "$sources" > "$work/sources.d/src.sources"
  else
    sed -n 's/^deb /deb-src /p' /etc/apt/sources.list > "$work/sources.d/src.list"
  fi
  # A source list of our own: the system's is left as it is.
  local apt_options=(-o Dir::Etc::SourceList=/dev/null -o "Dir::Etc::SourceParts=$work/sources.d"
    -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work/cache" -o APT::Sandbox::User=root)
  (cd "$work" && apt-get "${apt_options[@]}" update -qq &&
    apt-get "${apt_options[@]}" source -qq --download-only "faiss=$faiss_version-2")
  (cd "$work" && echo "$faiss_sha256  faiss_$faiss_version.orig.tar.gz" | sha256sum -c --quiet &&
    tar xf "faiss_$faiss_version.orig.tar.gz")
  local source_dir="$work/faiss-$faiss_version"
  patch -s -p1 -d "$source_dir" < "$patch" || { say "the FAISS patch does not apply"; exit 4; }
  local blas; blas="$(dpkg -L libopenblas0-openmp | grep -m1 'libopenblas.*\.so\.0$')"
  say "FAISS: building with AVX2 kernels (about 3 CPU minutes, once)"
  cmake -S "$source_dir" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DFAISS_OPT_LEVEL=avx2 \
    -DFAISS_ENABLE_GPU=OFF -DFAISS_ENABLE_PYTHON=OFF -DFAISS_ENABLE_C_API=OFF -DBUILD_TESTING=OFF \
    -DBUILD_SHARED_LIBS=OFF -DCMAKE_POSITION_INDEPENDENT_CODE=ON -DCMAKE_POLICY_VERSION_MINIMUM=3.5 \
    -DBLAS_LIBRARIES="$blas" -DLAPACK_LIBRARIES="$blas" > "$work/configure.log" 2>&1 ||
    { tail -n 20 "$work/configure.log" >&2; exit 4; }
  cmake --build "$work/build" --target faiss_avx2 -j "$(nproc)" > "$work/build.log" 2>&1 ||
    { tail -n 20 "$work/build.log" >&2; exit 4; }
  mkdir -p "$work/install/lib" "$work/install/include"
  cp "$work/build/faiss/libfaiss_avx2.a" "$work/install/lib/"
  (cd "$source_dir" && find faiss -name '*.h' -exec cp --parents {} "$work/install/include/" \;)
  touch "$work/install/$stamp"
  # What was there before stays usable until the new one is whole.
  rm -rf "$deps/faiss"
  mv "$work/install" "$deps/faiss"
  rm -rf "$work"
}

say "cache folder: $deps"
install_packages
install_libtorch
[ "$parts" = all ] && build_faiss
say "done"
