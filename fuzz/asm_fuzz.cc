// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The assembler with arbitrary instructions, operands and labels, against a disassembler; and
// parallel moves against a model of the machine. The first byte of the input chooses.
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "asm/parallel_move.h"
#include "asm/x64/assembler.h"
#include "unit/asm/instances.h"
#include "unit/asm/move_model.h"
#include "unit/asm/round_trip.h"

namespace wazuka::x64 {
namespace {

struct Input {
  std::span<const u8> bytes;

  bool empty() const { return bytes.empty(); }
  u8 byte() {
    if (bytes.empty()) return 0;
    u8 b = bytes.front();
    bytes = bytes.subspan(1);
    return b;
  }
  template <class T>
  T number() {
    u64 value = 0;
    for (size_t i = 0; i < sizeof(T); ++i) value = value << 8 | byte();
    return static_cast<T>(value);
  }
};

[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::abort();
}

Mem memory_from(Input& in) {
  u8 shape = in.byte();
  Gpr base{static_cast<u8>(shape & 15)};
  u8 other = in.byte();
  Gpr index{static_cast<u8>(other & 15)};
  if (index == rsp) index = rax;
  Scale scale = static_cast<Scale>(other >> 4 & 3);
  i32 disp = (shape & 0x40) != 0 ? in.number<i32>() : in.number<i8>();
  if ((shape & 0x30) == 0x30) return Mem::scaled(index, scale, disp);
  return (shape & 0x10) != 0 ? Mem(base, index, scale, disp) : Mem(base, disp);
}

Operand operand_from(Input& in, const InstInfo& row, const OperandInfo& o, Size size,
                     Label& label) {
  if (o.kind == OperandKind::kCond) return static_cast<Cond>(in.byte() & 15);
  if (o.kind == OperandKind::kImm) {
    i64 imm = in.number<i64>();
    for (u32 shift = 0; !encode_detail::imm_fits(row.enc.imm, size, imm); shift += 8) {
      imm >>= 8;
      if (shift > 64) imm = 0;
    }
    return Operand(imm);
  }
  u8 how = in.byte();
  if (!o.may_be_reg() || (o.may_be_mem() && (how & 0x80) != 0)) {
    if ((how & 0x70) == 0x70) return RipMem::to(label);
    return memory_from(in);
  }
  u8 number = how & 15;
  if (o.kind == OperandKind::kXmm || o.kind == OperandKind::kXmmMem) return Xmm{number};
  if (o.kind == OperandKind::kYmm || o.kind == OperandKind::kYmmMem) return Ymm{number};
  return Gpr{number};
}

void round_trips(Input in) {
  static Assembler a(all_features());
  while (!in.empty()) {
    Inst inst = static_cast<Inst>(in.number<u16>() % kInstCount);
    const InstInfo& row = info(inst);
    std::span<const Size> sizes = row.sizes();
    Instance x{inst, sizes[in.byte() % sizes.size()], {}};
    Label label;
    for (const OperandInfo& o : row.operands()) {
      x.operands.push_back(operand_from(in, row, o, x.size, label));
    }
    if (!accepts(row, x.size, x.operands)) die("not accepted: " + describe(x));
    a.reset();
    a.emit(inst, x.size, x.operands);
    std::vector<u8> bytes(a.bytes().begin(), a.bytes().end());
    if (label.is_linked()) a.bind(label);
    bytes.assign(a.bytes().begin(), a.bytes().end());
    if (auto why = disagreement(x, bytes)) die(*why);
  }
}

// References to labels, forward and backward, near and far, while the buffer grows.
void labels(Input in) {
  static constexpr u32 kLabels = 8;
  struct Reference {
    u32 field, trailing, label;
    bool far;
  };
  CodeBuffer code(in.byte() % 4 == 0 ? 512 : CodeBuffer::kMaxBytes);
  std::vector<Reference> references;
  Label all[kLabels];
  auto refer = [&](u32 n, bool far, u32 trailing) {
    code.append(std::vector<u8>((far ? 4 : 1) + trailing));
    u32 field = code.offset() - trailing - (far ? 4 : 1);
    if (code.failure() != CodeBuffer::Failure::kNone) return;
    far ? code.refer_far(all[n], field, trailing) : code.refer_near(all[n], field);
    references.push_back({field, trailing, n, far});
  };
  code.append_u8(0x90);
  while (!in.empty()) {
    u8 what = in.byte();
    u32 n = what % kLabels;
    switch (what / 64) {
      case 0: refer(n, true, what / kLabels); break;
      case 1: refer(n, false, 0); break;
      case 2: code.append(std::vector<u8>(in.byte())); break;
      case 3:
        if (!all[n].is_bound()) code.bind(all[n]);
        break;
    }
  }
  for (Label& l : all) {
    if (!l.is_bound()) code.bind(l);
  }
  if (code.failure() != CodeBuffer::Failure::kNone) return;
  if (code.open_labels() != 0) die("labels are left open");
  for (const Reference& r : references) {
    i32 distance;
    std::memcpy(&distance, code.bytes().data() + r.field, r.far ? 4 : 1);
    if (!r.far) distance = static_cast<i8>(distance);
    i64 end = i64{r.field} + (r.far ? 4 : 1) + r.trailing;
    if (end + distance != all[r.label].position()) die("a reference leads elsewhere");
  }
}

void parallel_moves(Input in) {
  using namespace assembly;
  static ParallelMove resolver(kModelScratch);
  std::vector<WantedMove> moves = moves_from_bytes(in.bytes);
  std::span<const MoveStep> steps = resolve(resolver, moves);
  MachineState before = MachineState::distinct();
  if (auto why = difference(moves, before, execute(steps, before))) {
    die(*why + "\nmoves:\n" + describe(moves) + "steps:\n" + describe(steps));
  }
}

}  // namespace
}  // namespace wazuka::x64

extern "C" int LLVMFuzzerTestOneInput(const wazuka::u8* data, size_t size) {
  wazuka::x64::Input in{{data, size}};
  switch (in.byte() % 4) {
    case 0: wazuka::x64::labels(in); break;
    case 1: wazuka::x64::parallel_moves(in); break;
    default: wazuka::x64::round_trips(in); break;
  }
  return 0;
}
