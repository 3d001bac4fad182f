// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs compiled functions without a runtime: an instance with memories, tables of its functions and
// globals that begin as zero, and builtins that the test provides. Traps are calls of `raise`.
#pragma once

#include <cstdlib>
#include <gtest/gtest.h>
#include <memory>
#include <string_view>
#include <sys/mman.h>
#include <vector>

#include "abi/call_conv.h"
#include "abi/layout.h"
#include "asm/x64/assembler.h"
#include "baseline/compiler.h"
#include "os/virtual_memory.h"
#include "unit/wasm/module_fixture.h"

namespace wazuka::baseline {

struct MachineOptions {
  bool guarded = false;  // accesses out of bounds are not to happen then
  bool fuel = false;
  assembly::CpuFeatures cpu = assembly::CpuFeatures::host();
};

class Machine {
 public:
  explicit Machine(std::string_view text, MachineOptions options = {})
      : module_(read_valid(text)), layout_(*module_) {
    CompileEnv env{*module_, layout_, options.cpu};
    env.signals = options.guarded;
    env.fuel = options.fuel;
    env.guard_bytes = options.guarded ? 1u << 20 : 0;
    place(env);
    make_instance();
  }
  ~Machine() { munmap(region_, kRegionBytes); }

  struct Outcome {
    TrapOr trap = kNoTrap;
    std::vector<Cell> cells;
    bool operator==(const Outcome&) const = default;
  };

  Outcome call(std::string_view name, std::vector<Cell> args) {
    const Export* e = module_->find_export(name);
    if (e == nullptr) ADD_FAILURE() << "no export " << name;
    const FuncType& type = module_->func_type(e->index);
    Outcome out;
    out.cells = std::move(args);
    size_t results = 0;
    for (ValType t : type.results) results += t.is_v128() ? 2 : 1;
    out.cells.resize(std::max(out.cells.size(), results) + 1);
    out.trap = enter(type)(&store_, vm_, &funcs_[e->index], out.cells.data());
    out.cells.resize(results);
    for (size_t i = 0, cell = 0; i < type.results.size(); ++i) {
      const ValType t = type.results[i];
      if (t == kI32 || t == kF32) out.cells[cell] = static_cast<u32>(out.cells[cell]);
      cell += t.is_v128() ? 2 : 1;
    }
    if (out.trap != kNoTrap) out.cells.clear();
    return out;
  }
  /// Of a function with one result of one cell.
  Cell value(std::string_view name, std::vector<Cell> args) {
    Outcome out = call(name, std::move(args));
    EXPECT_EQ(out.trap, kNoTrap) << name;
    return out.cells.empty() ? ~u64{0} : out.cells[0];
  }
  TrapOr trap(std::string_view name, std::vector<Cell> args) {
    return call(name, std::move(args)).trap;
  }

  const CompiledCode& code(u32 func) const { return code_[func]; }
  u8* memory(u32 index = 0) { return reservations_[index].base(); }
  VMBuiltins& builtins() { return builtins_; }
  u64& fuel() { return store_.fuel; }

 private:
  using Enter = TrapOr (*)(VMStoreContext*, VMContext*, FuncCode*, Cell*);
  static constexpr size_t kRegionBytes = 4 << 20;

  u8* put(std::span<const u8> bytes) {
    used_ = (used_ + 63) & ~size_t{63};
    u8* at = region_ + used_;
    std::copy(bytes.begin(), bytes.end(), at);
    used_ += bytes.size();
    return at;
  }

  void place(const CompileEnv& env) {
    region_ = static_cast<u8*>(mmap(nullptr, kRegionBytes, PROT_READ | PROT_WRITE | PROT_EXEC,
                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    funcs_ = new (region_) FuncCode[module_->funcs.size()];
    used_ = module_->funcs.size() * sizeof(FuncCode);
    code_.resize(module_->funcs.size());
    for (u32 i = 0; i < module_->funcs.size(); ++i) {
      auto code = compile(env, i);
      ASSERT_TRUE(code) << code.error().message;
      code_[i] = *code;
      u8* at = put(code->bytes);
      for (const Relocation& r : code->relocations) {
        u32 field;
        std::memcpy(&field, at + r.offset, 4);
        field += static_cast<u32>(reinterpret_cast<u64>(&funcs_[r.index]) -
                                  reinterpret_cast<u64>(at + r.offset));
        std::memcpy(at + r.offset, &field, 4);
      }
      funcs_[i].native.store(at);
      funcs_[i].func_index = i;
    }
  }

  void make_instance() {
    vm_ = static_cast<VMContext*>(aligned_alloc(16, (layout_.size() + 15) & ~u64{15}));
    std::memset(static_cast<void*>(vm_), 0, layout_.size());
    vm_owner_.reset(vm_);
    new (vm_) VMContext();
    vm_->store_context = &store_;
    store_.builtins = &builtins_;
    vm_->type_ids = module_->type_ids.data();
    reservations_.reserve(module_->memories.size());
    memories_ = std::vector<VMMemory>(module_->memories.size());
    for (u32 i = 0; i < memories_.size(); ++i) {
      const MemoryType& type = module_->memories[i];
      const u64 bytes = type.limits.min << type.page_size_log2;
      reservations_.push_back(os::Reservation::reserve((u64{4} << 30) + (2 << 20)));
      reservations_.back().commit(0, bytes);
      memories_[i].base = reservations_.back().base();
      memories_[i].size = bytes;
      *vm_at<VMMemory*>(vm_, layout_.memory(i)) = &memories_[i];
    }
    if (!memories_.empty()) {
      vm_->memory0 = &memories_[0];
      vm_->memory0_base = memories_[0].base;
    }
    refs_.resize(module_->funcs.size());
    for (u32 i = 0; i < refs_.size(); ++i) {
      refs_[i] = {&funcs_[i], vm_, module_->type_ids[module_->funcs[i].type_index]};
    }
    elements_.resize(module_->tables.size());
    tables_.resize(module_->tables.size());
    for (u32 i = 0; i < tables_.size(); ++i) {
      elements_[i].resize(module_->tables[i].type.limits.min);
      for (const ElemSegment& e : module_->elems) {
        for (u32 k = 0; e.table == i && k < e.funcs.size(); ++k) {
          elements_[i][k] = reinterpret_cast<Cell>(&refs_[e.funcs[k]]);
        }
      }
      tables_[i] = {elements_[i].data(), elements_[i].size()};
      *vm_at<VMTable*>(vm_, layout_.table(i)) = &tables_[i];
    }
    make_stubs();
  }

  void make_stubs() {
    using namespace x64;
    Assembler a(assembly::CpuFeatures{});
    a.mov(k64, rax, Mem(rdi, offsetof(VMContext, store_context)));
    a.mov(k64, rax, Mem(rax, offsetof(VMStoreContext, builtins)));
    a.jmp(Mem(rax, r11, Scale::k1));
    EXPECT_EQ(a.finish(), assembly::CodeBuffer::Failure::kNone);
    vm_->builtin_stub = put(a.bytes());
    a.reset();
    a.mov(k32, rax, rsi);
    a.mov(k64, r11, Mem(rdi, offsetof(VMContext, store_context)));
    a.mov(k64, rsp, Mem(r11, offsetof(VMStoreContext, native_entry_sp)));
    for (Gpr r : {r15, r14, r13, r12, rbp, rbx}) a.pop(r);
    a.ret();
    EXPECT_EQ(a.finish(), assembly::CodeBuffer::Failure::kNone);
    vm_->raise_stub = put(a.bytes());
  }

  Enter enter(const FuncType& type) {
    using namespace x64;
    const CallConv cc(type);
    Assembler a(assembly::CpuFeatures{});
    for (Gpr r : {rbx, rbp, r12, r13, r14, r15}) a.push(r);
    a.mov(k64, Mem(rdi, offsetof(VMStoreContext, native_entry_sp)), rsp);
    a.mov(k64, rbp, rsp);
    a.mov(k64, r14, rsi);
    a.mov(k64, r10, rdx);
    a.mov(k64, r11, rcx);
    a.push(r11);
    a.sub(k64, rsp, static_cast<i32>(cc.param_bytes + cc.result_bytes));
    i32 cell = 0;
    auto each = [&](const std::vector<ValueLocation>& list, auto&& f) {
      cell = 0;
      for (const ValueLocation& l : list) {
        f(l, Mem(r11, cell));
        cell += l.type.is_v128() ? 16 : 8;
      }
    };
    each(cc.params, [&](const ValueLocation& l, const Mem& m) {
      if (l.kind == ValueLocation::Kind::kGpr) a.mov(k64, Gpr{l.number}, m);
      if (l.kind == ValueLocation::Kind::kXmm) {
        l.type.is_v128() ? a.movups(Xmm{l.number}, m) : a.movsd(Xmm{l.number}, m);
      }
      if (l.kind != ValueLocation::Kind::kStack) return;
      const Mem to(rsp, static_cast<i32>(l.offset));
      a.movups(xmm15, m);
      l.type.is_v128() ? a.movups(to, xmm15) : a.movsd(to, xmm15);
    });
    a.call(Mem(r10, offsetof(FuncCode, native)));
    a.mov(k64, r11, Mem(rbp, -8));
    each(cc.results, [&](const ValueLocation& l, const Mem& m) {
      if (l.kind == ValueLocation::Kind::kGpr) a.mov(k64, m, Gpr{l.number});
      if (l.kind == ValueLocation::Kind::kXmm) {
        l.type.is_v128() ? a.movups(m, Xmm{l.number}) : a.movsd(m, Xmm{l.number});
      }
      if (l.kind != ValueLocation::Kind::kStack) return;
      const Mem from(rsp, static_cast<i32>(l.offset));
      l.type.is_v128() ? a.movups(xmm15, from) : a.movsd(xmm15, from);
      l.type.is_v128() ? a.movups(m, xmm15) : a.movsd(m, xmm15);
    });
    a.mov(k64, rsp, rbp);
    a.mov_u32(rax, ~u32{0});
    for (Gpr r : {r15, r14, r13, r12, rbp, rbx}) a.pop(r);
    a.ret();
    EXPECT_EQ(a.finish(), assembly::CodeBuffer::Failure::kNone);
    return reinterpret_cast<Enter>(put(a.bytes()));
  }

  struct Free {
    void operator()(void* p) const { std::free(p); }
  };

  std::shared_ptr<const Module> module_;
  VMLayout layout_;
  u8* region_ = nullptr;
  size_t used_ = 0;
  FuncCode* funcs_ = nullptr;
  std::vector<CompiledCode> code_;
  VMContext* vm_ = nullptr;
  std::unique_ptr<void, Free> vm_owner_;
  VMStoreContext store_;
  VMBuiltins builtins_{};
  std::vector<VMMemory> memories_;
  std::vector<os::Reservation> reservations_;
  std::vector<VMTable> tables_;
  std::vector<std::vector<Cell>> elements_;
  std::vector<VMFuncRef> refs_;
};

}  // namespace wazuka::baseline
