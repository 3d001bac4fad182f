// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The code section (spec 5.5.13): only the extents of the bodies; validator.cc looks into them.
#include "wasm/section_reader.h"

namespace wazuka {

void SectionReader::read_code() {
  u32 start = position();
  m_.code = {start, static_cast<u32>(remaining())};
  u32 count = read_u32();
  if (failed()) return;
  code_count_ = count;
  check_function_counts(start);
  for (u32 i = 0; i < count && !failed(); ++i) {
    ByteRange body = read_range();
    if (failed()) return;
    if (body.size > limits::kMaxFunctionBytes) {
      fail_at(body.offset,
              {"function body size count exceeds limit of ", limits::kMaxFunctionBytes});
      return;
    }
    m_.funcs[m_.imported_funcs + i].body = body;
  }
}

}  // namespace wazuka
