// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/exec_error.h"

namespace wazuka {

ExecError ExecError::of_trap(TrapCode code) {
  ExecError e(Error{"wasm trap: " + std::string(trap_message(code)), Error::kNoOffset, {}});
  e.trap = code;
  return e;
}

ExecError ExecError::of_exit(u32 code) {
  ExecError e(Error{"Exited with i32 exit status " + std::to_string(code), Error::kNoOffset, {}});
  e.exit_code = code;
  return e;
}

ExecError ExecError::of_exception() {
  ExecError e(Error{"thrown Wasm exception", Error::kNoOffset, {}});
  e.uncaught_exception = true;
  return e;
}

}  // namespace wazuka
