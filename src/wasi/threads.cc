// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/threads.h"

#include <string>

#include "os/thread.h"
#include "wasi/link.h"

namespace wazuka::wasi {
namespace {

constexpr std::string_view kModule = "wasi";
constexpr std::string_view kSpawn = "thread-spawn";
constexpr std::string_view kEntry = "wasi_thread_start";
constexpr i32 kFailed = -1;

bool is_entry_type(const FuncType& type) {
  return type.results.empty() && type.params.size() == 2 && type.params[0] == kI32 &&
         type.params[1] == kI32;
}

/// The module's entry for threads, or null.
const Export* find_entry(const Module& module) {
  const Export* entry = module.find_export(kEntry);
  if (entry == nullptr || entry->kind != ExternKind::kFunc) return nullptr;
  const SubType& type = module.types[module.funcs[entry->index].type_index];
  return is_entry_type(type.func) ? entry : nullptr;
}

}  // namespace

/// What a new thread is told.
struct Threads::Start {
  Threads* threads;
  u32 id;
  u32 argument;
};

Threads::Threads(ThreadHost& host, Store& store, std::shared_ptr<ModuleCode> code,
                 const Options& options)
    : host_(host), engine_(store.shared_engine()), code_(std::move(code)), options_(options) {}

Threads::~Threads() {
  std::unique_lock lock(lock_);
  all_ended_.wait(lock, [this] { return live_ == 0; });
}

Result<std::unique_ptr<Threads>> Threads::create(ThreadHost& host, Store& store,
                                                 std::shared_ptr<ModuleCode> code,
                                                 const Options& options) {
  std::unique_ptr<Threads> threads(new Threads(host, store, std::move(code), options));
  WAZUKA_TRY(threads->create_memories(store));
  options.context->threaded = true;
  return threads;
}

Result<void> Threads::create_memories(Store& store) {
  const Module& module = code_->module();
  for (const Import& import : module.imports) {
    if (import.kind == ExternKind::kFunc && import.module == kModule && import.name == kSpawn &&
        find_entry(module) == nullptr) {
      return fail("a module with threads must export a function `" + std::string(kEntry) +
                  "` with parameters (i32, i32) and no results");
    }
    if (import.kind != ExternKind::kMemory) continue;
    const MemoryType& type = module.memories[import.index];
    if (!type.shared) {
      return fail("the memory `" + std::string(import.module) + "::" + std::string(import.name) +
                  "` of a module with threads is not shared");
    }
    auto memory = store.new_memory(type);
    if (!memory) return std::unexpected(std::move(memory).error());
    memories_.push_back({import.module, import.name, (*memory)->shared_from_this()});
  }
  return {};
}

std::optional<Extern> Threads::find(Store& store, std::string_view module, std::string_view name) {
  if (module == kModule && name == kSpawn) {
    static constexpr ValType kTypes[] = {kI32, kI32};
    std::span<const ValType> types(kTypes);
    return store.new_host_func({types.first(1), types.last(1)}, &Threads::spawn_callback, this);
  }
  for (const SharedMemory& shared : memories_) {
    if (shared.module == module && shared.name == name) return store.adopt(shared.memory);
  }
  return std::nullopt;
}

TrapOr Threads::spawn_callback(void* env, VMContext* /*caller*/, Cell* cells) {
  cells[0] = static_cast<u32>(static_cast<Threads*>(env)->spawn(static_cast<u32>(cells[0])));
  return kNoTrap;
}

i32 Threads::spawn(u32 argument) {
  auto start = std::make_unique<Start>(Start{this, 0, argument});
  {
    std::lock_guard lock(lock_);
    if (live_ == kMaxThreads || last_id_ == kMaxId) return kFailed;
    ++live_;
    start->id = ++last_id_;
  }
  u32 id = start->id;
  auto body = [](void* raw) {
    std::unique_ptr<Start> s(static_cast<Start*>(raw));
    auto result = s->threads->run(s->id, s->argument);
    if (!result) s->threads->host_.thread_failed(s->id, std::move(result).error());
    s->threads->ended();
  };
  if (!os::start_thread(body, start.get())) {
    ended();
    return kFailed;
  }
  static_cast<void>(start.release());  // the thread owns it now
  return static_cast<i32>(id);
}

ExecResult<void> Threads::run(u32 id, u32 argument) {
  Store store(engine_, options_.limits);
  Linker linker(store);
  WasiProvider wasi(*options_.context, options_.preview0);
  linker.add_provider(wasi);
  linker.add_provider(*this);
  WAZUKA_TRY(host_.prepare_thread(store, linker));
  auto instance = linker.instantiate(code_);
  if (!instance) return std::unexpected(std::move(instance).error());
  const Export* entry = find_entry(code_->module());
  Cell cells[2] = {id, argument};
  auto result = store.call_raw(*(*instance)->func_ref(entry->index), cells);
  if (result) return result;
  return std::unexpected(
      std::move(result).error().context("failed to invoke `" + std::string(kEntry) + "`"));
}

void Threads::ended() {
  std::lock_guard lock(lock_);
  if (--live_ == 0) all_ended_.notify_all();
}

}  // namespace wazuka::wasi
