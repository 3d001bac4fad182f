// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Uses the AVX forms where there is AVX: mixing the two encodings costs time on some processors.
#include "asm/x64/move_emitter.h"

namespace wazuka::x64 {
namespace {

using assembly::Location;
using assembly::MoveStep;
using assembly::Width;

class MoveEmitter {
 public:
  MoveEmitter(Assembler& a, Gpr frame, Gpr copy)
      : a_(a), frame_(frame), copy_(copy), avx_(a.has(CpuFeature::kAvx)) {}

  void emit(const MoveStep& step) {
    switch (step.kind) {
      case MoveStep::Kind::kMove: return move(step.dst, step.src, step.width);
      case MoveStep::Kind::kImm: return imm(step.dst, step.imm, step.width);
      case MoveStep::Kind::kPush: return push(step.src, step.width);
      case MoveStep::Kind::kPop: return pop(step.dst, step.width);
    }
  }

 private:
  using Kind = Location::Kind;

  static Gpr gpr(Location l) { return Gpr{l.number()}; }
  static Xmm xmm(Location l) { return Xmm{l.number()}; }
  static Size size(Width w) { return w == Width::k4 ? k32 : k64; }
  Mem slot(Location l) const { return Mem(frame_, l.offset()); }

  void move(Location dst, Location src, Width w) {
    if (dst.kind() == Kind::kGpr) return move_to_gpr(gpr(dst), src, w);
    if (dst.kind() == Kind::kXmm) return move_to_xmm(xmm(dst), src, w);
    if (src.kind() == Kind::kGpr) return a_.mov(size(w), slot(dst), gpr(src));
    store(slot(dst), xmm(src), w);
  }

  void move_to_gpr(Gpr dst, Location src, Width w) {
    if (src.kind() == Kind::kGpr) return a_.mov(size(w), dst, gpr(src));
    if (src.kind() == Kind::kSlot) return a_.mov(size(w), dst, slot(src));
    if (w == Width::k4) return avx_ ? a_.vmovd(dst, xmm(src)) : a_.movd(dst, xmm(src));
    avx_ ? a_.vmovq(dst, xmm(src)) : a_.movq(dst, xmm(src));
  }

  void move_to_xmm(Xmm dst, Location src, Width w) {
    if (src.kind() == Kind::kXmm) {
      return avx_ ? a_.vmovaps(dst, xmm(src)) : a_.movaps(dst, xmm(src));
    }
    if (src.kind() == Kind::kSlot) return load(dst, slot(src), w);
    if (w == Width::k4) return avx_ ? a_.vmovd(dst, gpr(src)) : a_.movd(dst, gpr(src));
    avx_ ? a_.vmovq(dst, gpr(src)) : a_.movq(dst, gpr(src));
  }

  void load(Xmm dst, const Mem& m, Width w) {
    switch (w) {
      case Width::k4: return avx_ ? a_.vmovss(dst, m) : a_.movss(dst, m);
      case Width::k8: return avx_ ? a_.vmovsd(dst, m) : a_.movsd(dst, m);
      case Width::k16: return avx_ ? a_.vmovups(dst, m) : a_.movups(dst, m);
    }
  }

  void store(const Mem& m, Xmm src, Width w) {
    switch (w) {
      case Width::k4: return avx_ ? a_.vmovss(m, src) : a_.movss(m, src);
      case Width::k8: return avx_ ? a_.vmovsd(m, src) : a_.movsd(m, src);
      case Width::k16: return avx_ ? a_.vmovups(m, src) : a_.movups(m, src);
    }
  }

  void imm(Location dst, u64 value, Width w) {
    if (w == Width::k4) value = static_cast<u32>(value);
    if (dst.kind() == Kind::kGpr) return a_.load_imm(gpr(dst), value);
    i64 as_signed = static_cast<i64>(value);
    if (dst.kind() == Kind::kSlot && w == Width::k4) {
      return a_.mov(k32, slot(dst), static_cast<i32>(value));
    }
    if (dst.kind() == Kind::kSlot && as_signed == static_cast<i32>(as_signed)) {
      return a_.mov(k64, slot(dst), as_signed);
    }
    if (dst.kind() == Kind::kXmm && value == 0) {
      return avx_ ? a_.vxorps(xmm(dst), xmm(dst), xmm(dst)) : a_.xorps(xmm(dst), xmm(dst));
    }
    a_.load_imm(copy_, value);
    move(dst, Location::gpr(code(copy_)), w);
  }

  // A slot always has 8 bytes, so 4-byte values are saved with whatever is beside them.
  void push(Location src, Width w) {
    if (src.kind() == Kind::kGpr) return a_.push(gpr(src));
    if (src.kind() == Kind::kXmm) {
      i32 bytes = w == Width::k16 ? 16 : 8;
      a_.lea(k64, rsp, Mem(rsp, -bytes));
      return store(Mem(rsp), xmm(src), w);
    }
    if (w == Width::k16) a_.push(slot(src).plus(8));
    a_.push(slot(src));
  }

  void pop(Location dst, Width w) {
    if (dst.kind() == Kind::kGpr) {
      a_.pop(gpr(dst));
      if (w == Width::k4) a_.mov(k32, gpr(dst), gpr(dst));
      return;
    }
    if (dst.kind() == Kind::kXmm) {
      load(xmm(dst), Mem(rsp), w);
      i32 bytes = w == Width::k16 ? 16 : 8;
      return a_.lea(k64, rsp, Mem(rsp, bytes));
    }
    a_.pop(slot(dst));
    if (w == Width::k16) a_.pop(slot(dst).plus(8));
  }

  Assembler& a_;
  Gpr frame_;
  Gpr copy_;
  bool avx_;
};

}  // namespace

void emit_moves(Assembler& a, std::span<const assembly::MoveStep> steps, Gpr frame, Gpr copy) {
  MoveEmitter emitter(a, frame, copy);
  for (const MoveStep& step : steps) {
    assert(frame != rsp || step.kind < MoveStep::Kind::kPush);
    emitter.emit(step);
  }
}

}  // namespace wazuka::x64
