// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Bodies are independent of each other, so they are cut into chunks of about kChunkBytes that
// workers take in order. A chunk stops at its first error, and chunks after a failed one are
// skipped; chunks before it are always finished. So the error of the first failed chunk is the one
// with the lowest offset, however many threads there are.
//
// Each worker keeps its decoder buffers; side data goes to the chunk and is merged in order.
#include "wasm/validator.h"

#include <algorithm>
#include <atomic>

#include "base/parallel.h"
#include "wasm/validation_sink.h"

namespace wazuka {
namespace {

constexpr u32 kChunkBytes = 64 * 1024;
constexpr u32 kParallelBytes = 256 * 1024;  // less code than that is done before a thread starts

struct Chunk {
  u32 begin = 0, end = 0;  // function indices
  FuncInfoPool pool;
  bool failed = false;
  Error error;
};

std::vector<Chunk> make_chunks(const Module& module) {
  std::vector<Chunk> chunks;
  u32 bytes = kChunkBytes;
  for (u32 i = module.imported_funcs; i < module.funcs.size(); ++i) {
    if (bytes >= kChunkBytes) {
      chunks.emplace_back().begin = i;
      bytes = 0;
    }
    bytes += module.funcs[i].body.size;
    chunks.back().end = i + 1;
  }
  return chunks;
}

class BodyValidator {
 public:
  explicit BodyValidator(Module& module) : module_(module), chunks_(make_chunks(module)) {
    module_.own_func_infos.resize(module.funcs.size() - module.imported_funcs);
    first_failed_ = static_cast<u32>(chunks_.size());
  }

  Result<void> run(u32 threads) {
    run_parallel(std::min<u32>(threads, static_cast<u32>(chunks_.size())), [this] { work(); });
    u32 failed = first_failed_.load();
    if (failed < chunks_.size()) return std::unexpected(std::move(chunks_[failed].error));
    merge();
    module_.func_infos = module_.own_func_infos;
    module_.func_info_pool = {module_.own_func_info_pool.loops,
                              module_.own_func_info_pool.assigned_locals};
    return {};
  }

 private:
  void work() {
    DecoderBuffers<ValidationSink> buffers;
    ValidationSink sink;
    while (true) {
      u32 index = next_.fetch_add(1, std::memory_order_relaxed);
      if (index >= first_failed_.load(std::memory_order_relaxed)) return;
      validate(chunks_[index], sink, buffers);
      if (chunks_[index].failed) note_failure(index);
    }
  }

  void note_failure(u32 index) {
    u32 first = first_failed_.load();
    while (index < first && !first_failed_.compare_exchange_weak(first, index)) {
    }
  }

  void validate(Chunk& chunk, ValidationSink& sink, DecoderBuffers<ValidationSink>& buffers) {
    for (u32 func = chunk.begin; func < chunk.end; ++func) {
      sink.begin_body(module_.funcs[func].body.size, &chunk.pool);
      BodyDecoder<ValidationSink, Validate::kYes> decoder(module_, sink, func, &buffers);
      if (!decoder.run()) {
        chunk.failed = true;
        chunk.error = decoder.take_error();
        return;
      }
      module_.own_func_infos[func - module_.imported_funcs] = sink.info;
    }
  }

  /// Concatenates the chunks' side data and moves the functions' indices into it.
  void merge() {
    FuncInfoPool& all = module_.own_func_info_pool;
    size_t loops = 0, locals = 0;
    for (const Chunk& chunk : chunks_) {
      loops += chunk.pool.loops.size();
      locals += chunk.pool.assigned_locals.size();
    }
    all.loops.reserve(loops);
    all.assigned_locals.reserve(locals);
    for (Chunk& chunk : chunks_) {
      u32 loop_base = static_cast<u32>(all.loops.size());
      u32 local_base = static_cast<u32>(all.assigned_locals.size());
      for (LoopInfo& loop : chunk.pool.loops) loop.assigned_begin += local_base;
      for (u32 func = chunk.begin; func < chunk.end; ++func) {
        module_.own_func_infos[func - module_.imported_funcs].loops_begin += loop_base;
      }
      all.loops.insert(all.loops.end(), chunk.pool.loops.begin(), chunk.pool.loops.end());
      all.assigned_locals.insert(all.assigned_locals.end(), chunk.pool.assigned_locals.begin(),
                                 chunk.pool.assigned_locals.end());
      chunk.pool = {};
    }
  }

  Module& module_;
  std::vector<Chunk> chunks_;
  std::atomic<u32> next_ = 0;
  std::atomic<u32> first_failed_;
};

}  // namespace

void note_tables(Module& module) {
  module.table_facts.assign(module.tables.size(), {});
  for (const FuncInfo& f : module.func_infos) {
    if ((f.flags & BodyFlags::kWritesTables) != 0) return;
  }
  for (u32 i = module.imported_tables; i < module.tables.size(); ++i) {
    module.table_facts[i].own = module.tables[i].init.size == 0;
  }
  for (const Export& e : module.exports) {
    if (e.kind == ExternKind::kTable) module.table_facts[e.index].own = false;
  }
  std::vector<u8> mixed(module.tables.size(), 0);
  for (const ElemSegment& s : module.elems) {
    if (s.mode != SegmentMode::kActive) continue;
    TableFacts& t = module.table_facts[s.table];
    if (!s.exprs.empty()) t.own = false;
    for (u32 func : s.funcs) {
      if (func < module.imported_funcs) t.own = false;
      const u32 type = module.funcs[func].type_index;
      if (t.type_index == TableFacts::kNoType) t.type_index = type;
      if (t.type_index != type) mixed[s.table] = 1;
    }
  }
  for (u32 i = 0; i < module.tables.size(); ++i) {
    if (mixed[i] != 0 || !module.table_facts[i].own) {
      module.table_facts[i].type_index = TableFacts::kNoType;
    }
  }
}

Result<void> validate_bodies(Module& module, u32 threads) {
  if (module.code.size < kParallelBytes) threads = 1;
  if (threads == 0) threads = usable_cores();
  WAZUKA_TRY(BodyValidator(module).run(threads));
  note_tables(module);
  return {};
}

void find_body_errors(Module& module, std::vector<Error>& errors) {
  constexpr size_t kMaxErrors = 10'000;
  DecoderBuffers<ValidationSink> buffers;
  ValidationSink sink;
  FuncInfoPool pool;
  for (u32 func = module.imported_funcs; func < module.funcs.size(); ++func) {
    if (module.funcs[func].body.size == 0 || errors.size() >= kMaxErrors) continue;
    sink.begin_body(module.funcs[func].body.size, &pool);
    BodyDecoder<ValidationSink, Validate::kYes> decoder(module, sink, func, &buffers);
    if (!decoder.run()) errors.push_back(decoder.take_error());
    pool = {};
  }
}

}  // namespace wazuka
