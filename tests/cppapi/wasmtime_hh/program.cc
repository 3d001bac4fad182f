// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A program for Wasmtime's own C++ headers, which are theirs and not here: they must compile with
// our C headers, and run with our library.
#include <cstdio>
#include <string>
#include <variant>
#include <wasmtime.hh>

using namespace wasmtime;

int main() {
  Config config;
  config.consume_fuel(true);
  Engine engine(std::move(config));
  Store store(engine);
  store.context().set_fuel(10000).unwrap();

  const std::string text =
      "(module (import \"host\" \"inc\" (func $inc (param i32) (result i32)))"
      "  (memory (export \"memory\") 1) (global (export \"g\") (mut i64) (i64.const 5))"
      "  (table (export \"t\") 2 funcref)"
      "  (func (export \"twice\") (param i32) (result i32) (call $inc (call $inc (local.get 0))))"
      "  (func (export \"spin\") (loop (br 0))) (func (export \"bad\") unreachable))";
  Module module = Module::compile(engine, text).unwrap();
  Linker linker(engine);
  linker.func_wrap("host", "inc", [](int32_t x) { return x + 1; }).unwrap();
  linker.define_wasi().unwrap();
  store.context().set_wasi(WasiConfig()).unwrap();
  Instance instance = linker.instantiate(store, module).unwrap();

  auto twice =
      std::get<Func>(*instance.get(store, "twice")).typed<int32_t, int32_t>(store).unwrap();
  std::printf("%d\n", twice.call(store, 40).unwrap());
  Memory memory = std::get<Memory>(*instance.get(store, "memory"));
  memory.data(store)[7] = 9;
  std::printf("%zu %d\n", memory.data(store).size(), memory.data(store)[7]);
  Global global = std::get<Global>(*instance.get(store, "g"));
  global.set(store, Val(int64_t{6})).unwrap();
  std::printf("%d\n", static_cast<int>(global.get(store).i64()));
  Table table = std::get<Table>(*instance.get(store, "t"));
  std::printf("%d\n", static_cast<int>(table.grow(store, 3, Val(std::optional<Func>())).unwrap()));

  Func bad = std::get<Func>(*instance.get(store, "bad"));
  auto result = bad.call(store, {});
  if (result) return 1;
  std::printf("%s\n", result.err().message().substr(0, 5).c_str());
  Func spin = std::get<Func>(*instance.get(store, "spin"));
  if (spin.call(store, {})) return 1;
  if (Module::compile(engine, "(module (func (result i32)))")) return 1;
  std::printf("%zu exports\n", module.exports().size());
}
