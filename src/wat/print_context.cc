// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wat/print_context.h"

#include <algorithm>

namespace wazuka::wat {

void PrintContext::line(u32 depth, u32 offset) {
  constexpr u32 kMaxIndent = 50;  // deeper nesting would make the text quadratic in size
  out << '\n';
  if (options.offsets) {
    if (offset == kNoOffset) {
      out << "              ";
    } else {
      out << "(;@";
      out.hex(offset, 8);
      out << ";) ";
    }
  }
  constexpr std::string_view kSpaces =
      "                                                                                "
      "                    ";
  static_assert(kSpaces.size() == 2 * kMaxIndent);
  out << kSpaces.substr(0, 2 * std::min(depth, kMaxIndent));
}

void PrintContext::definition_name(const PrintedName& name) {
  if (!name.id.empty()) out << ' ' << name.id;
  if (!name.annotated) return;
  out << " (@name ";
  out.name(name.name);
  out << ')';
}

void PrintContext::definition(const PrintedName& name, u32 index) {
  definition_name(name);
  out << " (;";
  out.number(index);
  out << ";)";
}

void PrintContext::reference(const PrintedName& name, u32 index) {
  if (name.id.empty()) return out.number(index);
  out << name.id;
}

void PrintContext::heap_type(HeapType heap, bool exact) {
  if (!heap.is_index()) {
    out << abstract_heap_text(heap);
    return;
  }
  if (exact) out << "(exact ";
  type_index(heap.type_index());
  if (exact) out << ')';
}

void PrintContext::val_type(ValType type) {
  switch (type.kind()) {
    case ValKind::kI32: out << "i32"; return;
    case ValKind::kI64: out << "i64"; return;
    case ValKind::kF32: out << "f32"; return;
    case ValKind::kF64: out << "f64"; return;
    case ValKind::kV128: out << "v128"; return;
    case ValKind::kBottom: return;  // in no binary
    case ValKind::kRef: break;
  }
  if (type.nullable() && !type.heap().is_index()) {
    out << abstract_ref_text(type.heap());
    return;
  }
  out << (type.nullable() ? "(ref null " : "(ref ");
  heap_type(type.heap(), type.exact());
  out << ')';
}

void PrintContext::storage_type(StorageType type) {
  switch (type.packed) {
    case StorageType::kNotPacked: return val_type(type.val);
    case StorageType::kI8: out << "i8"; return;
    case StorageType::kI16: out << "i16"; return;
  }
}

void PrintContext::variables(bool spaced, std::string_view keyword, std::span<const ValType> types,
                             u32 first_index, const NameSpace* variable_names) {
  bool open = false;
  for (u32 i = 0; i < types.size() && !out.failed(); ++i) {
    PrintedName name =
        variable_names == nullptr ? PrintedName() : variable_names->at(first_index + i);
    bool named = !name.id.empty() || name.annotated;
    if (named && open) out << ')';
    if (named || !open) out << (spaced || i != 0 ? " (" : "(") << keyword;
    open = !named;
    if (named) definition_name(name);
    out << ' ';
    val_type(types[i]);
    if (named) out << ')';
  }
  if (open) out << ')';
}

void PrintContext::signature(const FuncType& type, const NameSpace* params) {
  variables(/*spaced=*/true, "param", type.params, 0, params);
  variables(/*spaced=*/true, "result", type.results, 0, nullptr);
}

void PrintContext::type_use(u32 index, const NameSpace* params) {
  out << " (type ";
  type_index(index);
  out << ')';
  if (const FuncType* type = func_type(index)) signature(*type, params);
}

// ---- Labels

void LabelStack::reset(std::vector<std::pair<u32, std::string_view>> names) {
  names_ = std::move(names);
  open_.clear();
  innermost_.clear();
  texts_.clear();
}

PrintedName LabelStack::name(u32 index) {
  auto found =
      std::ranges::lower_bound(names_, index, {}, &std::pair<u32, std::string_view>::first);
  if (found == names_.end() || found->first != index) return {};
  PrintedName printed{{}, found->second, found->second.empty()};
  if (!printed.annotated) printed.id = texts_.emplace_back(identifier(printed.name));
  return printed;
}

void LabelStack::push(u32 index) {
  PrintedName printed = name(index);
  Open& open = open_.emplace_back(Open{printed.name, printed.id});
  if (open.id.empty()) return;
  u32& innermost = innermost_.insert(open.name, 0).entry.value;
  open.shadowed = innermost;
  innermost = depth();
}

void LabelStack::pop() {
  const Open& open = open_.back();
  if (!open.id.empty()) innermost_.insert(open.name, 0).entry.value = open.shadowed;
  open_.pop_back();
}

std::string_view LabelStack::id(u32 depth_of_label) const {
  if (depth_of_label >= open_.size()) return {};
  size_t place = open_.size() - depth_of_label;
  const Open& open = open_[place - 1];
  if (open.id.empty() || innermost_.find(open.name)->value != place) return {};
  return open.id;
}

// ---- Instructions

void PrintContext::instruction(const Instruction& i, const InstructionReader& reader,
                               const NameSpace* locals, const LabelStack* labels,
                               const PrintedName& block_name) {
  const OpInfo& info = op_info(i.op);
  out << info.text.view();
  if (opens_block(i.op)) definition_name(block_name);
  immediates(i, reader, locals, labels);
}

void PrintContext::label(u32 depth, const LabelStack* labels) {
  std::string_view id = labels == nullptr ? std::string_view() : labels->id(depth);
  if (!id.empty()) {
    out << ' ' << id;
    return;
  }
  out << ' ';
  out.number(depth);
  if (labels == nullptr || depth >= labels->depth()) return;
  out << " (;@";
  out.number(labels->depth() - depth);
  out << ";)";
}

void PrintContext::block_type(const BlockType& type) {
  if (type.kind == BlockType::kEmpty) return;
  if (type.kind == BlockType::kFuncType) return type_use(type.index, nullptr);
  out << " (result ";
  val_type(type.value);
  out << ')';
}

void PrintContext::mem_arg(const OpInfo& info, const MemArg& arg) {
  if (arg.memory != 0) {
    out << ' ';
    reference(names.memory(arg.memory), arg.memory);
  }
  if (arg.offset != 0) {
    out << " offset=";
    out.number(arg.offset);
  }
  u64 align = u64{1} << arg.align_log2;
  if (align == info.access_bytes()) return;
  out << " align=";
  out.number(align);
}

void PrintContext::clauses(const InstructionReader& reader, const LabelStack* labels) {
  constexpr std::string_view kKinds[] = {"catch", "catch_ref", "catch_all", "catch_all_ref"};
  for (const CatchClause& clause : reader.catches()) {
    out << " (" << kKinds[clause.kind];
    if (clause.kind < 2) {
      out << ' ';
      reference(names.tag(clause.tag), clause.tag);
    }
    label(clause.depth, labels);
    out << ')';
  }
}

void PrintContext::handlers(const InstructionReader& reader, const LabelStack* labels) {
  for (const ResumeHandler& handler : reader.handlers()) {
    out << " (on ";
    reference(names.tag(handler.tag), handler.tag);
    handler.is_switch ? void(out << " switch") : label(handler.depth, labels);
    out << ')';
  }
}

void PrintContext::field(u32 type, u32 index) {
  if (fields_of_ != type) {
    fields_of_ = type;
    size_t count = type < m.types.size() ? m.types[type].fields.size() : 0;
    names.inner(NameKind::kField, type, count, fields_);
  }
  reference(fields_.at(index), index);
}

void PrintContext::immediates(const Instruction& i, const InstructionReader& reader,
                              const NameSpace* locals, const LabelStack* labels) {
  const OpInfo& info = op_info(i.op);
  auto plain = [&](const PrintedName& name, u32 index) {
    out << ' ';
    reference(name, index);
  };
  // Left out where it is the first one.
  auto table = [&](u32 index) {
    if (index != 0) plain(names.table(index), index);
  };
  auto memory = [&](u32 index) {
    if (index != 0) plain(names.memory(index), index);
  };
  auto type = [&] { plain(names.type(i.index), i.index); };
  switch (info.imm) {
    case ImmKind::kNone:
    case ImmKind::kFence: return;
    case ImmKind::kBlock: return block_type(i.block);
    case ImmKind::kTryTable: block_type(i.block); return clauses(reader, labels);
    case ImmKind::kLabel: return label(i.index, labels);
    case ImmKind::kBrTable:
      for (u32 target : reader.targets()) label(target, labels);
      return;
    case ImmKind::kFunc: return plain(names.func(i.index), i.index);
    case ImmKind::kCallIndirect: table(i.index2); return type_use(i.index, nullptr);
    case ImmKind::kType: return type();
    case ImmKind::kTypeType: type(); return plain(names.type(i.index2), i.index2);
    case ImmKind::kTypeField:
      type();
      out << ' ';
      return field(i.index, i.index2);
    case ImmKind::kTypeCount: type(); return plain({}, i.index2);
    case ImmKind::kTypeData: type(); return plain(names.data(i.index2), i.index2);
    case ImmKind::kTypeElem: type(); return plain(names.elem(i.index2), i.index2);
    case ImmKind::kTypeTag: type(); return plain(names.tag(i.index2), i.index2);
    case ImmKind::kTag: return plain(names.tag(i.index), i.index);
    case ImmKind::kResume: type(); return handlers(reader, labels);
    case ImmKind::kResumeThrow:
      type();
      plain(names.tag(i.index2), i.index2);
      return handlers(reader, labels);
    case ImmKind::kSelectTypes:
      out << " (result";
      for (ValType t : reader.select_types()) out << ' ', val_type(t);
      out << ')';
      return;
    case ImmKind::kLocal:
      return plain(locals == nullptr ? PrintedName() : locals->at(i.index), i.index);
    case ImmKind::kGlobal: return plain(names.global(i.index), i.index);
    case ImmKind::kTable: return table(i.index);
    case ImmKind::kTableTable:
      if (i.index == 0 && i.index2 == 0) return;
      plain(names.table(i.index), i.index);
      return plain(names.table(i.index2), i.index2);
    case ImmKind::kElem: return plain(names.elem(i.index), i.index);
    case ImmKind::kElemTable: table(i.index2); return plain(names.elem(i.index), i.index);
    case ImmKind::kMemArg: return mem_arg(info, i.mem);
    case ImmKind::kMemArgLane: mem_arg(info, i.mem); return plain({}, i.lane);
    case ImmKind::kMemory: return memory(i.index);
    case ImmKind::kMemoryMemory:
      if (i.index == 0 && i.index2 == 0) return;
      plain(names.memory(i.index), i.index);
      return plain(names.memory(i.index2), i.index2);
    case ImmKind::kData: return plain(names.data(i.index), i.index);
    case ImmKind::kDataMemory: memory(i.index2); return plain(names.data(i.index), i.index);
    case ImmKind::kI32:
    case ImmKind::kI64: out << ' '; return out.signed_number(static_cast<i64>(i.bits));
    case ImmKind::kF32: out << ' '; return out.f32(static_cast<u32>(i.bits));
    case ImmKind::kF64: out << ' '; return out.f64(i.bits);
    case ImmKind::kV128:
      out << " i32x4";
      for (u32 lane = 0; lane < 4; ++lane) {
        const u8* b = i.bytes + 4 * lane;
        out << " 0x";
        out.hex(b[0] | b[1] << 8 | b[2] << 16 | u32{b[3]} << 24, 8);
      }
      return;
    case ImmKind::kLane: return plain({}, i.lane);
    case ImmKind::kShuffle:
      for (u32 lane = 0; lane < 16; ++lane) plain({}, i.bytes[lane]);
      return;
    case ImmKind::kHeapType:
      out << ' ';
      return i.op == Op::kRefNull ? heap_type(i.type.heap(), i.type.exact()) : val_type(i.type);
    case ImmKind::kBrCast:
      label(i.index, labels);
      out << ' ';
      val_type(i.type);
      out << ' ';
      return val_type(i.type2);
  }
}

}  // namespace wazuka::wat
