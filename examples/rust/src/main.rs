// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// simple_cat: writes the files named on the command line to standard output.
//
// Ordinary Rust: the standard library for wasm32-wasip1 finds the right preopened directory for a path, so
// File::open works for every file below a directory given with `--dir`.

use std::env;
use std::fs::File;
use std::io::{self, Write};
use std::process::ExitCode;

fn cat(path: &str, out: &mut impl Write) -> io::Result<()> {
    let mut file = File::open(path)?;
    io::copy(&mut file, out)?;
    out.flush()
}

fn main() -> ExitCode {
    let paths: Vec<String> = env::args().skip(1).collect();
    if paths.is_empty() {
        eprintln!("usage: simple_cat FILE...");
        return ExitCode::FAILURE;
    }
    let mut out = io::stdout().lock();
    let mut status = ExitCode::SUCCESS;
    for path in &paths {
        if let Err(error) = cat(path, &mut out) {
            eprintln!("simple_cat: {path}: {error}");
            status = ExitCode::FAILURE;
        }
    }
    status
}
