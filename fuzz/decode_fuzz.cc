// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any bytes: read_module with all features neither crashes nor hangs nor leaks; where it accepts,
// the trusting decoder tells its Sink the same as the checking one, several threads find the same
// as one, and names can be read.
#include <cstdlib>

#include "../tests/unit/wasm/trace_sink.h"
#include "wasm/const_expr.h"
#include "wasm/module_reader.h"
#include "wasm/type_registry.h"

namespace {

using namespace wazuka;

struct View : ModuleBytes {
  std::vector<u8> data;
  std::span<const u8> bytes() const override { return data; }
};

void check_const_exprs(const Module& module) {
  for (u32 i = module.imported_globals; i < module.globals.size(); ++i) {
    TraceSink sink;
    visit_const_expr(module, module.globals[i].init, module.globals[i].type.type, sink);
    if (sink.events == 0) std::abort();
  }
  for (const ElemSegment& segment : module.elems) {
    for (ByteRange expr : segment.exprs) {
      TraceSink sink;
      visit_const_expr(module, expr, segment.type, sink);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto bytes = std::make_shared<View>();
  bytes->data.assign(data, data + size);
  static auto registry = std::make_shared<TypeRegistry>();
  ReadOptions options;
  options.features = Features::all();
  auto module = read_module(bytes, registry, options);
  if (!module) {
    if (module.error().message.empty() || module.error().offset > size) std::abort();
    return 0;
  }
  if (!modes_agree(**module)) std::abort();
  check_const_exprs(**module);
  NameSection names = read_names(**module);
  if (names.func_name(0).size() > size) std::abort();
  return 0;
}
