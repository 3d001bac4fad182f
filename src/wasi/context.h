// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Everything a guest can reach through WASI: arguments, environment, descriptors, clocks,
// randomness. One Context belongs to one guest instance (or group of instances sharing a store);
// there is no state outside it.
//
// A guest with threads (wasi/threads.h) has one Context for all of them: one call runs at a time,
// but a call that may have to wait lets the others in meanwhile (Unlocked). Without threads there
// is no lock.
//
// The embedder must ignore SIGPIPE (or block it), so that a write to a closed pipe gives the guest
// kPipe instead of ending the process; sockets are safe by themselves.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "wasi/core/clocks.h"
#include "wasi/core/descriptors.h"
#include "wasi/core/file_view.h"
#include "wasi/core/random.h"
#include "wasi/core/resolver.h"
#include "wasi/guest_memory.h"
#include "wasi/outcome.h"

namespace wazuka::wasi {

struct HostFunction;

/// One call, for logging. `arguments` holds one u64 per parameter.
struct CallEvent {
  const HostFunction& function;
  const u64* arguments;
  GuestMemory memory;
};
/// Is told before and after each call. Null: no tracing.
struct Tracer {
  void (*on_enter)(void* user, const CallEvent& call) = nullptr;
  void (*on_exit)(void* user, const CallEvent& call, const Outcome& outcome) = nullptr;
  void* user = nullptr;
};

struct Preopen {
  std::string host_path;
  std::string guest_name;
  Access access = Access::kReadWrite;
};

/// How to make a Context. The default is a guest with nothing: no arguments, no streams, no files.
struct ContextOptions {
  static constexpr int kNoStream = -1;

  std::vector<std::string> arguments;                            // argv[0] included
  std::vector<std::pair<std::string, std::string>> environment;  // in the order given
  std::vector<Preopen> preopens;
  // Bound, listening stream sockets; made non-blocking; numbered before preopens.
  std::vector<os::OwnedFd> listeners;
  int stdin_fd = kNoStream;  // host descriptors, not owned
  int stdout_fd = kNoStream;
  int stderr_fd = kNoStream;
  OutputSink stdout_sink, stderr_sink;  // without a descriptor: who takes the output
  Clocks clocks = Clocks::host();
  Random random = Random::os();
  FileView files = FileView::host();
  Resolver::Method resolver = Resolver::Method::kAutomatic;
  Tracer tracer;

  void inherit_stdio() {
    stdin_fd = 0;
    stdout_fd = 1;
    stderr_fd = 2;
  }
};

struct Context {
  /// Opens the preopens. The error's message is the host's, e.g.
  /// "No such file or directory (os error 2)".
  static Result<std::unique_ptr<Context>> create(ContextOptions options);

  std::vector<std::string> arguments;
  std::vector<std::string> environment;  // "NAME=value"
  DescriptorTable descriptors;           // 0 to 2: the standard streams; then listeners, preopens
  Clocks clocks;
  Random random;
  FileView files;
  Resolver resolver;
  Tracer tracer;
  bool threaded = false;  // set before the guest can start its first thread
  std::mutex call_lock;   // held during a call if `threaded`
};

/// While it lives, other threads of the guest may make calls; what the waiting call still uses must
/// be shared (DescriptorTable::share) or not owned by the context.
class Unlocked {
 public:
  explicit Unlocked(Context& context) : context_(context) {
    if (context_.threaded) context_.call_lock.unlock();
  }
  ~Unlocked() {
    if (context_.threaded) context_.call_lock.lock();
  }
  Unlocked(const Unlocked&) = delete;
  Unlocked& operator=(const Unlocked&) = delete;

 private:
  Context& context_;
};

}  // namespace wazuka::wasi
