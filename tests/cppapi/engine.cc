// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Engines, modules and types.
#include <cstdlib>
#include <fstream>
#include <unistd.h>

#include "check.hh"

namespace {

constexpr std::string_view kModule =
    "(module $m (import \"env\" \"f\" (func (param i32 i64) (result f64)))"
    "  (import \"env\" \"m\" (memory 1 2)) (import \"env\" \"g\" (global (mut f32)))"
    "  (import \"env\" \"t\" (table 3 externref)) (import \"env\" \"e\" (tag (param v128)))"
    "  (func (export \"run\") (param funcref) (result i32 i32) unreachable)"
    "  (export \"mem\" (memory 0)) (global (export \"k\") i32 (i32.const 7)))";

}  // namespace

TEST(settings) {
  const Engine plain;
  CHECK(plain);
  CHECK(!plain.is_interpreter());
  const Engine interpreter = value(Engine::create({.compiler = Compiler::kInterpreter}));
  CHECK(interpreter.is_interpreter());
  for (Compiler c : {Compiler::kAuto, Compiler::kInterpreter, Compiler::kBaseline,
                     Compiler::kOptimizing, Compiler::kTiered}) {
    Config config;
    config.compiler = c;
    config.lazy_compilation = false;
    config.parallel_compilation = false;
    config.canonical_nans = true;
    config.signals_based_traps = false;
    config.memory_reservation = 1 << 20;
    config.memory_guard = 0;
    const Engine engine = value(Engine::create(config));
    Store store(engine);
    const Instance i =
        instantiate(engine, store,
                    "(module (func (export \"sum\") (param i32) (result i32) (local i32)"
                    "  (loop (local.set 1 (i32.add (local.get 1) (local.get 0)))"
                    "        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))"
                    "  (local.get 1)))");
    CHECK(value(value(i.func<int32_t(int32_t)>(store, "sum"))(store, 10000)) == 50005000);
  }
  CHECK(!version().empty());
}

TEST(settings_without_meaning) {
  CHECK(is_error(Engine::create({.max_stack = 0}), "max_stack"));
  CHECK(is_error(Engine::create({.compiler = static_cast<Compiler>(99)}), "unknown compiler 99"));
  CHECK(is_error(Engine::create({.features = {{"telepathy", true}}}), "no feature `telepathy`"));
}

TEST(features) {
  const Engine without = value(Engine::create({.features = {{"simd", false}}}));
  constexpr std::string_view kVector = "(module (func (param v128)))";
  CHECK(is_error(Module::from_text(without, kVector), "SIMD"));
  CHECK(Module::from_text(Engine(), kVector));
}

TEST(a_small_stack_overflows_soon) {
  const Engine engine = value(Engine::create({.max_stack = 64 << 10}));
  Store store(engine);
  const Instance i = instantiate(engine, store, "(module (func $f (export \"f\") (call $f)))");
  CHECK(is_trap(value(i.func<void()>(store, "f"))(store), TrapCode::kStackOverflow));
}

TEST(clones_and_moves) {
  Engine engine;
  Module module = compile(engine, kModule);
  const Engine other = engine.clone();
  const Module again = module.clone();
  const Engine moved = std::move(engine);
  const Module there = std::move(module);
  CHECK(other && again && moved && there);
  CHECK(!engine && !module && !engine.clone() && !module.clone());
  CHECK(again.imports().size() == 5 && there.exports().size() == 3);
  CHECK(module.imports().empty() && module.exports().empty());
  CHECK(is_error(module.serialize(), "the module is empty"));
  CHECK(is_error(Module::from_text(engine, "(module)"), "the engine is empty"));
  CHECK(is_error(Module::validate(engine, {}), "the engine is empty"));
  CHECK(is_error(Module::deserialize(engine, {}), "the engine is empty"));
  CHECK(!engine.is_interpreter());
  engine.increment_epoch();  // nothing to do it to
}

TEST(modules_from_bytes_and_files) {
  const Engine engine;
  const std::vector<std::byte> binary = value(wat_to_wasm(kModule));
  CHECK(Module::from_bytes(engine, std::span<const std::byte>(binary)));
  const std::vector<uint8_t> octets = {0, 'a', 's', 'm', 1, 0, 0, 0};
  CHECK(Module::from_bytes(engine, std::span<const uint8_t>(octets)));
  CHECK(Module::validate(engine, binary));
  CHECK(is_error(Module::validate(engine, std::span(binary).first(9)), "unexpected end"));
  CHECK(is_error(Module::from_bytes(engine, std::span<const std::byte>()), "unexpected end"));
  CHECK(is_error(Module::from_text(engine, "(module (func"), "1:"));
  CHECK(is_error(wat_to_wasm("(modul)"), "modul"));

  char folder[] = "/tmp/wazuka-cppapi-XXXXXX";
  CHECK(mkdtemp(folder) != nullptr);
  const std::string wasm = std::string(folder) + "/m.wasm", wat = std::string(folder) + "/m.wat";
  std::ofstream(wasm).write(reinterpret_cast<const char*>(binary.data()),
                            static_cast<std::streamsize>(binary.size()));
  std::ofstream(wat) << kModule;
  CHECK(value(Module::from_file(engine, wasm)).imports().size() == 5);
  CHECK(value(Module::from_file(engine, wat)).imports().size() == 5);
  unlink(wasm.c_str());
  unlink(wat.c_str());
  CHECK(is_error(Module::from_file(engine, folder), "cannot read"));
  rmdir(folder);
  CHECK(is_error(Module::from_file(engine, wasm), "No such file"));
  CHECK(is_error(Module::from_file(engine, std::string("a\0b", 3)), "NUL"));
}

TEST(serialized_modules) {
  const Engine engine;
  const std::vector<std::byte> bytes = value(compile(engine, kModule).serialize());
  CHECK(value(Module::deserialize(engine, bytes)).exports().size() == 3);
  CHECK(is_error(Module::deserialize(engine, std::span(bytes).first(20)), ""));
  CHECK(is_error(Module::deserialize(engine, {}), "not an ELF file"));
}

TEST(types_of_modules) {
  const Engine engine;
  const Module module = compile(engine, kModule);
  const std::vector<ImportType> imports = module.imports();
  CHECK(imports.size() == 5);
  CHECK(imports[0].module == "env" && imports[0].name == "f");
  CHECK(imports[0].type ==
        ExternType(FuncType{{ValType::i32(), ValType::i64()}, {ValType::f64()}}));
  CHECK(imports[1].type == ExternType(MemoryType{.min = 1, .max = 2}));
  CHECK(imports[2].type == ExternType(GlobalType{ValType::f32(), true}));
  CHECK(imports[3].type == ExternType(TableType{.element = ValType::externref(), .min = 3}));
  CHECK(imports[4].type == ExternType(TagType{{ValType::v128()}}));
  const std::vector<ExportType> exports = module.exports();
  CHECK(exports.size() == 3);
  CHECK(exports[0].name == "run");
  CHECK(std::get<FuncType>(exports[0].type).name() == "(funcref) -> (i32, i32)");
  CHECK(exports[1].type == ExternType(MemoryType{.min = 1, .max = 2}));
  CHECK(exports[2].type == ExternType(GlobalType{ValType::i32()}));
}

TEST(types_of_memories_and_references) {
  const Engine engine = value(Engine::create({.features = {{"shared-memory", true}}}));
  const Module module = compile(
      engine,
      "(module (memory (export \"a\") 1 9 shared) (memory (export \"b\") i64 5)"
      "  (type $t (func)) (type $s (struct))"
      "  (func (export \"f\") (param (ref null $t) (ref $s) anyref eqref i31ref) unreachable)"
      "  (func (export \"g\") (param (ref extern) (ref null none) (ref null exn)) unreachable))");
  const std::vector<ExportType> exports = module.exports();
  CHECK(exports[0].type == ExternType(MemoryType{.min = 1, .max = 9, .is_shared = true}));
  CHECK(exports[1].type == ExternType(MemoryType{.min = 5, .is_64 = true}));
  CHECK(std::get<FuncType>(exports[2].type).name() ==
        "((ref null (concrete func)), (ref (concrete struct)), anyref, eqref, i31ref) -> ()");
  CHECK(std::get<FuncType>(exports[3].type).name() ==
        "((ref extern), (ref null none), exnref) -> ()");
  CHECK(ValType::i64().name() == "i64" && ValType::f32().name() == "f32" &&
        ValType::f64().name() == "f64" && ValType::v128().name() == "v128");
}
