// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/coredump.h"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "wasm/encoder.h"
#include "wasm/limits.h"

namespace wazuka::debug {
namespace {

constexpr u8 kMissingValue = 0x01;
constexpr size_t kChunk = 4096;  // Wasmtime's, so that dumps of one state are alike

void write_indices(BinaryWriter& out, std::span<const u32> list) {
  out.u32v(static_cast<u32>(list.size()));
  for (const u32 i : list) out.u32v(i);
}

/// The top of the hierarchy of an abstract heap type. References are written as null, for which any
/// type above would do; indices would be those of another module.
HeapType top_type(HeapType heap) {
  if (heap.is_index()) return HeapType::kAny;
  switch (heap.abstract()) {
    case HeapType::kFunc:
    case HeapType::kNoFunc: return HeapType::kFunc;
    case HeapType::kExtern:
    case HeapType::kNoExtern: return HeapType::kExtern;
    case HeapType::kExn:
    case HeapType::kNoExn: return HeapType::kExn;
    case HeapType::kCont:
    case HeapType::kNoCont: return HeapType::kCont;
    case HeapType::kAny:
    case HeapType::kEq:
    case HeapType::kI31:
    case HeapType::kStruct:
    case HeapType::kArray:
    case HeapType::kNone:
    case HeapType::kBottom: break;
  }
  return HeapType::kAny;
}

void write_global(BinaryWriter& out, const CoreGlobal& g) {
  const HeapType top = g.type.type.is_ref() ? top_type(g.type.type.heap()) : HeapType();
  out.val_type(g.type.type.is_ref() ? ValType::ref(top, /*nullable=*/true) : g.type.type);
  out.byte(g.type.mut ? 1 : 0);
  switch (g.type.type.kind()) {
    case ValKind::kI32:
      out.op(Op::kI32Const);
      out.s32v(static_cast<i32>(g.bits));
      break;
    case ValKind::kI64:
      out.op(Op::kI64Const);
      out.s64v(static_cast<i64>(g.bits));
      break;
    case ValKind::kF32:
      out.op(Op::kF32Const);
      out.u32le(static_cast<u32>(g.bits));
      break;
    case ValKind::kF64:
      out.op(Op::kF64Const);
      out.u64le(g.bits);
      break;
    case ValKind::kV128:
      out.op(Op::kV128Const);
      out.u64le(g.bits);
      out.u64le(g.high_bits);
      break;
    case ValKind::kBottom:
    case ValKind::kRef: out.op(Op::kRefNull); out.heap_type(top);
  }
  out.op(Op::kEnd);
}

void write_value(BinaryWriter& out, const CoreValue& v) {
  switch (v.kind) {
    case ValKind::kI32: out.val_type(kI32); return out.s32v(static_cast<i32>(v.bits));
    case ValKind::kI64: out.val_type(kI64); return out.s64v(static_cast<i64>(v.bits));
    case ValKind::kF32: out.val_type(kF32); return out.u32le(static_cast<u32>(v.bits));
    case ValKind::kF64: out.val_type(kF64); return out.u64le(v.bits);
    case ValKind::kV128:
    case ValKind::kBottom:
    case ValKind::kRef: return out.byte(kMissingValue);
  }
}

void write_values(BinaryWriter& out, std::span<const CoreValue> list) {
  out.u32v(static_cast<u32>(list.size()));
  for (const CoreValue& v : list) write_value(out, v);
}

void write_stack(BinaryWriter& out, const CoreThread& thread) {
  BinaryWriter contents;
  contents.byte(0);
  contents.name(thread.name);
  contents.u32v(static_cast<u32>(thread.frames.size()));
  for (const CoreFrame& f : thread.frames) {
    contents.byte(0);
    contents.u32v(f.instance);
    contents.u32v(f.func_index);
    contents.u32v(f.code_offset);
    write_values(contents, f.locals);
    write_values(contents, f.stack);
  }
  write_custom_section(out, "corestack", contents.bytes());
}

/// Everything before the data section.
BinaryWriter head(const CoreDump& dump) {
  BinaryWriter out;
  write_module_header(out);
  BinaryWriter core;
  core.byte(0);
  core.name(dump.program);
  write_custom_section(out, "core", core.bytes());
  BinaryWriter memories;
  memories.u32v(static_cast<u32>(dump.memories.size()));
  for (const CoreMemory& m : dump.memories) memories.memory_type(m.type);
  write_section(out, SectionId::kMemory, memories);
  BinaryWriter globals;
  globals.u32v(static_cast<u32>(dump.globals.size()));
  for (const CoreGlobal& g : dump.globals) write_global(globals, g);
  write_section(out, SectionId::kGlobal, globals);
  return out;
}

/// Everything after the data section.
BinaryWriter tail(const CoreDump& dump) {
  BinaryWriter out, modules, instances;
  modules.u32v(static_cast<u32>(dump.modules.size()));
  for (size_t i = 0; i < dump.modules.size(); ++i) {
    modules.byte(0);
    const std::string& name = dump.modules[i];
    modules.name(name.empty() ? "<anonymous-module-" + std::to_string(i) + ">" : name);
  }
  write_custom_section(out, "coremodules", modules.bytes());
  instances.u32v(static_cast<u32>(dump.instances.size()));
  for (const CoreInstance& i : dump.instances) {
    instances.byte(0);
    instances.u32v(i.module);
    write_indices(instances, i.memories);
    write_indices(instances, i.globals);
  }
  write_custom_section(out, "coreinstances", instances.bytes());
  for (const CoreThread& t : dump.threads) write_stack(out, t);
  return out;
}

/// A segment: what of a memory is not zero, without the rest of its chunk.
struct Segment {
  u32 memory = 0;
  u64 offset = 0, size = 0;
};

bool is_zero(u8 b) {
  return b == 0;
}

/// Most chunks are; the library compares many bytes at a time.
bool all_zero(std::span<const u8> chunk) {
  return chunk[0] == 0 && std::memcmp(chunk.data(), chunk.data() + 1, chunk.size() - 1) == 0;
}

/// Small chunks make small files, but the segments of a module are limited.
std::vector<Segment> find_segments(const CoreDump& dump) {
  u64 total = 0;
  for (const CoreMemory& m : dump.memories) total += m.bytes.size();
  size_t chunk_size = kChunk;
  constexpr u64 kMax = limits::kMaxDataSegments;
  const u64 max_chunks = kMax - std::min<u64>(dump.memories.size(), kMax / 2);
  while (total / chunk_size > max_chunks) chunk_size *= 2;
  std::vector<Segment> out;
  for (u32 memory = 0; memory < dump.memories.size(); ++memory) {
    const std::span<const u8> bytes = dump.memories[memory].bytes;
    for (size_t start = 0; start < bytes.size(); start += chunk_size) {
      const auto chunk = bytes.subspan(start, std::min(chunk_size, bytes.size() - start));
      if (all_zero(chunk)) continue;
      // A shared memory may have become zero meanwhile.
      const auto first = std::ranges::find_if_not(chunk, is_zero);
      const auto before = std::make_reverse_iterator(first);
      const auto last = std::find_if_not(chunk.rbegin(), before, is_zero).base();
      out.push_back({memory, start + static_cast<u64>(first - chunk.begin()),
                     static_cast<u64>(last - first)});
    }
  }
  return out;
}

/// All of a segment but its bytes.
BinaryWriter segment_head(const CoreDump& dump, const Segment& s) {
  BinaryWriter out;
  out.u32v(s.memory == 0 ? 0 : 2);
  if (s.memory != 0) out.u32v(s.memory);
  if (dump.memories[s.memory].type.address == AddressType::kI64) {
    out.op(Op::kI64Const);
    out.s64v(static_cast<i64>(s.offset));
  } else {
    out.op(Op::kI32Const);
    out.s64v(static_cast<i32>(s.offset));
  }
  out.op(Op::kEnd);
  out.u64v(s.size);
  return out;
}

}  // namespace

Result<void> write_core_dump(const CoreDump& dump, const CoreSink& sink) {
  const std::vector<Segment> segments = find_segments(dump);
  BinaryWriter count;
  count.u64v(segments.size());
  u64 size = count.size();
  for (const Segment& s : segments) size += segment_head(dump, s).size() + s.size;
  if (size > 0xffff'ffff) return fail("the memories hold too much data for a core dump");

  BinaryWriter start = head(dump);
  start.byte(static_cast<u8>(SectionId::kData));
  start.u64v(size);
  start.raw(count.bytes());
  bool ok = sink(start.bytes());
  for (const Segment& s : segments) {
    ok = ok && sink(segment_head(dump, s).bytes()) &&
         sink(dump.memories[s.memory].bytes.subspan(static_cast<size_t>(s.offset),
                                                    static_cast<size_t>(s.size)));
  }
  ok = ok && sink(tail(dump).bytes());
  if (!ok) return fail("writing the core dump failed");
  return {};
}

}  // namespace wazuka::debug
