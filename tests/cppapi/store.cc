// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Stores: data, limits, fuel, deadlines, WASI.
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <thread>
#include <unistd.h>

#include "check.hh"

namespace {

constexpr std::string_view kSpin = "(module (func (export \"spin\") (loop (br 0))))";

// Copies at most 64 bytes of standard input to standard output and standard error; argc, the size
// of the environment, and whether there is a file "f" in its directory.
constexpr std::string_view kCat =
    "(module"
    "  (import \"wasi_snapshot_preview1\" \"fd_read\" (func $read (param i32 i32 i32 i32) (result "
    "i32)))"
    "  (import \"wasi_snapshot_preview1\" \"fd_write\" (func $write (param i32 i32 i32 i32) "
    "(result "
    "i32)))"
    "  (import \"wasi_snapshot_preview1\" \"args_sizes_get\" (func $args (param i32 i32) (result "
    "i32)))"
    "  (import \"wasi_snapshot_preview1\" \"environ_sizes_get\" (func $env (param i32 i32) (result "
    "i32)))"
    "  (import \"wasi_snapshot_preview1\" \"path_filestat_get\" (func $stat (param i32 i32 i32 i32 "
    "i32) (result i32)))"
    "  (import \"wasi_snapshot_preview1\" \"proc_exit\" (func $exit (param i32)))"
    "  (memory (export \"memory\") 1) (data (i32.const 200) \"f\")"
    "  (func (export \"cat\") (result i32)"
    "    (i32.store (i32.const 0) (i32.const 100)) (i32.store (i32.const 4) (i32.const 64))"
    "    (drop (call $read (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 8)))"
    "    (i32.store (i32.const 4) (i32.load (i32.const 8)))"
    "    (drop (call $write (i32.const 2) (i32.const 0) (i32.const 1) (i32.const 8)))"
    "    (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))"
    "  (func (export \"argc\") (result i32)"
    "    (drop (call $args (i32.const 0) (i32.const 4))) (i32.load (i32.const 0)))"
    "  (func (export \"envc\") (result i32)"
    "    (drop (call $env (i32.const 0) (i32.const 4))) (i32.load (i32.const 0)))"
    "  (func (export \"stat\") (result i32)"
    "    (call $stat (i32.const 3) (i32.const 0) (i32.const 200) (i32.const 1) (i32.const 16)))"
    "  (func (export \"_start\") (call $exit (i32.const 5))))";

struct Wasi {
  Engine engine;
  Store store{engine};

  Instance with(const WasiConfig& config) {
    Linker linker(engine);
    value(linker.define_wasi());
    value(store.set_wasi(config));
    return value(linker.instantiate(store, compile(engine, kCat)));
  }
  int32_t call(const Instance& i, std::string_view name) {
    return value(value(i.func<int32_t()>(store, name))(store));
  }
};

std::string temporary(const char* name, std::string_view text) {
  const std::string path = "/tmp/wazuka-cppapi-" + std::to_string(getpid()) + "-" + name;
  std::ofstream(path) << text;
  return path;
}

std::string read(const std::string& path) {
  std::string text;
  std::getline(std::ifstream(path), text, '\0');
  return text;
}

}  // namespace

TEST(data) {
  const Engine engine;
  auto owned = std::make_unique<int>(5);
  int* const address = owned.get();
  Store store(engine, std::move(owned));
  CHECK(store.data<std::unique_ptr<int>>()->get() == address);
  CHECK(store.data<int>() == nullptr);
  *store.data<std::unique_ptr<int>>() = nullptr;
  Store moved = std::move(store);
  CHECK(*moved.data<std::unique_ptr<int>>() == nullptr);
  CHECK(store.data<std::unique_ptr<int>>() == nullptr);
  CHECK(Store(engine).data<int>() == nullptr);
  const std::string text = "a copy";
  Store copied(engine, text);
  CHECK(*copied.data<std::string>() == text);
}

TEST(data_ends_with_the_store) {
  static int alive = 0;
  struct Counted {
    Counted() { ++alive; }
    Counted(const Counted&) { ++alive; }
    ~Counted() { --alive; }
  };
  const Engine engine;
  {
    Store store(engine, Counted());
    CHECK(alive == 1);
    store = Store(engine, Counted());
    CHECK(alive == 1);
  }
  CHECK(alive == 0);
}

TEST(limits) {
  const Engine engine;
  Store store(engine);
  value(store.set_limits({.memory_bytes = 2 * 65536, .table_elements = 5, .memories = 1}));
  const Instance i = instantiate(
      engine, store, "(module (memory (export \"m\") 1) (table (export \"t\") 1 funcref))");
  const Memory memory = value(i.memory(store, "m"));
  CHECK(memory.grow(store, 1) && is_error(memory.grow(store, 1), "failed to grow memory"));
  const Table table = value(i.table(store, "t"));
  CHECK(table.grow(store, 4, Func()) && is_error(table.grow(store, 1, Func()), "failed to grow"));
  CHECK(is_error(Instance::create(store, compile(engine, "(module (memory 1))")), "memory"));
  value(store.set_limits({.memory_bytes = ~uint64_t{0}}));
  CHECK(memory.grow(store, 1));
}

TEST(limits_of_instances_and_tables) {
  const Engine engine;
  Store store(engine);
  value(store.set_limits({.instances = 1, .tables = 1}));
  CHECK(is_error(
      Instance::create(store, compile(engine, "(module (table 1 funcref) (table 1 funcref))")),
      "table"));
  instantiate(engine, store, "(module)");
  CHECK(is_error(Instance::create(store, compile(engine, "(module)")), "instance"));
}

TEST(fuel) {
  const Engine engine = value(Engine::create({.fuel = true}));
  Store store(engine);
  CHECK(value(store.fuel()) == 0);
  const Instance i = instantiate(engine, store, kSpin);
  const auto spin = value(i.func<void()>(store, "spin"));
  CHECK(is_trap(spin(store), TrapCode::kOutOfFuel));
  value(store.set_fuel(10000));
  CHECK(value(store.fuel()) == 10000);
  CHECK(is_trap(spin(store), TrapCode::kOutOfFuel) && value(store.fuel()) == 0);
  const Engine without;
  CHECK(is_error(Store(without).fuel(), "fuel is not configured"));
  CHECK(is_error(Store(without).set_fuel(5), "fuel is not configured"));
}

TEST(deadlines) {
  const Engine engine = value(Engine::create({.epochs = true}));
  Store store(engine);
  value(store.set_epoch_deadline(1));
  const Instance i = instantiate(engine, store, kSpin);
  const auto spin = value(i.func<void()>(store, "spin"));
  {
    const std::jthread timer([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      engine.increment_epoch();
    });
    CHECK(is_trap(spin(store), TrapCode::kInterrupt));
  }
  CHECK(is_trap(spin(store), TrapCode::kInterrupt));  // it has passed
}

TEST(wasi_streams_in_memory) {
  Wasi w;
  std::string out, err;
  WasiConfig config;
  config.input = WasiConfig::Bytes{"some input"};
  config.output = [&out](std::string_view text) { out += text; };
  config.errors = [&err](std::string_view text) { err += text; };
  const Instance i = w.with(config);
  CHECK(w.call(i, "cat") == 0 && out == "some input" && err == "some input");
  config.output = [](std::string_view) { throw std::runtime_error("full"); };
  CHECK(w.call(w.with(config), "cat") == 29);  // EIO
  config.output = WasiConfig::Sink();
  CHECK(is_error(w.store.set_wasi(config), "is empty"));
}

TEST(wasi_streams_in_files) {
  Wasi w;
  const std::string in = temporary("in", "from a file"), out = temporary("out", "old");
  CHECK(w.call(w.with({.input = WasiConfig::File{in}, .output = WasiConfig::File{out}}), "cat") ==
        0);
  CHECK(read(out) == "from a file");
  unlink(in.c_str());
  unlink(out.c_str());
  CHECK(is_error(w.store.set_wasi({.input = WasiConfig::File{in}}), "cannot open " + in));
  CHECK(is_error(w.store.set_wasi({.output = WasiConfig::File{"/"}}), "cannot open /"));
  CHECK(is_error(w.store.set_wasi({.errors = WasiConfig::File{"/"}}), "cannot open /"));
  CHECK(w.call(w.with({}), "cat") == 0);  // nothing in, nothing out
}

TEST(wasi_arguments_and_environment) {
  Wasi w;
  const Instance none = w.with({});
  CHECK(w.call(none, "argc") == 0 && w.call(none, "envc") == 0);
  const Instance some = w.with({.args = {"app", "-x"}, .env = {{"A", "1"}}});
  CHECK(w.call(some, "argc") == 2 && w.call(some, "envc") == 1);
  setenv("WAZUKA_CPPAPI", "1", 1);
  const Instance all =
      w.with({.inherit_args = true, .inherit_env = true, .errors = WasiConfig::None()});
  CHECK(w.call(all, "argc") >= 1 && w.call(all, "envc") >= 1);
  CHECK(is_error(w.store.set_wasi({.args = {std::string("a\0b", 3)}}), "NUL"));
  CHECK(is_error(w.store.set_wasi({.args = {"\xff"}}), "not UTF-8"));
  CHECK(is_error(w.store.set_wasi({.env = {{"\xff", ""}}}), "not UTF-8"));
  CHECK(is_error(w.store.set_wasi({.env = {{"a", std::string("\0", 1)}}}), "NUL"));
}

TEST(wasi_directories) {
  Wasi w;
  char folder[] = "/tmp/wazuka-cppapi-XXXXXX";
  CHECK(mkdtemp(folder) != nullptr);
  const std::string file = std::string(folder) + "/f";
  const Instance i = w.with({.dirs = {{folder, "/"}}});
  CHECK(w.call(i, "stat") == 44);  // ENOENT
  std::ofstream(file) << "x";
  CHECK(w.call(i, "stat") == 0);
  unlink(file.c_str());
  rmdir(folder);
  CHECK(w.call(w.with({}), "stat") == 8);  // EBADF
  CHECK(is_error(w.store.set_wasi({.dirs = {{folder, "/"}}}), "cannot open"));
}

TEST(wasi_exit) {
  Wasi w;
  const Instance i = w.with({.output = WasiConfig::Inherit(), .errors = WasiConfig::Inherit()});
  const Result<void> ended = value(i.func<void()>(w.store, "_start"))(w.store);
  CHECK(!ended && ended.error().exit_status() == 5 && !ended.error().is_trap());
  CHECK(!ended.error().trap_code());
}

TEST(wasi_that_was_not_given) {
  Wasi w;
  Linker linker(w.engine);
  value(linker.define_wasi());
  const Instance i = value(linker.instantiate(w.store, compile(w.engine, kCat)));
  CHECK(is_error(value(i.func<int32_t()>(w.store, "cat"))(w.store), "no WASI configuration"));
  CHECK(is_error(linker.define_wasi(), "defined twice"));
}
