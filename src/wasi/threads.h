// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// wasi-threads: a guest starts threads by calling `wasi.thread-spawn`. Each is a thread of the host
// with a store and an instance of the same module of its own; what they have in common are the
// shared memories that the module imports, which are made here, and the WASI context.
//
// The rules are those of the wasi-threads proposal: a new thread enters the export
// `wasi_thread_start` with its id and the guest's argument; ids are positive and below 2^29; when a
// thread traps or calls proc_exit, the whole program ends, which is the embedder's part
// (ThreadHost); when the first thread ends, so does the program, whatever the others do.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "runtime/linker.h"
#include "wasi/context.h"

namespace wazuka::wasi {

/// What the embedder has to say about threads. Its functions are called on the new threads.
class ThreadHost {
 public:
  virtual ~ThreadHost() = default;
  /// Sets limits and deadlines of a new store, and defines imports beyond WASI's own.
  virtual Result<void> prepare_thread(Store& store, Linker& linker) = 0;
  /// A thread has trapped, exited or could not begin: the program is to end.
  virtual void thread_failed(u32 id, ExecError error) = 0;
};

class Threads : public Provider {
 public:
  /// Threads of one guest that live at a time; a store, an instance and two stacks for each.
  static constexpr u32 kMaxThreads = 1024;
  static constexpr u32 kMaxId = (u32{1} << 29) - 1;

  struct Options {
    Context* context = nullptr;  // the first thread's; from now on it is locked
    bool preview0 = true;
    StoreLimits limits;
  };

  /// For the program `code`, which `store` runs. An error if the module does not fit wasi-threads:
  /// if it imports a memory that is not shared, or asks for threads and has no entry for them.
  /// `host` must outlive the threads.
  static Result<std::unique_ptr<Threads>> create(ThreadHost& host, Store& store,
                                                 std::shared_ptr<ModuleCode> code,
                                                 const Options& options);
  /// Waits for the threads that still run.
  ~Threads() override;

  /// `wasi.thread-spawn` and the shared memories, for the store of any thread.
  std::optional<Extern> find(Store& store, std::string_view module, std::string_view name) override;

 private:
  struct SharedMemory {
    std::string_view module, name;  // as the module imports it
    std::shared_ptr<Memory> memory;
  };
  struct Start;

  Threads(ThreadHost& host, Store& store, std::shared_ptr<ModuleCode> code, const Options& options);
  Result<void> create_memories(Store& store);

  static TrapOr spawn_callback(void* env, VMContext* caller, Cell* cells);
  /// The new thread's id, or -1.
  i32 spawn(u32 argument);
  ExecResult<void> run(u32 id, u32 argument);
  void ended();

  ThreadHost& host_;
  std::shared_ptr<Engine> engine_;
  std::shared_ptr<ModuleCode> code_;
  Options options_;
  std::vector<SharedMemory> memories_;
  std::mutex lock_;  // guards what follows
  std::condition_variable all_ended_;
  u32 last_id_ = 0;
  u32 live_ = 0;
};

}  // namespace wazuka::wasi
