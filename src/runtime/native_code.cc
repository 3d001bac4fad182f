// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/native_code.h"

#include <algorithm>
#include <utility>

#include "opt/pipeline.h"
#include "runtime/module_code.h"
#include "runtime/native_call.h"
#include "runtime/precompile.h"
#include "tier/thunks.h"

namespace wazuka {

namespace {

// Address space for code: far more than any compiler makes of a byte of a body, or, where there is
// little address space, as much as the usual.
constexpr u64 kGenerousFactor = 32, kModestFactor = 10;
constexpr u64 kBaseBytes = u64{64} << 10;
constexpr u32 kTiers = 3;                    // baseline code, better code, and that of loops
constexpr u64 kMaxCodeBytes = u64{1} << 30;  // code and FuncCodes are within reach of each other

std::unique_ptr<CodeSpace> reserve(const Module& module, u32 tiers, bool capture,
                                   const StoredCode* stored) {
  const u32 functions = static_cast<u32>(module.funcs.size()) - module.imported_funcs;
  const u64 there = stored == nullptr ? 0 : stored->code.bytes;
  // Nothing is made where all code is there, and is as good as it gets.
  const bool complete =
      there != 0 && stored->all().size() == functions &&
      std::ranges::all_of(stored->all(), [](const StoredFunction& f) { return f.optimized != 0; });
  for (u64 factor : {kGenerousFactor, kModestFactor}) {
    const u64 bytes =
        complete ? 0 : std::min(kBaseBytes + factor * module.code.size, kMaxCodeBytes - there);
    CodeSpace::Shape shape;
    shape.data_bytes = interp::Code::bytes_for(module);
    shape.code_bytes = bytes;
    shape.max_functions = functions * tiers;
    shape.keep_relocations = capture;
    shape.stored = stored;
    auto space = CodeSpace::create(shape);
    if (space != nullptr) return space;
  }
  return nullptr;
}

}  // namespace

bool switches_stacks(const Module& module) {
  return std::any_of(module.func_infos.begin(), module.func_infos.end(),
                     [](const FuncInfo& f) { return (f.flags & BodyFlags::kStackSwitching) != 0; });
}

std::unique_ptr<NativeCode> NativeCode::create(const Engine& engine, const Module& module,
                                               const image::Image* image) {
  if (engine.thunks() == nullptr || module.funcs.size() == module.imported_funcs) return nullptr;
  if (switches_stacks(module)) return nullptr;
  std::unique_ptr<NativeCode> native(new NativeCode(engine, module));
  StoredCode* stored = nullptr;
  // Code has the numbers of types in it. Where others have taken these, it cannot be used.
  if (image != nullptr && image->code_distance() == code_distance(module) &&
      std::ranges::equal(image->type_ids(), module.type_ids)) {
    stored = &native->stored_;
    *stored = image->code();
    stored->func_bytes = static_cast<u32>(interp::Code::bytes_per_func());
  }
  native->space_ =
      reserve(module, engine.tiers_up() ? kTiers : 1, engine.config().capture_code, stored);
  return native->space_ != nullptr ? std::move(native) : nullptr;
}

NativeCode::NativeCode(const Engine& engine, const Module& module)
    : engine_(engine), module_(module) {
  if (!engine.tiers_up()) return;
  tiers_ = std::make_unique<FuncTier[]>(module.funcs.size() - module.imported_funcs);
}

void NativeCode::set_code(interp::Code& code) {
  code_ = &code;
  publish_stored();
}

/// Before anyone has the module: functions whose code is in the image.
void NativeCode::publish_stored() {
  for (const StoredFunction& f : stored_.all()) {
    FuncCode& func = *code_->func(f.func_index);
    if (tiers_ != nullptr) {
      if (f.optimized != 0) {
        tier_of(func).better.store(Better::kThere, std::memory_order_relaxed);
      } else {
        begin_counting(func, f.frame_bytes);
      }
    }
    func.native.store(space_->code() + f.begin, std::memory_order_relaxed);
    if (CodeObserver* observer = engine_.config().observer.get()) {
      observer->published(
          {*func.module, f.func_index, {space_->code() + f.begin, f.end - f.begin}, {}});
    }
  }
}

interp::NativeSide NativeCode::side() const {
  return {space_->data(), engine_.thunks()->lazy()};
}

namespace {

// Between the refusal, deep in a call, and the end of that call on the same thread.
thread_local std::optional<Error> refusal;

}  // namespace

std::optional<Error> take_refusal() {
  return std::exchange(refusal, std::nullopt);
}

/// What is refused keeps its lazy stub: whoever calls it gets the error again.
const u8* NativeCode::compile(FuncCode& func) {
  auto at = try_compile(func);
  if (at) return *at;
  refusal = std::move(at).error();
  return engine_.thunks()->refuse();
}

Result<CompiledCode> compile_best(const Engine& engine, const CompileEnv& env, u32 func_index) {
  const CompileLog& log = engine.config().compile_log;
  auto compiled = engine.compile_function()(env, func_index);
  if (!compiled && log.refused != nullptr) log.refused(log.user, func_index, compiled.error());
  if (compiled || engine.second_compile_function() == nullptr) return compiled;
  if (opt::is_mistake(compiled.error())) return compiled;
  return engine.second_compile_function()(env, func_index);
}

Result<const u8*> NativeCode::try_compile(FuncCode& func) {
  const u8* const lazy = engine_.thunks()->lazy();
  if (const u8* at = func.native.load(std::memory_order_acquire); at != lazy) return at;
  if (tiers_ != nullptr) {
    std::lock_guard<std::mutex> guard(lock_);
    auto it = rejected_.find(func.func_index);
    if (it != rejected_.end()) return std::unexpected(Error(it->second));
  }
  auto compiled = compile_first(engine_.compile_env(module_, code_->layout()), func.func_index);
  if (!compiled) return std::unexpected(std::move(compiled).error());
  if (!*compiled) return interpret_from_now_on(func);
  CodeSpace::Placement placement{**std::move(compiled), &func};
  publish({&placement, 1});
  return func.native.load(std::memory_order_acquire);
}

/// Gives code an address, or none if there is no room. The lock is held.
void NativeCode::place(std::span<CodeSpace::Placement> functions) {
  auto resolve = [](void* env, const Relocation& r) -> const void* {
    return static_cast<interp::Code*>(env)->func(r.index);
  };
  CodeObserver* const observer = engine_.config().observer.get();
  if (observer == nullptr) return space_->place(functions, resolve, code_);
  for (CodeSpace::Placement& f : functions) {
    const size_t bytes = f.code.bytes.size();
    const std::vector<CodePosition> positions = std::move(f.code.positions);
    space_->place({&f, 1}, resolve, code_);
    if (f.address == nullptr) continue;
    observer->published({*f.func->module, f.func->func_index, {f.address, bytes}, positions});
  }
}

/// Functions' first code.
void NativeCode::publish(std::span<CodeSpace::Placement> functions) {
  std::lock_guard<std::mutex> guard(lock_);
  // Other threads may have compiled some of them meanwhile.
  const u8* const lazy = engine_.thunks()->lazy();
  const auto known =
      std::partition(functions.begin(), functions.end(), [lazy](const CodeSpace::Placement& f) {
        return f.func->native.load(std::memory_order_acquire) == lazy;
      });
  const auto ours = functions.first(static_cast<size_t>(known - functions.begin()));
  place(ours);
  for (const CodeSpace::Placement& f : ours) {
    if (f.address == nullptr) {
      interpret_from_now_on(*f.func);
      continue;
    }
    if (tiers_ != nullptr) begin_counting(*f.func, f.code.frame_bytes);
    f.func->native.store(f.address, std::memory_order_release);
  }
}

const u8* interpret_from_now_on(FuncCode& func) {
  const Module& module = func.module->module();
  const u8* const leave = native_leave(*native_thunks(), module.func_type(func.func_index));
  interp::Code::interpret(func);
  func.native.store(leave, std::memory_order_release);
  return leave;
}

}  // namespace wazuka
