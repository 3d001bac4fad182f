// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The beginning and the end of a function, and of its compilation.
#include <algorithm>
#include <memory>

#include "base/per_thread.h"
#include "baseline/compiler.h"
#include "baseline/function_compiler.h"
#include "baseline/relocation.h"
#include "baseline/sink.h"

namespace wazuka::baseline {

namespace {

constexpr i32 kAnyFrame = 0x7fffff00;  // needs a 32-bit field; patched

}  // namespace

Result<CompiledCode> compile(const CompileEnv& env, u32 func_index) {
  struct Buffers {
    std::unique_ptr<FunctionCompiler> compiler;
    DecoderBuffers<FunctionSink> decoder;
  };
  Buffers& buffers = per_thread<Buffers>();
  if (buffers.compiler == nullptr || buffers.compiler->cpu() != env.cpu) {
    buffers.compiler = std::make_unique<FunctionCompiler>(env.cpu);
  }
  FunctionCompiler& compiler = *buffers.compiler;
  auto run = [&](bool deep) {
    compiler.begin(env, func_index, deep);
    if (compiler.failed()) return true;
    FunctionSink sink(compiler);
    BodyDecoder<FunctionSink, Validate::kNo> decoder(env.module, sink, func_index,
                                                     &buffers.decoder);
    return decoder.run();
  };
  bool well_formed = run(false);
  if (well_formed && compiler.needs_deep()) well_formed = run(true);
  if (!well_formed) return fail("malformed function body");
  return compiler.finish();
}

void FunctionCompiler::begin(const CompileEnv& env, u32 func_index, bool deep) {
  env_ = &env;
  module_ = &env.module;
  func_index_ = func_index;
  info_ = &module_->func_infos[func_index - module_->imported_funcs];
  type_ = &module_->func_type(func_index);
  failed_ = false;
  failure_.clear();
  a_.reset();
  // Relaxed operations give what the interpreter gives: both run the same store.
  m_.emplace(a_, FloatMode{.canonical_nans = env.canonical_nans, .relaxed_fast = false});
  if (++function_ == 0) {
    convs_.clear();
    function_ = 1;
  }
  conv_ = &conv_of(module_->funcs[func_index].type_index);
  has_limits_ = env.fuel || env.epoch;
  guarded_end_ = env.guard_bytes != 0 && !module_->memories.empty() && env.guarded(0)
                     ? std::min<u64>(env.guard_bytes - kMaxAccessBytes + 1, kMaxOffset)
                     : 0;
  drop_plan();
  layouts_.clear();
  locals_.clear();
  traced_locals_.clear();
  traced_operands_.clear();
  clause_heights_.clear();
  late_.clear();
  strays_.clear();
  pending_clauses_.clear();
  positions_.clear();
  traps_.clear();
  calls_.clear();
  tables_.roots.clear();
  tables_.tries.clear();
  tables_.clauses.clear();
  last_roots_begin_ = last_roots_count_ = rooted_ = 0;
  stack_ = nullptr;
  height_ = settled_ = 0;
  offset_ = module_->funcs[func_index].body.offset;
  max_cells_ = sp_adjust_ = max_adjust_ = 0;
  deep_ = deep;
  std::fill(std::begin(uses_), std::end(uses_), 0);
  std::fill(std::begin(reg_local_), std::end(reg_local_), kNoLocal);
  std::fill(std::begin(last_use_), std::end(last_use_), 0);
  used_ = pinned_ = clock_ = 0;
  zext_.clear();
  vmctx_valid_ = true;
  memory_valid_ = memory_saved_ = false;
  region_ = CallSite::kNoTry;
  loop_depth_ = 0;
  fuel_ = 0;
  growth_ = {};
  bulk_unpaid_ = false;
  loops_.clear();
  if ((info_->flags & BodyFlags::kStackSwitching) != 0) unsupported("stack switching");
  // A VMContext of more than 2 GiB cannot be addressed.
  if (env.layout.size() > 0x7fffffff) unsupported("so many entities");
}

void FunctionCompiler::unsupported(std::string_view what) {
  if (failed_) return;
  failed_ = true;
  failure_ = "not supported by the baseline compiler: ";
  failure_ += what;
}

void FunctionCompiler::begin_body(std::span<const ValType> locals) {
  u64 cell = 0;
  for (ValType t : locals) {
    locals_.push_back({.type = t, .cell = static_cast<u32>(cell)});
    if (t.is_ref() && gc_is_traced(t, module_->types)) {
      traced_locals_.push_back(static_cast<u16>(cell));
    }
    cell += cells_of(t);
  }
  if (cell > kMaxFrameCells) return unsupported("so many locals");
  if ((info_->flags & BodyFlags::kLoops) != 0) loops_.run(*module_, func_index_, locals);
  roots_changed_ = !traced_locals_.empty();
  first_operand_cell_ = static_cast<u32>(cell);
  note_cells(first_operand_cell_);
  prologue();
}

void FunctionCompiler::prologue() {
  count_entry();
  // Most operands take one cell; where the frame turns out larger, the function is compiled again.
  deep_ |= 8 * (u64{first_operand_cell_} + info_->max_stack_height) > kShallowBytes;
  deep_ ? check_stack_deep() : check_stack();
  const bool leaf = (info_->flags & BodyFlags::kCalls) == 0;
  for (u32 i = 0; i < conv_->params.size(); ++i) {
    const ValueLocation& l = conv_->params[i];
    Local& local = locals_[i];
    if (l.kind == ValueLocation::Kind::kStack) {
      const Mem from(x64::rbp, static_cast<i32>(16 + l.offset));
      if (l.type.is_v128()) {
        m_->load_128(kScratchXmm, from);
        m_->store_128(home(local.cell), kScratchXmm);
      } else {
        a_.mov(k64, kScratch, from);
        a_.mov(k64, home(local.cell), kScratch);
      }
      continue;
    }
    bind_local(i, l.kind == ValueLocation::Kind::kGpr ? l.number : static_cast<Reg>(16 + l.number),
               false);
  }
  zero_locals(static_cast<u32>(conv_->params.size()));
  if ((info_->flags & BodyFlags::kMemory0) != 0 && !leaf) {
    memory_base();
    a_.mov(k64, Mem(x64::rbp, -16), kMemoryBase);
    memory_saved_ = true;
  }
  fuel_ = 1;
  check_limits();
}

void FunctionCompiler::check_stack() {
  a_.push(x64::rbp);
  a_.mov(k64, x64::rbp, x64::rsp);
  a_.sub(k64, x64::rsp, kAnyFrame);
  frame_patch_ = a_.offset() - 4;
  a_.mov(k64, Mem(x64::rbp, -8), kVmctx);
  constexpr u32 kSmallCells = 128;
  const bool leaf = (info_->flags & BodyFlags::kCalls) == 0;
  if (leaf && u64{info_->num_locals} + info_->max_stack_height <= kSmallCells) return;
  a_.mov(k64, kScratch, Mem(kVmctx, offsetof(VMContext, store_context)));
  a_.cmp(k64, x64::rsp, Mem(kScratch, offsetof(VMStoreContext, native_stack_limit)));
  trap_if(Cond::kB, TrapCode::kStackOverflow);
}

/// Large frames: rsp stays where there is room until it is known that there is more. A signal that
/// comes before that, the trap itself too, would write below rsp: behind the end of the stack, and
/// behind its guard page.
void FunctionCompiler::check_stack_deep() {
  a_.push(x64::rbp);
  a_.mov(k64, x64::rbp, x64::rsp);
  a_.push(kVmctx);
  a_.push(kVmctx);  // for the alignment of the call of `raise`
  a_.lea(k64, kScratch2, Mem(x64::rbp, -kAnyFrame));
  stack_patch_ = a_.offset() - 4;
  a_.mov(k64, kScratch, Mem(kVmctx, offsetof(VMContext, store_context)));
  a_.cmp(k64, kScratch2, Mem(kScratch, offsetof(VMStoreContext, native_stack_limit)));
  trap_if(Cond::kB, TrapCode::kStackOverflow);
  a_.lea(k64, x64::rsp, Mem(x64::rbp, -kAnyFrame));
  frame_patch_ = a_.offset() - 4;
}

/// The code of the instruction that comes next begins here.
void FunctionCompiler::note_position() {
  const CodePosition here{a_.offset(), offset_};
  if (!positions_.empty() && positions_.back().wasm_offset == offset_) return;
  if (!positions_.empty() && positions_.back().offset == here.offset) {
    positions_.back() = here;  // the one before has no code
  } else {
    positions_.push_back(here);
  }
}

/// Locals begin as zero, in their homes.
void FunctionCompiler::zero_locals(u32 first) {
  if (first >= locals_.size()) return;
  constexpr u32 kUnrolled = 24;
  u32 cell = locals_[first].cell;
  u32 count = first_operand_cell_ - cell;
  if (count == 1) return a_.mov(k64, home(cell), 0);
  m_->zero(kScratchXmm);
  if (count > kUnrolled) {
    a_.lea(k64, kScratch, home(cell));
    a_.load_imm(kScratch2, count / 2);
    Label again;
    a_.bind(again);
    m_->store_128(Mem(kScratch), kScratchXmm);
    a_.add(k64, kScratch, 16);
    a_.sub(k32, kScratch2, 1);
    a_.jcc(Cond::kNe, again);
    cell += count & ~1u;
    count &= 1;
  }
  for (; count >= 2; count -= 2, cell += 2) m_->store_128(home(cell), kScratchXmm);
  if (count == 1) m_->store_64(home(cell), kScratchXmm);
}

Result<CompiledCode> FunctionCompiler::finish() {
  if (!failed_) emit_late();
  if (!failed_ && max_cells_ > kMaxFrameCells) unsupported("a frame of this size");
  if (failed_) return fail(failure_);
  // Negative where it is the displacement of an address.
  a_.buffer().patch_u32(frame_patch_, deep_ ? 0 - frame_bytes() : frame_bytes());
  if (deep_) a_.buffer().patch_u32(stack_patch_, 0 - stack_bytes());
  if (a_.finish() != assembly::CodeBuffer::Failure::kNone) return fail("function too large");
  CompiledCode code;
  code.bytes.assign(a_.bytes().begin(), a_.bytes().end());
  code.alignment = a_.alignment();
  code.frame_bytes = frame_bytes();
  code.positions.assign(positions_.begin(), positions_.end());
  for (const assembly::Site& s : a_.sites()) {
    code.relocations.push_back(
        {s.offset, Relocation::Target::kFuncCode, static_cast<u32>(s.payload)});
  }
  finish_clauses();
  // Copies have the right size, and the originals keep their memory.
  code.tables = tables_;
  code.tables.traps.assign(traps_.all().begin(), traps_.all().end());
  code.tables.calls.assign(calls_.all().begin(), calls_.all().end());
  return code;
}

}  // namespace wazuka::baseline
