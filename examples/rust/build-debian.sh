#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Builds simple_cat.wasm with Debian's rustc-web, cargo-web and rust-web-src. They have no compiled standard
# library for WASI, so cargo builds it from source (-Zbuild-std, hence RUSTC_BOOTSTRAP) and clang links the
# program with Debian's wasi-libc instead of the C library that rustup would bring.
set -eu
cd "$(dirname "$0")"

export RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1
export CARGO_TARGET_WASM32_WASIP1_LINKER="${CLANG:-clang-22}"
export CARGO_TARGET_WASM32_WASIP1_RUSTFLAGS="\
 -Clinker-flavor=wasm-lld-cc -Zunstable-options -Clink-self-contained=no\
 -Clink-arg=--target=wasm32-wasi -Clink-arg=-Wno-deprecated -Clink-arg=--no-wasm-opt\
 -Clink-arg=--sysroot=/usr -Lnative=/usr/lib/wasm32-wasi"

/usr/bin/cargo build --release --target wasm32-wasip1 -Zbuild-std=std,panic_abort
cp target/wasm32-wasip1/release/simple_cat.wasm .
