// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Arbitrary bytes as a module in text and as a script. Nothing may crash, hang, or point outside of
// the text; what is accepted must be converted to the same bytes again.
#include <cstdlib>
#include <string_view>

#include "wat/diagnostic.h"
#include "wat/wast.h"
#include "wat/wat_parser.h"

using namespace wazuka;

namespace {

void check(bool ok) {
  if (!ok) std::abort();
}

void check_error(const Error& error, std::string_view text) {
  check(!error.message.empty());
  check(error.offset == Error::kNoOffset || error.offset <= text.size());
  check(!wat::render_error(error, text, "fuzz.wat").empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  auto module = wat::text_to_binary(text);
  if (module) {
    check(*wat::text_to_binary(text) == *module);
  } else {
    check_error(module.error(), text);
  }
  auto script = wat::parse_wast(text);
  if (!script) check_error(script.error(), text);
  return 0;
}
