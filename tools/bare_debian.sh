#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Does the README hold on a fresh Debian 12? This makes a minimal bookworm tree (debootstrap --variant=minbase: no
# python, no git, no compiler, no certificates), puts a clone of the last commit into it and runs the README's two
# commands there, so that a package which ./dev forgot to name shows as a failure. External test data is not in the tree:
# those suites must say that they were skipped.
#
#   tools/bare_debian.sh [--keep] [COMMAND…]     COMMAND replaces the README's commands; --keep leaves the tree
#
# Needs root, debootstrap and git. Mirrors and proxies are those of this machine's own apt. Mounts live in a mount
# namespace of their own and end with the script.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
release=bookworm

die() {
  echo "bare_debian: $*" >&2
  exit 1
}

# mirror PATTERN: where this machine's apt finds the first suite that matches.
mirror() {
  apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' | sort -u |
    awk -v pattern="$1" '$2 ~ pattern { print $1; exit }'
}

make_tree() {
  local tree=$1 main security include=()
  main=$(mirror '^[a-z]+$') && security=$(mirror '-security$')
  [[ -n $main && -n $security ]] || die "this machine's apt knows no Debian mirror (main: '$main', security: '$security')"
  [[ $main$security == *https:* ]] && include=(--include=ca-certificates)
  debootstrap --variant=minbase "${include[@]}" "$release" "$tree" "$main" >"$tree.log" 2>&1 || {
    tail -n 20 "$tree.log" >&2
    die "debootstrap failed"
  }
  # The three sources that an installed Debian 12 has.
  printf 'deb %s %s main\n' "$main" "$release" "$main" "$release-updates" "$security" "$release-security" \
    >"$tree/etc/apt/sources.list"
  apt-config dump | grep -E '^Acquire::(https?::|Check-|Retries|Force)' >"$tree/etc/apt/apt.conf.d/01host" || true
  cp /etc/resolv.conf /etc/hosts "$tree/etc/"
  if ((${#include[@]})); then cp /etc/ssl/certs/ca-certificates.crt "$tree/etc/ssl/certs/"; fi
}

# in_tree TREE COMMAND…: runs it in the clone, with nothing of this machine's environment but proxies.
in_tree() {
  local tree=$1 name proxies=()
  shift
  for name in http_proxy https_proxy no_proxy; do
    [[ -z ${!name:-} ]] || proxies+=("$name=${!name}")
  done
  unshare --mount bash -eu -c '
    mount -t proc proc "$0/proc"
    mount -t devpts devpts "$0/dev/pts"
    mount -t tmpfs tmpfs "$0/dev/shm"
    tree=$0
    exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LC_ALL=C.UTF-8 "$@"
  ' "$tree" "${proxies[@]}" chroot "$tree" /bin/bash -c 'cd /src/wazuka && exec "$@"' bash "$@"
}

keep=
if [[ ${1:-} == --keep ]]; then
  keep=1
  shift
fi
((EUID == 0)) || die "needs root, for debootstrap and chroot"
for program in debootstrap git unshare; do
  command -v "$program" >/dev/null || die "needs $program"
done

work=$(mktemp -d "${TMPDIR:-/tmp}/bare-debian.XXXXXX")
if [[ -n $keep ]]; then
  echo "== tree: $work/tree"
else
  trap 'rm -rf --one-file-system "$work"' EXIT
fi
echo "== making a bare Debian ($release)"
make_tree "$work/tree"
git clone -q --no-hardlinks "$root" "$work/tree/src/wazuka"

if (($#)); then
  in_tree "$work/tree" "$@"
  exit
fi
echo "== ./dev run --dir . examples/simple_cat.wat README.md"
in_tree "$work/tree" ./dev run --dir . examples/simple_cat.wat README.md >"$work/output"
cmp "$work/output" "$root/README.md" || die "the first command did not print README.md"
echo "== ./dev test"
in_tree "$work/tree" ./dev test
