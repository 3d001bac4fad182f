// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// WASI calls with arbitrary arguments. The input is a list of calls: a function, its arguments, and
// bytes to put into guest memory before. They are made in one of two ways: directly on a block of
// host memory of exactly the guest's size, so that the address sanitizer sees each byte beyond it;
// or by a module that is generated to make them, through the linker and the interpreter.
//
// The guest has a small folder, a read-only one, sockets, simulated clocks and a seeded generator.
// Afterwards nothing outside of its folders, and nothing in the read-only one, may have changed.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <memory>
#include <signal.h>
#include <span>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

#include "runtime/linker.h"
#include "runtime/module_code.h"
#include "wasi/core/sockets.h"
#include "wasi/host_functions.h"
#include "wasi/link.h"

namespace wazuka::wasi {
namespace {

constexpr u32 kMemorySize = 1 << 16;
constexpr size_t kMaxCalls = 40;
constexpr size_t kMaxArguments = 10;

struct Input {
  std::span<const u8> bytes;

  bool empty() const { return bytes.empty(); }
  u8 byte() {
    if (bytes.empty()) return 0;
    u8 b = bytes.front();
    bytes = bytes.subspan(1);
    return b;
  }
  u64 number(int size) {
    u64 value = 0;
    for (int i = 0; i < size; ++i) value = value << 8 | byte();
    return value;
  }
  std::span<const u8> block(size_t size) {
    std::span<const u8> part = bytes.first(std::min(size, bytes.size()));
    bytes = bytes.subspan(part.size());
    return part;
  }
};

void check(bool ok, const char* what) {
  if (ok) return;
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

struct Write {
  u32 at;
  std::vector<u8> bytes;
};

struct Call {
  const HostFunction* function;
  std::vector<Write> writes;
  u64 arguments[kMaxArguments] = {};
  size_t count = 0;  // of arguments
};

/// An argument: mostly numbers with a chance to mean something.
u64 argument(Input& in, bool wide) {
  u8 how = in.byte();
  u64 low = how & 0x1f;
  switch (how >> 5) {
    case 0:
    case 1: return low;                               // descriptors, lengths, flags
    case 2: return low * 64;                          // addresses where writes go
    case 3: return low << 8 | in.byte();              // others
    case 4: return kMemorySize - 16 + low;            // around the end of memory
    case 5: return u64{1} << (wide ? low * 2 : low);  // single flags and rights
    case 6: return ~low;
    default: return in.number(wide ? 8 : 4);
  }
}

std::vector<Call> read_calls(Input& in) {
  std::vector<Call> calls;
  bool old = (in.byte() & 1) != 0;
  std::span<const HostFunction> functions = old ? preview0_functions() : preview1_functions();
  while (!in.empty() && calls.size() < kMaxCalls) {
    Call call;
    u8 choice = in.byte();
    for (size_t writes = choice >> 6; writes > 0; --writes) {
      u32 at = in.byte() % 32 * 64u;
      std::span<const u8> bytes = in.block(in.byte() % 64);
      call.writes.push_back({at, {bytes.begin(), bytes.end()}});
    }
    call.function = &functions[choice % 64 % functions.size()];
    for (const char* type = call.function->signature; *type != ':'; ++type) {
      bool wide = *type == 'I';
      u64 value = argument(in, wide);
      call.arguments[call.count++] = wide ? value : static_cast<u32>(value);
    }
    calls.push_back(std::move(call));
  }
  return calls;
}

/// The folders of a guest, and what lies beside them.
class Place {
 public:
  Place() {
    std::string base = ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    path_ = base + "/wasi-fuzz-XXXXXX";
    check(::mkdtemp(path_.data()) != nullptr, "mkdtemp");
    for (const char* dir : {"box", "box/d", "fixed", "fixed/d", "outside"}) {
      check(::mkdir(at(dir).c_str(), 0777) == 0, "mkdir");
    }
    for (const char* file : {"box/a", "box/d/b", "fixed/a", "outside/secret"}) {
      os::OwnedFd fd(::open(at(file).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
      check(::write(fd.get(), "secret", 6) == 6, "write");
    }
    for (const char* link : {"box/l", "fixed/l"}) {
      check(::symlink("../outside/secret", at(link).c_str()) == 0, "symlink");
    }
  }
  ~Place() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Place(const Place&) = delete;

  std::string at(const char* name) const { return path_ + "/" + name; }

  void check_unchanged() const {
    check(entries("") == 3 && entries("outside") == 1 && entries("fixed") == 3, "entries changed");
    check_secret("outside/secret", 1);
    check_secret("fixed/a", 1);
  }

 private:
  size_t entries(const char* dir) const {
    size_t count = 0;
    std::error_code error;
    std::filesystem::directory_iterator i(at(dir), error), end;
    for (; !error && i != end; i.increment(error)) ++count;
    return count;
  }
  void check_secret(const char* name, u64 links) const {
    struct stat s;
    check(::lstat(at(name).c_str(), &s) == 0 && s.st_size == 6 && s.st_nlink == links, name);
  }

  std::string path_;
};

/// A listening socket with connections that wait to be accepted.
class Network {
 public:
  Network() : listener_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address = {};
    address.sun_family = AF_UNIX;
    socklen_t size = sizeof(sa_family_t);  // the kernel chooses a name
    check(::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) == 0, "bind");
    check(::listen(listener_.get(), 4) == 0, "listen");
    size = sizeof address;
    check(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0,
          "getsockname");
    for (int i = 0; i < 2; ++i) {
      os::OwnedFd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
      check(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), size) == 0, "connect");
      check(::write(client.get(), "hello", 5) == 5, "write");
      clients_.push_back(std::move(client));
    }
  }

  os::OwnedFd take_listener() { return std::move(listener_); }
  void hang_up() { clients_.clear(); }

 private:
  os::OwnedFd listener_;
  std::vector<os::OwnedFd> clients_;
};

/// A guest that waits for ever is none of our business: nothing here may wait.
void keep_from_waiting(Context& context, Network& network, std::string_view function) {
  for (u32 fd = 0; fd < 64; ++fd) {
    Socket* socket = context.descriptors.find_as<Socket>(fd);
    if (socket == nullptr) continue;
    static_cast<void>(set_nonblocking(*socket, true));
    if (function != "poll_oneoff") continue;
    network.hang_up();
    if (socket->listening) static_cast<void>(context.descriptors.close(fd));
  }
}

std::unique_ptr<Context> make_context(const Place& place, Network& network, u8 flags) {
  ContextOptions options;
  options.arguments = {"prog", "one"};
  options.environment = {{"A", "b"}};
  options.preopens.push_back({place.at("box"), "/", Access::kReadWrite});
  options.preopens.push_back({place.at("fixed"), "fixed", Access::kReadOnly});
  options.listeners.push_back(network.take_listener());
  options.clocks = Clocks::simulated(1'000'000'000, 1000);
  options.random = Random::seeded(1);
  options.resolver = (flags & 2) != 0 ? Resolver::Method::kWalk : Resolver::Method::kKernel;
  auto context = Context::create(std::move(options));
  check(context.has_value(), "no context");
  return *std::move(context);
}

void call_directly(Context& context, Network& network, const std::vector<Call>& calls) {
  std::unique_ptr<u64[]> memory(new u64[kMemorySize / sizeof(u64)]());
  u8* base = reinterpret_cast<u8*>(memory.get());
  for (const Call& call : calls) {
    for (const Write& w : call.writes) std::copy(w.bytes.begin(), w.bytes.end(), base + w.at);
    keep_from_waiting(context, network, call.function->name);
    Outcome outcome =
        invoke(*call.function, context, GuestMemory{base, kMemorySize}, call.arguments);
    if (outcome.kind == Outcome::Kind::kTrap) {
      check(!trap_messages(outcome, call.function->module, call.function->name).empty(), "mute");
    }
  }
}

/// Writes a module whose functions each make one of the calls.
class ModuleWriter {
 public:
  explicit ModuleWriter(const std::vector<Call>& calls) {
    std::vector<u8> types{}, imports{}, funcs{}, exports{}, codes{};
    leb(types, calls.size() + 1);
    leb(imports, calls.size());
    leb(funcs, calls.size());
    leb(exports, calls.size() + 1);
    leb(codes, calls.size());
    for (size_t i = 0; i < calls.size(); ++i) {
      const Call& call = calls[i];
      const char* results = std::strchr(call.function->signature, ':') + 1;
      types.push_back(0x60);
      leb(types, call.count);
      for (size_t n = 0; n < call.count; ++n) types.push_back(type_of(call.function->signature[n]));
      leb(types, std::strlen(results));
      for (; *results != 0; ++results) types.push_back(type_of(*results));
      name(imports, call.function->module);
      name(imports, call.function->name);
      imports.push_back(0);
      leb(imports, i);
      leb(funcs, calls.size());
      name(exports, std::to_string(i));
      exports.push_back(0);
      leb(exports, calls.size() + i);
      std::vector<u8> body = body_of(call, i);
      leb(codes, body.size());
      codes.insert(codes.end(), body.begin(), body.end());
    }
    types.insert(types.end(), {0x60, 0, 0});
    name(exports, "memory");
    exports.insert(exports.end(), {2, 0});
    section(1, types);
    section(2, imports);
    section(3, funcs);
    section(5, {1, 0, 1});
    section(7, exports);
    section(10, codes);
  }
  std::vector<u8> take() { return std::move(out_); }

 private:
  static u8 type_of(char letter) { return letter == 'I' ? 0x7e : 0x7f; }
  static void leb(std::vector<u8>& out, u64 value) {
    do {
      u8 low = value & 0x7f;
      value >>= 7;
      out.push_back(value != 0 ? static_cast<u8>(low | 0x80) : low);
    } while (value != 0);
  }
  static void sleb(std::vector<u8>& out, i64 value) {
    for (;;) {
      u8 low = value & 0x7f;
      value >>= 7;
      bool done = (value == 0 && (low & 0x40) == 0) || (value == -1 && (low & 0x40) != 0);
      out.push_back(done ? low : static_cast<u8>(low | 0x80));
      if (done) return;
    }
  }
  static void name(std::vector<u8>& out, std::string_view text) {
    leb(out, text.size());
    out.insert(out.end(), text.begin(), text.end());
  }
  static std::vector<u8> body_of(const Call& call, size_t import) {
    std::vector<u8> body = {0};
    for (const Write& w : call.writes) {
      for (size_t i = 0; i < w.bytes.size(); ++i) {
        body.push_back(0x41);
        sleb(body, w.at + static_cast<i64>(i));
        body.push_back(0x41);
        sleb(body, w.bytes[i]);
        body.insert(body.end(), {0x3a, 0, 0});  // i32.store8
      }
    }
    for (size_t n = 0; n < call.count; ++n) {
      bool wide = call.function->signature[n] == 'I';
      body.push_back(wide ? 0x42 : 0x41);
      sleb(body, wide ? static_cast<i64>(call.arguments[n])
                      : static_cast<i32>(static_cast<u32>(call.arguments[n])));
    }
    body.push_back(0x10);
    leb(body, import);
    if (call.function->signature[call.count + 1] != 0) body.push_back(0x1a);
    body.push_back(0x0b);
    return body;
  }
  void section(u8 id, const std::vector<u8>& content) {
    out_.push_back(id);
    leb(out_, content.size());
    out_.insert(out_.end(), content.begin(), content.end());
  }

  std::vector<u8> out_ = {0, 'a', 's', 'm', 1, 0, 0, 0};
};

void call_from_module(Context& context, Network& network, const std::vector<Call>& calls) {
  static const std::shared_ptr<Engine> engine = std::make_shared<Engine>(EngineConfig{});
  auto bytes = std::make_shared<OwnedModuleBytes>(ModuleWriter(calls).take());
  auto code = ModuleCode::from_binary(engine, bytes);
  check(code.has_value(), code ? "" : code.error().message.c_str());
  Store store(engine);
  Linker linker(store);
  WasiProvider provider(context, /*preview0=*/true);
  linker.add_provider(provider);
  auto instance = linker.instantiate(*code);
  check(instance.has_value(), instance ? "" : instance.error().error.message.c_str());
  for (size_t i = 0; i < calls.size(); ++i) {
    keep_from_waiting(context, network, calls[i].function->name);
    auto func = (*instance)->find_export(std::to_string(i));
    auto result = store.call_raw(*as_func(&*func), nullptr);
    check(result || !result.error().error.message.empty(), "an error without a message");
  }
}

/// Once: no file may become large, and writing beyond that is an error, not a signal.
bool set_limits() {
  rlimit limit = {1 << 20, 1 << 20};
  ::signal(SIGXFSZ, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);
  return ::setrlimit(RLIMIT_FSIZE, &limit) == 0;
}

}  // namespace
}  // namespace wazuka::wasi

extern "C" int LLVMFuzzerTestOneInput(const wazuka::u8* data, size_t size) {
  using namespace wazuka::wasi;
  [[maybe_unused]] static const bool limited = set_limits();
  Input in{{data, size}};
  wazuka::u8 flags = in.byte();
  std::vector<Call> calls = read_calls(in);
  Place place;
  Network network;
  auto context = make_context(place, network, flags);
  bool direct = (flags & 1) == 0;
  direct ? call_directly(*context, network, calls) : call_from_module(*context, network, calls);
  place.check_unchanged();
  return 0;
}
