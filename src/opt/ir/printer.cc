// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "opt/ir/printer.h"

#include <fmt/format.h>
#include <iterator>

namespace wazuka::opt {

namespace {

using Out = std::string;

template <class... Args>
void put(Out& out, fmt::format_string<Args...> text, Args&&... args) {
  fmt::format_to(std::back_inserter(out), text, std::forward<Args>(args)...);
}

void put_value(Out& out, u32 v) {
  v == index_of(kNoValue) ? put(out, "_") : put(out, "v{}", v);
}

void put_list(Out& out, std::span<const u32> values) {
  put(out, "(");
  for (size_t i = 0; i < values.size(); ++i) {
    if (i != 0) put(out, ", ");
    put_value(out, values[i]);
  }
  put(out, ")");
}

void put_edge(Out& out, const Graph& g, EdgeId e) {
  put(out, "block{}", index_of(g[e].target));
  if (!g.edge_args(e).empty()) put_list(out, g.edge_args(e));
}

void put_access(Out& out, const Access& a) {
  put(out, "{} {} +{} {}", region_name(a.region), a.region_index, a.offset, a.bytes);
  if (a.sign) put(out, " s");
  if (a.traps) put(out, " traps {}", static_cast<u32>(a.trap));
  if (a.atomic) put(out, " atomic");
  if (a.lane != 0) put(out, " lane {}", a.lane);
  if (a.simd != Op::kNop) put(out, " {}", op_info(a.simd).text.view());
}

void put_slot(Out& out, SlotId s) {
  s == kNoSlot ? put(out, "_") : put(out, "s{}", index_of(s));
}

void put_call(Out& out, const Graph& g, const CallInfo& c) {
  switch (c.kind) {
    case CallInfo::Kind::kFunction: put(out, "func {} type {}", c.func, c.type_index); break;
    case CallInfo::Kind::kFuncRef:
      put(out, "funcref {}type {}", c.own ? "own " : "", c.type_index);
      break;
    case CallInfo::Kind::kBuiltin: put(out, "builtin {}", builtin_name(c.builtin)); break;
  }
  if (c.roots_count != 0) {
    put(out, " roots");
    for (u32 s : g.list(c.roots_begin, c.roots_count)) put(out, " s{}", s);
  }
  for (const Handler& h : g.handlers(c)) {
    put(out, " handler ");
    h.tag == Handler::kNoTag ? put(out, "_ ") : put(out, "{} ", h.tag);
    put_slot(out, h.args_slot);
    put(out, " ");
    put_slot(out, h.ref_slot);
  }
}

/// What is in brackets.
void put_imm(Out& out, const Graph& g, const Inst& inst) {
  switch (info_of(inst.op).imm) {
    case Imm::kBits:
      if (inst.op == Opcode::kIConst) return put(out, "[{}]", inst.signed_bits());
      return put(out, "[{:#x}]", inst.bits());
    case Imm::kVector:
    case Imm::kShuffle: {
      const u32 index = inst.op == Opcode::kVConst ? inst.args[0] : inst.args[2];
      put(out, "[");
      for (u8 b : g.vector(index)) put(out, "{:02x}", b);
      return put(out, "]");
    }
    case Imm::kHome: return put(out, "[{}]", inst.args[2]);
    case Imm::kResult: return put(out, "[{}]", inst.args[1]);
    case Imm::kCond:
      return put(
          out, "[{}]",
          inst.op == Opcode::kICmp ? cond_name(inst.int_cond()) : cond_name(inst.float_cond()));
    case Imm::kTrap: return put(out, "[{}]", inst.aux);
    case Imm::kAccess:
      put(out, "[");
      put_access(out, g.access(inst));
      return put(out, "]");
    case Imm::kSimd: return put(out, "[{}]", op_info(inst.simd()).text.view());
    case Imm::kSimdLane: return put(out, "[{} {}]", op_info(inst.simd()).text.view(), inst.lane());
    case Imm::kOffset: return put(out, "[{}]", inst.offset());
    case Imm::kScale: return put(out, "[{} {}]", inst.aux, inst.offset());
    case Imm::kExtent: return put(out, "[{}]", inst.extent());
    case Imm::kSlot: return put(out, "[s{} {}]", inst.args[2], inst.aux);
    case Imm::kCall:
    case Imm::kInvoke:
      put(out, "[");
      put_call(out, g, g[inst.call()]);
      return put(out, "]");
    case Imm::kNone:
    case Imm::kParam:
    case Imm::kJump:
    case Imm::kBranch:
    case Imm::kSwitch:
    case Imm::kList: return;
  }
}

void put_operands(Out& out, const Graph& g, Value v) {
  const Inst& inst = g[v];
  const OpcodeInfo& info = info_of(inst.op);
  const char* separator = " ";
  auto next = [&](u32 x) {
    put(out, "{}", separator);
    put_value(out, x);
    separator = ", ";
  };
  if (!info.is_listed()) {
    for (u32 i = 0; i < info.operands; ++i) next(inst.args[i]);
    return;
  }
  if (info.imm == Imm::kCall || info.imm == Imm::kInvoke) {
    if (inst.args[1] != index_of(kNoValue)) next(inst.args[1]);
    const CallInfo& c = g[inst.call()];
    put(out, " ");
    put_list(out, g.list(c.args_begin, c.args_count));
    separator = ", ";
  } else if (info.imm == Imm::kList || info.imm == Imm::kAccess) {
    put(out, " ");
    put_list(out, g.list(inst.args[0], inst.args[1]));
  } else if (info.imm != Imm::kJump) {
    next(inst.args[0]);
  }
  const Graph::EdgeRange edges = g.edges(v);
  for (u32 i = 0; i < edges.count; ++i) {
    put(out, "{}", separator);
    put_edge(out, g, edges[i]);
    separator = ", ";
  }
}

void put_inst(Out& out, const Graph& g, Value v) {
  const Inst& inst = g[v];
  if (inst.type != Type::kNone) put(out, "v{} = ", index_of(v));
  put(out, "{}", opcode_name(inst.op));
  if (inst.type != Type::kNone) put(out, ".{}", type_name(inst.type));
  if (inst.traced) put(out, "!");
  put_imm(out, g, inst);
  put_operands(out, g, v);
}

}  // namespace

std::string print(const Graph& g, Value v) {
  std::string out;
  put_inst(out, g, v);
  return out;
}

std::string print(const Graph& g) {
  std::string out;
  for (u32 i = 0; i < g.num_slots(); ++i) {
    const StackSlot& s = g[SlotId{i}];
    put(out, "slot s{} {}{}\n", i, s.cells, s.traced ? "!" : "");
  }
  for (u32 i = 0; i < g.num_values(); ++i) {
    const Value v{i};
    if (!is_pure(g[v].op) || g.block_of(v) != kNoBlock) continue;
    put_inst(out, g, v);
    put(out, "\n");
  }
  for (u32 i = 0; i < g.num_blocks(); ++i) {
    const Block b{i};
    if (g[b].first == kNoValue) continue;
    put(out, "block{}", i);
    const std::span<const u32> params = g.raw_params(b);
    for (size_t p = 0; p < params.size(); ++p) {
      const Inst& inst = g[Value{params[p]}];
      put(out, "{}v{}: {}{}", p == 0 ? "(" : ", ", params[p], type_name(inst.type),
          inst.traced ? "!" : "");
    }
    put(out, "{}:", params.empty() ? "" : ")");
    if (g[b].cold) put(out, " cold");
    put(out, "\n");
    for (Value v : g.insts(b)) {
      put(out, "  ");
      put_inst(out, g, v);
      put(out, "\n");
    }
  }
  return out;
}

}  // namespace wazuka::opt
