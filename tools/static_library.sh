#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# tools/static_library.sh OUT LAYER ARCHIVE… : one archive for programs in any language. Everything that the C API needs, the
# C++ library included, becomes one object in which only the API is global, so that a program links it as it links C, and
# nothing in it meets the program's own C++ library. LAYER is taken whole, of the others what it needs.
set -euo pipefail
out=$1 layer=$2
shift 2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Without groups: their names would be merged with those of the program.
ld.bfd -r --force-group-allocation -o "$scratch/all.o" --whole-archive "$layer" --no-whole-archive \
  --start-group "$@" "$(${CXX:-c++} -print-file-name=libstdc++.a)" --end-group
# Symbols that GCC makes unique in the process are not made local as they are.
objcopy --wildcard --weaken-symbol='_Z*' "$scratch/all.o"
objcopy --wildcard --keep-global-symbol='wasm_*' --keep-global-symbol='wasmtime_*' --keep-global-symbol='wasi_*' \
  --keep-global-symbol='wazuka_*' --keep-global-symbol='*_vmctx_memory_*' "$scratch/all.o" "$scratch/wazuka.o"
rm -f "$out"
ar rcs "$out" "$scratch/wazuka.o"
