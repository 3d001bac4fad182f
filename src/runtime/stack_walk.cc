// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/stack_walk.h"

#include <span>

#include "interp/frame.h"
#include "tier/thunks.h"

namespace wazuka {

namespace {

/// Where an activation was left, and the ones around it.
struct Exits {
  const u8* native_pc;
  u8* native_fp;
  const u64* exit_pc;
  Cell* exit_fp;

  void enclosing(const interp::EntryRecord& record) {
    *this = {record.native_pc, record.native_fp, record.exit_pc, record.exit_fp};
  }
  void enclosing(const EntryFrame& frame) {
    native_pc = frame.native_pc;
    native_fp = frame.native_fp;
  }
};

/// Calls `each` for the frames of the activation of machine code at `exits`, which then tells where
/// the enclosing one was left. False if the stack could not be understood, or if `each` returns
/// false.
template <class Each>
bool each_native_frame(Exits& exits, Each each) {
  const Thunks* const thunks = Thunks::get_if_made();
  if (thunks == nullptr) return false;
  const u8* pc = exits.native_pc;
  u8* fp = exits.native_fp;
  while (!thunks->is_entry(pc)) {
    const NativeFrame frame = NativeFrame::at(pc, fp);
    if (!frame.object || !each(frame)) return false;
    pc = frame.return_address();
    fp = frame.outer_fp();
  }
  exits.enclosing(EntryFrame::at(fp));
  return true;
}

}  // namespace

NativeFrame NativeFrame::at(const u8* pc, u8* fp) {
  NativeFrame f;
  f.fp = fp;
  f.space = find_code_space(pc);
  if (f.space == nullptr) return f;
  f.object = f.space->find(pc);
  if (f.object) f.offset = static_cast<u32>(pc - f.space->code()) - f.object->begin;
  return f;
}

u32 NativeFrame::wasm_offset() const {
  if (const CallSite* site = call()) return site->wasm_offset;
  const TrapSite* trap = object->trap_at(offset - 1);
  // A function whose frame did not fit has not begun.
  const bool inside = trap != nullptr && trap->code != TrapCode::kStackOverflow;
  return inside ? trap->wasm_offset : kNoWasmOffset;
}

std::vector<interp::StackFrame> walk_stack(const VMStoreContext& store, size_t max) {
  std::vector<interp::StackFrame> frames;
  if (store.overflowed != nullptr && store.overflowed->module != nullptr && max > 0) {
    frames.push_back({store.overflowed->module, store.overflowed->func_index});
  }
  Exits exits{store.native_pc, store.native_fp, store.exit_pc, store.exit_fp};
  while (frames.size() < max) {
    if (exits.native_fp != nullptr) {
      const bool ended = each_native_frame(exits, [&](const NativeFrame& f) {
        ModuleCode* const module = f.object->func->module;
        u32 position = f.wasm_offset();
        for (; is_inlined_position(position) && frames.size() < max;
             position = f.object->tables.inlined_at(position).call) {
          const InlinedPosition& p = f.object->tables.inlined_at(position);
          frames.push_back({module, p.func, p.wasm_offset, f.vm()});
        }
        if (frames.size() < max) {
          frames.push_back({module, f.object->func->func_index, position, f.vm()});
        }
        return frames.size() < max;
      });
      if (!ended) break;
    } else {
      const interp::EntryRecord* record =
          interp::walk_activation(exits.exit_pc, exits.exit_fp, max, frames);
      if (record == nullptr) break;
      exits.enclosing(*record);
    }
  }
  return frames;
}

bool visit_stack(const VMStoreContext& store, interp::ShowCells show, void* env) {
  Exits exits{store.native_pc, store.native_fp, store.exit_pc, store.exit_fp};
  if (store.trapped_activation != nullptr) {  // its frames are dead
    exits.enclosing(*reinterpret_cast<const interp::EntryRecord*>(store.trapped_activation));
  }
  while (exits.native_fp != nullptr || exits.exit_fp != nullptr) {
    if (exits.native_fp != nullptr) {
      const bool ended = each_native_frame(exits, [&](const NativeFrame& f) {
        const CallSite* site = f.call();
        if (site == nullptr) return false;
        show(env, f.cells(), f.object->roots_of(*site));
        return true;
      });
      if (!ended) return false;
    } else {
      const interp::EntryRecord* record = nullptr;
      if (!interp::visit_activation(exits.exit_pc, exits.exit_fp, show, env, &record)) return false;
      if (record == nullptr) return true;
      exits.enclosing(*record);
    }
  }
  return true;
}

}  // namespace wazuka
