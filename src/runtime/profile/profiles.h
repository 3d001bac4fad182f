// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tells `perf` where machine code is. A profiler sees addresses only, and the code it finds there
// is in no file that it knows.
//
//   perf map   /tmp/perf-PID.map: a line `START SIZE NAME` for each function, in hexadecimal.
//              `perf report` reads it when it meets such addresses.
//   jitdump    jit-PID.dump in the current folder: the code itself with its name, and which place
//              in the module (or in the source, if the module has debug information) it comes
//              from. `perf record -k mono`, then `perf inject --jit`, makes ELF files of it.
//
// Both are written as code is published, so that they are complete whenever the process ends.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "runtime/code_observer.h"

namespace wazuka {

/// Errors name the file.
Result<std::shared_ptr<CodeObserver>> make_perf_map(const std::string& path);
Result<std::shared_ptr<CodeObserver>> make_jit_dump(const std::string& path);

std::string perf_map_path();
std::string jit_dump_path();

}  // namespace wazuka
