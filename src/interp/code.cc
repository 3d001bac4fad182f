// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Lazy lowering and the map from bytecode addresses to functions.
//
// Every function starts with the same stub as its entry, `lower`, which calls lower_now: that takes
// the module's lock, lowers the body unless another thread has just done so, and publishes the
// entry with a release store. The stub's frame size is that of no function, only enough for the
// link that a caller writes before the body's own size is known.
#include "interp/code.h"

#include <algorithm>
#include <map>
#include <memory>
#include <new>

#include "base/per_thread.h"
#include "interp/dispatch.h"
#include "interp/dump.h"
#include "interp/frame.h"
#include "interp/lowering/sink.h"

namespace wazuka::interp {

namespace {

// Bytes of a frame that no stack has.
constexpr u64 kHugeFrame = u64{1} << 62;

/// The entry of functions that have not been lowered.
const u64* lower_stub() {
  static const u64 code[2] = {kStubFrameCells * sizeof(Cell), handler_word({Base::kLower, 0})};
  return code + 1;
}

/// The entry of functions that are called as machine code.
const u64* native_stub() {
  static const u64 code[2] = {kStubFrameCells * sizeof(Cell), handler_word({Base::kNativeCall, 0})};
  return code + 1;
}

/// The entry of functions whose frames are too large: its stack check always fails.
const u64* huge_stub() {
  static const u64 code[2] = {kHugeFrame, handler_word({Base::kUnreachable, 0})};
  return code + 1;
}

struct Range {
  const u64* end;
  const FuncCode* code;
};

/// Bytecode of all functions in the process, by first word.
struct Ranges {
  std::mutex lock;
  std::map<const u64*, Range> map;
};
Ranges& ranges() {
  static auto* const r = new Ranges;
  return *r;
}

bool decode(const Code::Impl& impl, Lowering& lowering, u32 func_index, bool record_offsets,
            RootMap* roots = nullptr) {
  lowering.begin(func_index, record_offsets, roots);
  LoweringSink sink(lowering);
  BodyDecoder<LoweringSink, Validate::kNo> decoder(*impl.module, sink, func_index,
                                                   &per_thread<DecoderBuffers<LoweringSink>>());
  return decoder.run();
}

Lowering::Context context_of(const Code::Impl& impl) {
  return {impl.module.get(), &impl.layout, impl.funcs, impl.options};
}

/// Lowers into the arena; returns the entry. The lock is held.
const u64* lower_body(Code::Impl& impl, WasmCode& func) {
  Lowering lowering(context_of(impl));
  if (!decode(impl, lowering, func.func_index, false)) return huge_stub();
  const Bytecode code = lowering.finish();
  if (code.frame_cells > kMaxFrameCells) return huge_stub();
  // The word before the entry is the frame's size: the first word, or the last one of the skipped
  // zeroing.
  const size_t n = code.words.size() + 1;
  std::span<u64> words = impl.arena.allocate_span<u64>(n);
  std::copy(code.words.begin(), code.words.end(), words.begin() + 1);
  words[code.entry] = code.frame_cells * sizeof(Cell);
  func.handlers = {impl.arena.copy(code.handlers.regions), impl.arena.copy(code.handlers.handlers)};
  Ranges& r = ranges();
  std::lock_guard<std::mutex> guard(r.lock);
  r.map[words.data()] = {words.data() + n, &func};
  impl.lowered.push_back(words.data());
  return words.data() + 1 + code.entry;
}

}  // namespace

namespace {

u32 defined_funcs(const Module& module) {
  return static_cast<u32>(module.funcs.size()) - module.imported_funcs;
}

}  // namespace

Code::Impl::Impl(std::shared_ptr<const Module> m, ModuleCode* owner, Options o, NativeSide native)
    : module(std::move(m)), layout(*module), options(o) {
  const u32 imported = module->imported_funcs;
  const u32 count = defined_funcs(*module);
  owns_funcs = native.funcs == nullptr;
  void* const memory = owns_funcs ? ::operator new(count * sizeof(WasmCode)) : native.funcs;
  funcs = static_cast<WasmCode*>(memory);
  const u64* const stub = native.code == nullptr ? lower_stub() : native_stub();
  for (u32 i = 0; i < count; ++i) {
    WasmCode& f = *new (funcs + i) WasmCode;
    f.entry.store(stub, std::memory_order_relaxed);
    f.native.store(native.code, std::memory_order_relaxed);
    f.module = owner;
    f.owner = this;
    f.func_index = imported + i;
    const FuncType& type = module->func_type(f.func_index);
    for (ValType t : type.params) f.param_cells += cells_of(t);
    for (ValType t : type.results) f.result_cells += cells_of(t);
  }
}

Code::Impl::~Impl() {
  Ranges& r = ranges();
  std::lock_guard<std::mutex> guard(r.lock);
  for (const u64* start : lowered) r.map.erase(start);
  std::destroy_n(funcs, defined_funcs(*module));
  if (owns_funcs) ::operator delete(funcs);
}

Code::Code(std::shared_ptr<const Module> module, ModuleCode* owner, Options options,
           NativeSide native)
    : impl_(std::make_unique<Impl>(std::move(module), owner, options, native)) {}
Code::~Code() = default;

size_t Code::bytes_for(const Module& module) {
  return defined_funcs(module) * sizeof(WasmCode);
}
size_t Code::bytes_per_func() {
  return sizeof(WasmCode);
}
void Code::interpret(FuncCode& func) {
  func.entry.store(lower_stub(), std::memory_order_release);
}

FuncCode* Code::func(u32 func_index) {
  return &impl_->funcs[func_index - impl_->module->imported_funcs];
}
const Module& Code::module() const {
  return *impl_->module;
}
const VMLayout& Code::layout() const {
  return impl_->layout;
}

const u64* lower_now(FuncCode& code) {
  WasmCode& func = static_cast<WasmCode&>(code);
  Code::Impl& impl = *func.owner;
  std::lock_guard<std::mutex> guard(impl.lock);
  if (func.lowered == nullptr) func.lowered = lower_body(impl, func);
  if (func.entry.load(std::memory_order_relaxed) == lower_stub()) {
    func.entry.store(func.lowered, std::memory_order_release);
  }
  return func.lowered;
}

std::string dump_function(const Code& code, u32 func_index) {
  Lowering lowering(context_of(code.impl()));
  if (!decode(code.impl(), lowering, func_index, false)) return {};
  const Bytecode bytecode = lowering.finish();
  return dump_words(bytecode.words, bytecode.entry);
}

CodeLocation find_code(const u64* pc) {
  Ranges& r = ranges();
  std::lock_guard<std::mutex> guard(r.lock);
  auto it = r.map.upper_bound(pc);
  if (it == r.map.begin()) return {};
  --it;
  if (pc >= it->second.end) return {};
  return {it->second.code, it->first + 1};
}

u32 wasm_offset(const FuncCode& code, u32 word) {
  const WasmCode& func = static_cast<const WasmCode&>(code);
  Lowering lowering(context_of(*func.owner));
  if (!decode(*func.owner, lowering, func.func_index, true)) return ~u32{0};
  lowering.finish();
  u32 offset = ~u32{0};
  for (const Emitter::Offset& o : lowering.emitter().offsets()) {
    if (o.position > word) break;
    offset = o.wasm_offset;
  }
  return offset;
}

std::span<const u16> RootMap::at(u32 word) const {
  auto it = std::upper_bound(sites.begin(), sites.end(), word,
                             [](u32 p, const Site& s) { return p < s.position; });
  if (it == sites.end()) return {};
  return std::span(cells).subspan(it->begin, it->end - it->begin);
}

const RootMap& root_map(const FuncCode& code) {
  // The functions are the owner's, and only this member changes.
  WasmCode& func = const_cast<WasmCode&>(static_cast<const WasmCode&>(code));
  Code::Impl& impl = *func.owner;
  std::lock_guard<std::mutex> guard(impl.lock);
  if (func.roots == nullptr) {
    auto map = std::make_unique<RootMap>();
    Lowering lowering(context_of(impl));
    if (decode(impl, lowering, func.func_index, false, map.get())) lowering.finish();
    func.roots = std::move(map);
  }
  return *func.roots;
}

}  // namespace wazuka::interp
