# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# shellcheck shell=bash
# Installs, by name from the system's own package registry, what a command of ./dev needs; sourced by ./dev.
#
# A row is PACKAGE=PROBE: the package is missing when the probe (a program, or a file when it begins with `/`) is. Probes
# cost microseconds, so nothing is slowed down when nothing is missing, and they hold on systems without apt too, where
# the reader is told what to install. WAZUKA_NO_INSTALL=1 never installs.

packages_build=(cmake=cmake ninja-build=ninja clang-22=clang++-22 lld-22=ld.lld-22 libfmt-dev=/usr/include/fmt/core.h
  libtomlplusplus-dev=/usr/include/toml++/toml.h)
packages_disassembler=(libzydis-dev=/usr/include/Zydis/Zydis.h)
packages_unit=(libgtest-dev=/usr/include/gtest/gtest.h nlohmann-json3-dev=/usr/include/nlohmann/json.hpp
  "${packages_disassembler[@]}")
packages_python=(python3=python3)
packages_pip=(python3-pip=pip3)
packages_lint=(clang-format-22=clang-format-22 "${packages_python[@]}")
packages_sanitize=(libclang-rt-22-dev=/usr/lib/llvm-22/lib/clang/22/lib/linux llvm-22=llvm-symbolizer-22)
packages_gcc=(g++-12=g++-12)

# missing_packages ROW… : prints the names of the packages that are missing.
missing_packages() {
  local row probe
  for row in "$@"; do
    probe=${row#*=}
    if [[ $probe == /* ]]; then
      [[ -e $probe ]] || echo "${row%%=*}"
    else
      command -v "$probe" >/dev/null || echo "${row%%=*}"
    fi
  done
}

# as_root COMMAND… : runs it as root, by sudo if need be (which may ask for a password at a terminal).
as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    # sudo asks on the terminal itself, whatever the standard streams are.
    if [[ -z ${CI:-} ]] && : 2>/dev/null </dev/tty; then sudo "$@"; else sudo -n "$@"; fi
  else
    echo "dev: not root, and there is no sudo; run as root: $*" >&2
    return 1
  fi
}

apt_install() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
}

# need GROUP… : installs what is missing of the named groups; ends the script if that is impossible.
need() {
  local group rows=() missing
  for group in "$@"; do
    local -n group_rows=packages_$group
    rows+=("${group_rows[@]}")
  done
  mapfile -t missing < <(missing_packages "${rows[@]}")
  ((${#missing[@]})) || return 0
  if [[ -n ${WAZUKA_NO_INSTALL:-} ]] || ! command -v apt-get >/dev/null; then
    echo "dev: missing: ${missing[*]} (Debian's names; install them and try again)" >&2
    exit 1
  fi
  echo "dev: installing ${missing[*]}" >&2
  local log
  log=$(mktemp)
  if ! install_by_apt "${missing[@]}" >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    echo "dev: could not install ${missing[*]} (all messages: $log)" >&2
    echo "dev: on Debian 12 clang-22 and its companions come from bookworm-security" >&2
    exit 1
  fi
  rm -f "$log"
}

# The lists are fetched only when they do not know a package, or know versions that have gone.
install_by_apt() {
  if apt-cache show --no-all-versions "$@" >/dev/null 2>&1 && apt_install "$@"; then return; fi
  as_root apt-get update -q && apt_install "$@"
}

# python_packages NAME=MODULE… : packages from Python's registry, in build/python of the project alone; false if they are
# missing and cannot be had.
python_packages() {
  local folder row missing=()
  folder=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)/build/python
  for row in "$@"; do
    [[ -e $folder/${row#*=} ]] || missing+=("${row%%=*}")
  done
  ((${#missing[@]})) || return 0
  [[ -z ${WAZUKA_NO_INSTALL:-} ]] || return 1
  echo "dev: installing ${missing[*]} into build/python" >&2
  (need pip) && python3 -m pip install -q --disable-pip-version-check --root-user-action=ignore --target "$folder" \
    "${missing[@]}" >&2
}
