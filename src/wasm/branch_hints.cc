// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/branch_hints.h"

#include <algorithm>

#include "wasm/body_decoder.h"

namespace wazuka {
namespace {

/// Finds the instructions that a function's hints are about.
class HintSink : public NullSink {
 public:
  explicit HintSink(std::span<const BranchHint> hints) : rest_(hints) {}

  template <class P>
  void next_instruction(P& p, Op op) {
    const u32 offset = p.offset();
    while (!rest_.empty() && rest_.front().offset < offset) rest_ = rest_.subspan(1);
    if (rest_.empty() || rest_.front().offset != offset) return;
    if (op == Op::kIf || op == Op::kBrIf) {
      found.push_back(rest_.front());
    } else {
      wrong_target = offset;
    }
  }

  std::vector<BranchHint> found;
  std::optional<u32> wrong_target;

 private:
  std::span<const BranchHint> rest_;
};

class HintReader : public BinaryReader {
 public:
  HintReader(Module& module, ByteRange section)
      : BinaryReader(module.bytes, section), module_(module) {}

  bool read() {
    u32 functions = read_u32(), next = module_.imported_funcs;
    for (u32 i = 0; i < functions && !failed(); ++i) {
      const u32 start = position();
      const u32 func = read_u32();
      if (failed()) break;
      if (func < next || func >= module_.funcs.size()) return fail(start, "invalid function index");
      next = func + 1;
      if (!read_function(func) || !check_targets(func)) return false;
    }
    if (!failed() && !at_end()) return fail(position(), "unexpected data at the end");
    return !failed();
  }

  std::vector<BranchHint> hints;

 private:
  bool fail(u32 offset, const char* what) {
    fail_at(offset, {"@metadata.code.branch_hint annotation: ", what});
    return false;
  }

  bool read_function(u32 func) {
    const u32 body = module_.funcs[func].body.offset, size = module_.funcs[func].body.size;
    u32 count = read_u32(), next = 0;
    function_.clear();
    for (u32 i = 0; i < count && !failed(); ++i) {
      const u32 start = position();
      const u32 offset = read_u32(), bytes = read_u32(), value = read_u8();
      if (failed()) break;
      if (offset < next || offset >= size) return fail(start, "invalid offset");
      if (bytes != 1 || value > 1) return fail(start, "invalid value");
      next = offset + 1;
      function_.push_back({func, body + offset, value == 1});
    }
    return !failed();
  }

  bool check_targets(u32 func) {
    HintSink sink(function_);
    BodyDecoder<HintSink, Validate::kNo> decoder(module_, sink, func);
    decoder.run();
    if (sink.wrong_target) return fail(*sink.wrong_target, "invalid target");
    hints.insert(hints.end(), sink.found.begin(), sink.found.end());
    return true;
  }

  Module& module_;
  std::vector<BranchHint> function_;
};

}  // namespace

void read_branch_hints(Module& module) {
  for (const CustomSection& custom : module.customs) {
    if (custom.name != "metadata.code.branch_hint") continue;
    HintReader reader(module, custom.bytes);
    if (!module.branch_hints.empty()) {
      reader.fail_at(custom.bytes.offset, "duplicate section `metadata.code.branch_hint`");
    } else if (reader.read()) {
      module.branch_hints = std::move(reader.hints);
      continue;
    }
    module.branch_hints.clear();
    module.custom_error = reader.take_error();
    return;
  }
}

std::span<const BranchHint> Module::branch_hints_of(u32 func_index) const {
  auto [first, last] = std::ranges::equal_range(branch_hints, func_index, {}, &BranchHint::func);
  return {first, last};
}

}  // namespace wazuka
