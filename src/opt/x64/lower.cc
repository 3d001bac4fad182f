// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "opt/x64/lower.h"

#include <algorithm>

#include "opt/x64/lowering.h"

namespace wazuka::opt {

using regalloc::Operand;

Result<void> lower(const CompileEnv& env, const Graph& graph, MachFunction& out) {
  return Lowering(env, graph, out).run();
}

// Rows --------------------------------------------------------------------------------------------

Row& Row::mem(const Address& a) {
  Arg m{.kind = Arg::Kind::kMem, .scale = a.scale, .value = a.disp};
  if (a.base != Address::kNone) {
    m.a = static_cast<u8>(count_);
    operands_[count_++] = Operand::use(a.base);
  }
  if (a.index != Address::kNone) {
    m.b = static_cast<u8>(count_);
    operands_[count_++] = Operand::use(a.index);
  }
  inst_.trap = a.trap;
  inst_.wasm_offset = a.wasm_offset;
  return arg(m);
}

Row& Row::rm(const RegMem& x) {
  switch (x.kind) {
    case RegMem::Kind::kReg: return reg(Operand::use(x.vreg, Constraint::kAny));
    case RegMem::Kind::kAddress: return mem(x.address);
    case RegMem::Kind::kConst:
      return arg({.kind = Arg::Kind::kConst, .value = static_cast<i32>(x.number)});
    case RegMem::Kind::kCell: return cell(x.number);
  }
  return *this;
}

void Lowering::add(const Row& row) {
  f_.code.add(row.inst_, std::span(row.operands_).first(row.count_));
}

void Lowering::add(MOp op, Value v, std::span<const Operand> operands, u16 detail, u64 imm,
                   regalloc::RegSet clobbers) {
  MachInst i;
  i.op = op;
  i.detail = detail;
  i.imm = imm;
  if (v != kNoValue) i.wasm_offset = g_.wasm_offset(v);
  f_.code.add(i, operands, clobbers);
}

void Lowering::move(VReg to, VReg from) {
  MachInst i;
  i.op = MOp::kMove;
  const Operand operands[] = {Operand::use(from, Constraint::kAny),
                              Operand::def(to, Constraint::kAny)};
  f_.code.add(i, operands, 0, /*is_move=*/true);
}

void Lowering::zero_extend(VReg to, VReg from) {
  add(Row(MInst::mov_rm, k32).def(to).rm({.vreg = from}));
}

// The function ------------------------------------------------------------------------------------

void Lowering::unsupported(std::string_view what) {
  if (unsupported_.empty()) unsupported_ = what;
}

RegClass Lowering::class_of(Type t) {
  if (t == Type::kV128) return RegClass::kVector;
  return is_float(t) ? RegClass::kFloat : RegClass::kInt;
}

Result<void> Lowering::run() {
  f_.func_index = g_.func_index;
  f_.taken_frame_bytes = g_.taken_frame_bytes;
  f_.inlined_cells = g_.inlined_cells;
  f_.positions.assign(g_.positions().begin(), g_.positions().end());
  prepare();
  choose_layout();
  // Uses before definitions: backwards in the order of the numbers, whatever the layout is.
  for (size_t i = layout_.size(); i-- > 0 && unsupported_.empty();) block(layout_[i]);
  if (!unsupported_.empty()) {
    return fail("unsupported: " + std::string(unsupported_));
  }
  f_.code.finish();
  return {};
}

void Lowering::prepare() {
  const u32 values = g_.num_values();
  vregs_.assign(values, kNoVReg);
  uses_.assign(values, 0);
  effects_.assign(values, 0);
  needed_.assign(values, false);
  zero_extended_.assign(values, false);
  taken_.assign(values, false);
  for (u32 s = 0; s < g_.num_slots(); ++s) {
    cells_.push_back(f_.cells);
    f_.cells += g_[SlotId{s}].cells;
  }
  vmctx_ = temp();
  f_.remats.push_back({Remat::Kind::kVmctx, 0});
  f_.code.set_remat(vmctx_, 0);
  for (u32 b = 0; b < g_.num_blocks(); ++b) {
    u32 effects = 0;
    for (Value v : g_.insts(Block{b})) {
      effects_[index_of(v)] = effects;
      const Inst& inst = at(v);
      g_.operands(v, [this](Value x) { ++uses_[index_of(x)]; });
      switch (info_of(inst.op).effect) {
        case Effect::kPure:
        case Effect::kPinned: break;
        case Effect::kRead:
          if (info_of(inst.op).imm == Imm::kAccess && g_.access(inst).traps) ++effects;
          break;
        default: ++effects;
      }
    }
    const Value last = g_.terminator(Block{b});
    const Graph::EdgeRange range = g_.edges(last);
    for (u32 i = 0; i < range.count; ++i) {
      for (u32 x : g_.edge_args(range[i])) ++uses_[x];
    }
  }
}

/// Blocks in the order of their numbers, cold ones at the end. What only cold blocks lead to is
/// cold, so that definitions still come before their uses.
void Lowering::choose_layout() {
  const u32 blocks = g_.num_blocks();
  std::vector<u8> warm(blocks, 0);
  warm[0] = 1;
  for (u32 b = 0; b < blocks; ++b) {
    if (warm[b] == 0 || g_[Block{b}].cold) continue;
    const Graph::EdgeRange range = g_.edges(g_.terminator(Block{b}));
    for (u32 i = 0; i < range.count; ++i) warm[index_of(g_[range[i]].target)] = 1;
  }
  place_.assign(blocks, 0);
  for (bool cold : {false, true}) {
    for (u32 b = 0; b < blocks; ++b) {
      const bool is_cold = b != 0 && (warm[b] == 0 || g_[Block{b}].cold);
      if (is_cold != cold) continue;
      place_[b] = static_cast<u32>(layout_.size());
      layout_.push_back(Block{b});
    }
  }
}

void Lowering::block(Block b) {
  block_ = b;
  const BlockData& data = g_[b];
  MachBlock block{.source = index_of(b), .loop_depth = data.loop_depth, .cold = data.cold};
  constexpr u32 kMostDepth = 6;
  for (u32 i = 0; i < std::min<u32>(data.loop_depth, kMostDepth); ++i) block.frequency *= 8;
  if (data.cold) block.frequency /= 256;
  f_.code.begin_block(block);
  root_ = data.last;
  terminator(root_);
  for (Value v = g_.prev(root_); v != kNoValue; v = g_.prev(v)) {
    if (taken_[index_of(v)]) continue;
    root_ = v;
    f_.code.begin_group();
    inst(v);
  }
  if (b == Graph::kEntry) {
    f_.code.begin_group();
    params();
  } else {
    for (u32 p : g_.raw_params(b)) f_.code.add_param(vreg_of(Value{p}));
  }
  f_.code.end_block();
}

/// The function's parameters, from where the caller has put them.
void Lowering::params() {
  const CallConv cc(env_.module.func_type(g_.func_index));
  f_.param_bytes = cc.param_bytes;
  std::vector<Operand> operands = {Operand::fixed_def(vmctx_, preg(x64::r14))};
  const auto values = g_.raw_params(Graph::kEntry);
  std::vector<std::pair<VReg, VReg>> extended;
  for (u32 i = 0; i < values.size(); ++i) {
    const Value v{values[i]};
    const ValueLocation& l = cc.params[i];
    if (!needed(v) || l.kind == ValueLocation::Kind::kStack) continue;
    VReg to = vreg_of(v);
    if (zero_extended_[index_of(v)]) {
      extended.push_back({to, temp()});
      to = extended.back().second;
    }
    operands.push_back(Operand::fixed_def(
        to, l.kind == ValueLocation::Kind::kGpr ? l.number : static_cast<u8>(16 + l.number)));
  }
  MachInst i;
  i.op = MOp::kParams;
  i.wasm_offset = env_.module.funcs[g_.func_index].body.offset;
  f_.code.add(i, operands);
  for (auto [to, from] : extended) zero_extend(to, from);
  for (u32 k = 0; k < values.size(); ++k) {
    const Value v{values[k]};
    const ValueLocation& l = cc.params[k];
    if (!needed(v) || l.kind != ValueLocation::Kind::kStack) continue;
    const i32 disp = static_cast<i32>(16 + l.offset);
    switch (g_.type(v)) {
      case Type::kI32:
      case Type::kI64: add(Row(MInst::mov_rm, size_of(v)).def(vreg_of(v)).frame(disp)); break;
      case Type::kF32:
        add(Row(avx_ ? MInst::vmovss_rm : MInst::movss_rm).def(vreg_of(v)).frame(disp));
        break;
      case Type::kF64:
        add(Row(avx_ ? MInst::vmovsd_rm : MInst::movsd_rm).def(vreg_of(v)).frame(disp));
        break;
      default: add(Row(avx_ ? MInst::vmovups_rm : MInst::movups_rm).def(vreg_of(v)).frame(disp));
    }
  }
}

// Values ------------------------------------------------------------------------------------------

VReg Lowering::vreg_of(Value v) {
  VReg& r = vregs_[index_of(v)];
  if (r == kNoVReg) r = temp(class_of(g_.type(v)));
  return r;
}

VReg Lowering::vmctx() {
  return vmctx_;
}

VReg Lowering::load_imm(u64 bits) {
  const VReg r = temp();
  f_.code.set_remat(r, static_cast<u32>(f_.remats.size()));
  f_.remats.push_back({Remat::Kind::kImm, bits});
  add(MOp::kLoadImm, kNoValue, {Operand::def(r)}, 0, bits);
  return r;
}

VReg Lowering::leaf(Value v) {
  const Inst& inst = at(v);
  switch (inst.op) {
    case Opcode::kIConst: return load_imm(inst.bits());
    case Opcode::kVmCtx: return vmctx_;
    case Opcode::kFConst: {
      const VReg r = temp(RegClass::kFloat);
      float_constant(v, r);
      return r;
    }
    default: {
      const VReg r = temp(RegClass::kVector);
      add(MOp::kLoadVector, kNoValue, {Operand::def(r)}, 0, constant(g_.vector(inst.args[0])));
      return r;
    }
  }
}

VReg Lowering::use(Value v) {
  const Inst& inst = at(v);
  if (is_leaf(inst.op)) return leaf(v);
  // The same register: whoever makes an i32 for it leaves the upper half zero.
  if (inst.op == Opcode::kZExt32) return use(inst.arg(0));
  needed_[index_of(v)] = true;
  if (inst.type == Type::kI32) {
    if (inst.op == Opcode::kInvoke || inst.op == Opcode::kResult) {
      // Comes from the end of a block, or from behind a call, as it is.
      const VReg r = temp();
      zero_extend(r, vreg_of(v));
      return r;
    }
    zero_extended_[index_of(v)] = true;
  }
  return vreg_of(v);
}

VReg Lowering::low(Value v) {
  const Inst& inst = at(v);
  if (inst.type != Type::kI32 || is_leaf(inst.op)) return use(v);
  if (inst.op == Opcode::kWrap) return low(inst.arg(0));
  needed_[index_of(v)] = true;
  return vreg_of(v);
}

std::optional<i32> Lowering::imm32(Value v) const {
  const Inst& inst = at(v);
  if (inst.op != Opcode::kIConst) return std::nullopt;
  const i64 bits = inst.signed_bits();
  if (bits != static_cast<i32>(bits)) return std::nullopt;
  return static_cast<i32>(bits);
}

u32 Lowering::constant(std::span<const u8> bytes) {
  MachFunction::Constant c;
  c.size = static_cast<u32>(bytes.size());
  std::copy(bytes.begin(), bytes.end(), c.bytes.begin());
  f_.constants.push_back(c);
  return static_cast<u32>(f_.constants.size() - 1);
}

bool Lowering::can_take_load(Value v, u32 bytes) const {
  const Inst& inst = at(v);
  if (anew_ || !can_take(v)) return false;
  if (inst.op == Opcode::kVmLoad) return type_bytes(inst.type) == bytes;
  if (inst.op == Opcode::kSlotLoad) {
    return effects_[index_of(v)] == effects_[index_of(root_)] && type_bytes(inst.type) == bytes;
  }
  if (inst.op != Opcode::kLoad) return false;
  const Access& a = g_.access(inst);
  if (a.bytes != bytes || type_bytes(inst.type) != bytes || a.atomic) return false;
  if (a.simd != Op::kNop) return false;
  return effects_[index_of(v)] + (a.traps ? 1 : 0) == effects_[index_of(root_)];
}

RegMem Lowering::reg_mem(Value v, u32 bytes) {
  if (!can_take_load(v, bytes)) return {.vreg = low(v)};
  taken_[index_of(v)] = true;
  const Inst& inst = at(v);
  if (inst.op == Opcode::kSlotLoad) {
    return {.kind = RegMem::Kind::kCell, .number = cell_of(inst.slot()) + inst.aux};
  }
  if (inst.op == Opcode::kVmLoad) {
    Address a;
    a.base = use(inst.arg(0));
    a.disp = inst.offset();
    return {.kind = RegMem::Kind::kAddress, .address = a};
  }
  return {.kind = RegMem::Kind::kAddress, .address = address_of(v)};
}

// Instructions ------------------------------------------------------------------------------------

void Lowering::inst(Value v) {
  const Inst& inst = at(v);
  switch (inst.op) {
    case Opcode::kSDiv:
    case Opcode::kUDiv:
    case Opcode::kSRem:
    case Opcode::kURem: return divide(v);
    case Opcode::kFToS:
    case Opcode::kFToU: float_op(v); return;
    case Opcode::kLoad: return load(v);
    case Opcode::kStore: return store(v);
    case Opcode::kSlotStore: return slot_store(v);
    case Opcode::kTrapIf: return trap_if(v, MOp::kTrapIf);
    case Opcode::kLimitIf: f_.calls_out = true; return trap_if(v, MOp::kLimitIf);
    case Opcode::kBounds: return bounds(v);
    case Opcode::kAtomicRmw: return atomic_rmw(v);
    case Opcode::kAtomicCas: return atomic_cas(v);
    case Opcode::kFence: return add(Row(MInst::mfence));
    case Opcode::kCall: return call(v);
    case Opcode::kResult: return;  // made with the call
    case Opcode::kLoadLane: return simd_load_lane(v);
    case Opcode::kStoreLane: return simd_store_lane(v);
    default: break;
  }
  if (needed(v)) pure(v);
}

/// What is there only because somebody needs the value.
void Lowering::pure(Value v) {
  const Inst& inst = at(v);
  switch (inst.op) {
    case Opcode::kIAdd: return iadd(v);
    case Opcode::kISub: return isub(v);
    case Opcode::kIAnd: return alu(v, MInst::and_rm, MInst::and_mi);
    case Opcode::kIOr: return alu(v, MInst::or_rm, MInst::or_mi);
    case Opcode::kIXor: return alu(v, MInst::xor_rm, MInst::xor_mi);
    case Opcode::kIMul: return imul(v);
    case Opcode::kUMulHigh:
    case Opcode::kSMulHigh: return mul_high(v);
    case Opcode::kIShl:
    case Opcode::kSShr:
    case Opcode::kUShr:
    case Opcode::kRotl:
    case Opcode::kRotr: return shift(v);
    case Opcode::kClz:
    case Opcode::kCtz:
    case Opcode::kPopcnt: return count_bits(v);
    case Opcode::kSExt8:
    case Opcode::kSExt16:
    case Opcode::kSExt32: return extend(v);
    case Opcode::kZExt32: return;  // the register of its operand
    case Opcode::kWrap: return wrap(v);
    case Opcode::kICmp:
    case Opcode::kFCmp: return set_cond(v, condition(v));
    case Opcode::kSelect: return select(v);
    case Opcode::kBitcast: return bitcast(v);
    case Opcode::kVmLoad: return vm_load(v);
    case Opcode::kSlotLoad: return slot_load(v);
    case Opcode::kHome: return home(v);
    case Opcode::kSlotAddr:
      return add(MOp::kSlotAddress, v, {Operand::def(dst(v))}, 0, cell_of(inst.slot()) + inst.aux);
    case Opcode::kRefOffset: return ref_offset(v);
    case Opcode::kSimd1:
    case Opcode::kSimd2:
    case Opcode::kSimd3:
    case Opcode::kExtract:
    case Opcode::kReplace:
    case Opcode::kShuffle: return simd(v);
    default:
      if (!float_op(v)) unsupported(opcode_name(inst.op));
  }
}

}  // namespace wazuka::opt
