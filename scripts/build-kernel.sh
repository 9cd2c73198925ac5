#!/usr/bin/env bash
# Builds src/image/kernel/kernel.wasm from the C beside it and libjpeg-turbo's source. The same source and compiler give
# the same bytes in any folder. Needs cargo, which fetches and checks that source, and Debian's packages
#   clang-19 lld-19 wasi-libc libclang-rt-19-dev-wasm32
# Usage: scripts/build-kernel.sh [FILE]     where to put the module. Default: its place in the repository.
set -euo pipefail
cd "$(dirname "$0")/.."

kernel=src/image/kernel
out=$(realpath -m "${1:-$kernel/kernel.wasm}")
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

cargo vendor --quiet --locked --manifest-path scripts/kernel/Cargo.toml "$build/vendor" >/dev/null
jpeg=$build/vendor/turbojpeg-sys/libjpeg-turbo/src

# What of libjpeg-turbo decodes; the kernel has its own error handler, source, Huffman loop and vector routines.
library=(jcomapi jdapimin jdapistd jdcoefct jdcolor jddctmgr jdinput jdmainct jdmarker jdmaster jdphuff jdpostct
  jdsample jmemmgr jmemnobs jutils)
own=(huffman jpeg left-out memory resize simd values)

flags=(--target=wasm32-wasi -std=gnu17 -O3 -msimd128 -mbulk-memory -fno-strict-aliasing -DNO_GETENV -DNO_PUTENV
  -D__x86_64__ -D__ILP32__ # on x32, with pointers of 32 bits, libjpeg-turbo holds bits in 64-bit words
  -I "$kernel/libjpeg" -I "$jpeg" -ffile-prefix-map="$build"= -Wno-macro-redefined)

compile() { # SOURCE FLAGS...
  local source=$1
  shift
  clang-19 "${flags[@]}" "$@" -c "$source" -o "$build/$(basename "$source" .c).o"
}

for name in "${library[@]}"; do compile "$jpeg/$name.c" -w; done
for name in "${own[@]}"; do compile "$kernel/$name.c" -Wall -Wextra -Werror -Wno-unused-parameter; done

objects=("${own[@]/%/.o}" "${library[@]/%/.o}")
clang-19 --target=wasm32-wasi -O3 -mexec-model=reactor -nostartfiles -Wl,--no-entry,--strip-all,--gc-sections \
  -Wl,-z,stack-size=65536,--stack-first,--export=__stack_pointer,--max-memory=536870912 \
  "${objects[@]/#/$build/}" -o "$out"
if [ $# = 0 ]; then (cd "$kernel" && sha256sum kernel.wasm >kernel.wasm.sha256); fi
