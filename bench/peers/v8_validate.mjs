// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `node --single-threaded v8_validate.mjs FILE`: exit code 0 if V8 finds the module valid, 1 if not.
import { readFileSync } from "node:fs";

if (!WebAssembly.validate(readFileSync(process.argv[2]))) {
  console.error("Error: not valid for this version of V8");
  process.exit(1);
}
