# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The engines that are measured: how each is found, started, and asked to call a function.

Ours is any command that takes Wasmtime's options. Peers come from install_peers.sh and are all optional: one that is not
installed is reported as missing, never silently left out.
"""
import dataclasses
import hashlib
import os
import shlex
import shutil
import subprocess

from . import report


@dataclasses.dataclass
class Engine:
    name: str
    command: list  # what stands before the module
    invoke: list = dataclasses.field(default_factory=lambda: ["--invoke"])  # option that names the function to call
    uncached: list = dataclasses.field(default_factory=list)  # options that switch a compilation cache off
    binary_only: bool = True   # cannot read text modules
    reencode: bool = False     # refuses the padded LEB128 indices that linkers leave in `call_indirect`
    ours: bool = False
    version: str = ""

    def run(self, module, arguments, uncached=True):
        return [*self.command, *(self.uncached if uncached else []), module, *arguments]

    def call(self, function, module, arguments):
        return [*self.command, *self.uncached, *self.invoke, function, module, *arguments]


# name → (file name, arguments, keyword arguments of Engine)
CACHE_OFF = ["-C", "cache=n"]
PEERS = {
    "wasmi": ("wasmi", ["run"], {}),
    "wasm3": ("wasm3", [], {"reencode": True}),
    "wamr": ("iwasm", ["-v=0", "--stack-size=4194304"], {"invoke": ["-f"], "reencode": True}),
    "pulley": ("wasmtime", ["run", "--target", "pulley64"], {"uncached": CACHE_OFF}),
    "cranelift": ("wasmtime", ["run"], {"uncached": CACHE_OFF}),
    "winch": ("wasmtime", ["run", "-C", "compiler=winch"], {"uncached": CACHE_OFF}),
}


def peers_folder():
    return os.environ.get("WAZUKA_PEERS", os.path.expanduser("~/.cache/wazuka-peers"))


def find(command):
    """A peer's command: in the peers' folder, else on PATH. None where it is not installed."""
    path = os.path.join(peers_folder(), "bin", command)
    return path if os.access(path, os.X_OK) else shutil.which(command)


def version_of(path):
    for option in ("--version", "-V"):
        p = subprocess.run([path, option], capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if p.returncode == 0 and p.stdout.strip():
            return p.stdout.strip().splitlines()[0]
    return "version not stated"


PINNED = {"wasm3": "wasm3 0.5.0 (pywasm3 0.5.0)", "iwasm": "WAMR fast interpreter (wamr-sys 0.1.1)"}


def peer(name):
    """The engine of that name, or None where it is not installed."""
    file_name, arguments, more = PEERS[name]
    path = find(file_name)
    if not path:
        return None
    return Engine(name, [path, *arguments], version=PINNED.get(file_name) or version_of(path), **more)


def ours(spec):
    """[NAME=]COMMAND, for example 'interp=build/release/wazuka -C compiler=interpreter'."""
    name, equals, command = spec.partition("=")
    if not equals or "/" in name or " " in name:
        name, command = "wazuka", spec
    words = shlex.split(command)
    path = shutil.which(words[0]) if words else None
    if not path:
        report.usage_error(f'no command "{words[0] if words else ""}"; build it, name another with --rt, '
                           "or measure the peers alone with --no-rt")
    return Engine(name, [os.path.abspath(path), *words[1:]], ours=True, uncached=CACHE_OFF, binary_only=False,
                  version=version_of(path))


class Modules:
    """Gives each engine a form of the module that it can read: text or padded encodings are converted by wasm-tools."""

    def __init__(self, work):
        self.folder = os.path.join(work, "modules")
        self.tool = find("wasm-tools")
        os.makedirs(self.folder, exist_ok=True)

    def path(self, engine, module):
        """Path of the module for this engine, or None where the converter that it needs is missing."""
        is_text = module.endswith(".wat")
        if not (is_text and engine.binary_only) and not engine.reencode:
            return module
        if not self.tool:
            return None
        place = hashlib.sha256(os.path.abspath(module).encode()).hexdigest()[:8]
        stem = os.path.splitext(os.path.basename(module))[0]
        result = os.path.join(self.folder, f"{stem}-{place}.wasm")
        if not os.path.exists(result) or os.path.getmtime(result) < os.path.getmtime(module):
            text = module
            if not is_text:
                text = result + ".wat"
                subprocess.run([self.tool, "print", module, "-o", text], check=True)
            subprocess.run([self.tool, "parse", text, "-o", result + ".new"], check=True)
            os.replace(result + ".new", result)
            if not is_text:
                os.remove(text)
        return result
