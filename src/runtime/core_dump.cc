// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/core_dump.h"

#include <unordered_map>

#include "runtime/instance.h"
#include "runtime/type_match.h"

namespace wazuka {
namespace {

/// Numbers things in the order in which they are first seen.
template <class Key>
class Numbering {
 public:
  /// The number, and whether it is new.
  std::pair<u32, bool> number(Key key) {
    auto [at, fresh] = numbers_.try_emplace(key, static_cast<u32>(numbers_.size()));
    return {at->second, fresh};
  }

 private:
  std::unordered_map<Key, u32> numbers_;
};

class Collector {
 public:
  Collector(debug::CoreDump& dump, const TypeRegistry& registry)
      : dump_(dump), registry_(registry) {}

  void add(Instance& instance) {
    debug::CoreInstance out;
    auto [module, fresh] = modules_.number(&instance.code());
    if (fresh) dump_.modules.push_back(std::string(instance.code().names().module));
    out.module = module;
    instances_.try_emplace(&instance.code(), static_cast<u32>(dump_.instances.size()));
    const Module& m = instance.module();
    for (u32 i = 0; i < m.memories.size(); ++i) out.memories.push_back(memory(*instance.memory(i)));
    for (u32 i = 0; i < m.globals.size(); ++i) out.globals.push_back(global(instance.global(i)));
    dump_.instances.push_back(std::move(out));
  }

  void add_stack(const std::vector<interp::StackFrame>& frames) {
    debug::CoreThread thread;
    for (const interp::StackFrame& frame : frames) {
      auto instance = instances_.find(frame.module);
      if (instance == instances_.end()) continue;
      debug::CoreFrame out;
      out.instance = instance->second;
      out.func_index = frame.func_index;
      u32 body = frame.module->module().funcs[frame.func_index].body.offset;
      out.code_offset = frame.offset == ~u32{0} || frame.offset < body ? 0 : frame.offset - body;
      thread.frames.push_back(std::move(out));
    }
    dump_.threads.push_back(std::move(thread));
  }

 private:
  u32 memory(Memory& memory) {
    auto [index, fresh] = memories_.number(&memory);
    if (!fresh) return index;
    debug::CoreMemory out{memory.type(),
                          {memory.vm.base, memory.vm.size.load(std::memory_order_acquire)}};
    out.type.limits.min = memory.size_in_pages();
    dump_.memories.push_back(out);
    return index;
  }

  u32 global(const Global& global) {
    auto [index, fresh] = globals_.number(global.vm);
    if (!fresh) return index;
    GlobalType type = global.type;
    if (type.type.is_ref()) {
      type.type = ValType::ref(abstract_heap_type(registry_, type.type.heap()), true);
    }
    dump_.globals.push_back({type, global.vm->cells[0], global.vm->cells[1]});
    return index;
  }

  debug::CoreDump& dump_;
  const TypeRegistry& registry_;
  Numbering<const ModuleCode*> modules_;
  Numbering<const Memory*> memories_;
  Numbering<const VMGlobal*> globals_;
  // The first instance of each module: frames do not say which instance they are of.
  std::unordered_map<const ModuleCode*, u32> instances_;
};

}  // namespace

debug::CoreDump core_dump_of(Store& store, std::string program) {
  debug::CoreDump dump;
  dump.program = std::move(program);
  Collector collector(dump, *store.engine().types());
  for (const std::unique_ptr<Instance>& instance : store.instances()) collector.add(*instance);
  collector.add_stack(store.last_trace());
  return dump;
}

}  // namespace wazuka
