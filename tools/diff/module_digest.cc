// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What modules do, as text to compare with other engines and tiers: reads paths of binaries from
// standard input, instantiates each in a store of its own, calls every exported function with
// arguments that depend only on their position, and prints one line for each outcome and for each
// exported memory, global and table at the end. tools/diff/wasmtime_digest.py prints the same of
// Wasmtime; tools/diff/compare.py reads both.
//
//   module_digest [-O|-C|-D|-W key=value]… [--rounds N] [--dump FOLDER] < list-of-files
//
// The options are those of the command, so that a tier is chosen in the same way.
#include <algorithm>
#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "cli/code_tools.h"
#include "cli/common.h"
#include "runtime/linker.h"
#include "runtime/module_code.h"

namespace wazuka {
namespace {

struct Settings {
  EngineConfig config;
  StoreLimits limits;
  u64 fuel = 0;
  u32 rounds = 2;
  std::string dump;  // folder for the memories of each module; empty: none
};

// The same lists are in wasmtime_digest.py.
constexpr u64 kInts[] = {0,
                         1,
                         0xffffffffffffffff,
                         0x7fffffff,
                         0x80000000,
                         7,
                         0x100,
                         0xffff8000,
                         0x7fffffffffffffff,
                         0x8000000000000000,
                         0x12345678,
                         0xdeadbeef,
                         31,
                         64,
                         0xffff};
constexpr u32 kF32[] = {0,          0x80000000, 0x3f800000, 0xbf800000, 0x7f800000,
                        0xff800000, 0x7fc00000, 0x00000001, 0x7f7fffff, 0x4f000000,
                        0xcf000001, 0x40490fdb, 0x5f000000, 0x3effffff};
constexpr u64 kF64[] = {0,
                        0x8000000000000000,
                        0x3ff0000000000000,
                        0xbff0000000000000,
                        0x7ff0000000000000,
                        0xfff0000000000000,
                        0x7ff8000000000000,
                        0x0000000000000001,
                        0x7fefffffffffffff,
                        0x41e0000000000000,
                        0xc1e0000000200000,
                        0x400921fb54442d18,
                        0x43e0000000000000,
                        0x3fdfffffffffffff};

template <class T, size_t kSize>
T pick(const T (&list)[kSize], u32 seed) {
  return list[seed % kSize];
}

/// The argument for a parameter; nothing if the type has no null and is a reference.
std::optional<Value> argument(ValType type, u32 seed) {
  switch (type.kind()) {
    case ValKind::kI32: return Value::i32(static_cast<u32>(pick(kInts, seed)));
    case ValKind::kI64: return Value::i64(pick(kInts, seed));
    case ValKind::kF32: return Value::f32_bits(pick(kF32, seed));
    case ValKind::kF64: return Value::f64_bits(pick(kF64, seed));
    case ValKind::kV128: return Value::v128(pick(kInts, seed), pick(kInts, seed + 1));
    case ValKind::kRef:
      if (type.nullable()) return Value::ref(type, 0);
      return std::nullopt;
    case ValKind::kBottom: break;
  }
  return std::nullopt;
}

/// Bits, with all NaNs alike.
std::string text_of(const Value& value) {
  char text[64];
  const u64 bits = value.cells[0];
  switch (value.type.kind()) {
    case ValKind::kI32: std::snprintf(text, sizeof text, "i32:%08x", value.as_u32()); break;
    case ValKind::kI64: std::snprintf(text, sizeof text, "i64:%016" PRIx64, bits); break;
    case ValKind::kF32:
      if ((bits & 0x7fffffff) > 0x7f800000) return "f32:nan";
      std::snprintf(text, sizeof text, "f32:%08x", value.as_u32());
      break;
    case ValKind::kF64:
      if ((bits & ~(u64{1} << 63)) > 0x7ff0000000000000) return "f64:nan";
      std::snprintf(text, sizeof text, "f64:%016" PRIx64, bits);
      break;
    case ValKind::kV128:
      std::snprintf(text, sizeof text, "v128:%016" PRIx64 "%016" PRIx64, value.cells[1], bits);
      break;
    case ValKind::kRef:
    case ValKind::kBottom: return value.cells[0] == 0 ? "null" : "ref";
  }
  return text;
}

std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

std::string text_of(const ExecError& error) {
  if (error.trap) return "trap " + std::to_string(static_cast<int>(*error.trap));
  if (error.uncaught_exception) return "exception";
  return "error: " + one_line(error.error.message);
}

u32 crc32(std::span<const u8> bytes) {
  static const auto kTable = [] {
    std::array<u32, 256> table;
    for (u32 i = 0; i < 256; ++i) {
      u32 c = i;
      for (int k = 0; k < 8; ++k) c = (c >> 1) ^ ((c & 1) != 0 ? 0xedb88320 : 0);
      table[i] = c;
    }
    return table;
  }();
  u32 crc = ~u32{0};
  for (u8 b : bytes) crc = kTable[(crc ^ b) & 0xff] ^ (crc >> 8);
  return ~crc;
}

class Digest {
 public:
  Digest(const Settings& settings, std::shared_ptr<Engine> engine, std::string path)
      : settings_(settings),
        path_(std::move(path)),
        store_(engine, settings.limits),
        linker_(store_) {}

  void run() {
    std::ifstream in(path_, std::ios::binary);
    std::vector<u8> bytes{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    auto code = ModuleCode::from_binary(store_.shared_engine(),
                                        std::make_shared<OwnedModuleBytes>(std::move(bytes)));
    if (!code) {
      std::printf("invalid\n# %s\n", one_line(code.error().message).c_str());
      return;
    }
    const Module& module = (*code)->module();
    add_fuel();
    if (auto defined = linker_.define_unknown_imports_as_defaults(module); !defined) {
      std::printf("link\n# %s\n", one_line(defined.error().message).c_str());
      return;
    }
    auto instance = linker_.instantiate(*code);
    if (!instance) {
      std::printf("instantiate %s\n", text_of(instance.error()).c_str());
      return;
    }
    print_fuel();
    instance_ = *instance;
    for (u32 round = 0; round < settings_.rounds; ++round) {
      for (u32 i = 0; i < module.exports.size(); ++i) {
        if (module.exports[i].kind == ExternKind::kFunc) call(module.exports[i], i, round);
      }
    }
    for (const Export& e : module.exports) print_state(e);
  }

 private:
  void add_fuel() { store_.set_fuel(settings_.fuel); }
  void print_fuel() {
    if (settings_.config.fuel)
      std::printf("fuel %" PRIu64 "\n", settings_.fuel - store_.fuel_left());
  }

  void call(const Export& e, u32 index, u32 round) {
    std::printf("call %u", index);
    const Extern item = *instance_->find_export(e.name);
    VMFuncRef* func = as_func(&item);
    std::vector<Value> args, results;
    for (ValType type : store_.type_of(*func).params) {
      const u32 position = static_cast<u32>(args.size());
      auto value = argument(type, 3 * index + 5 * position + 4 * round);
      if (!value) {
        std::printf(" skipped\n");
        return;
      }
      args.push_back(*value);
    }
    add_fuel();
    auto outcome = store_.call(*func, args, results);
    if (!outcome) {
      std::printf(" %s\n", text_of(outcome.error()).c_str());
      return;
    }
    for (const Value& v : results) std::printf(" %s", text_of(v).c_str());
    std::printf("\n");
    print_fuel();
  }

  void print_state(const Export& e) {
    Extern item = *instance_->find_export(e.name);
    const u32 index = static_cast<u32>(&e - instance_->module().exports.data());
    if (Memory** memory = std::get_if<Memory*>(&item)) {
      std::span<const u8> bytes((*memory)->vm.base, (*memory)->vm.size.load());
      std::printf("memory %u %zu %08x\n", index, bytes.size(), crc32(bytes));
      if (!settings_.dump.empty()) {
        std::ofstream out(settings_.dump + "/" + std::to_string(index) + ".bin", std::ios::binary);
        out.write(reinterpret_cast<const char*>(bytes.data()),
                  static_cast<std::streamsize>(bytes.size()));
      }
    } else if (Table** table = std::get_if<Table*>(&item)) {
      const VMTable& vm = (*table)->vm;
      std::string nulls;
      for (u64 i = 0; i < std::min<u64>(vm.size, 64); ++i) nulls += vm.elements[i] == 0 ? '0' : '1';
      std::printf("table %u %" PRIu64 " %s\n", index, vm.size, nulls.c_str());
    } else if (Global* global = std::get_if<Global>(&item)) {
      Value value{global->type.type, {global->vm->cells[0], global->vm->cells[1]}};
      std::printf("global %u %s\n", index, text_of(value).c_str());
    }
  }

  const Settings& settings_;
  std::string path_;
  Store store_;
  Linker linker_;
  Instance* instance_ = nullptr;
};

int usage() {
  std::fprintf(
      stderr,
      "usage: module_digest [-O|-C|-D|-W OPTION]... [--rounds N] [--dump FOLDER] < files\n");
  return 2;
}

int run(int argc, char** argv) {
  cli::Options options;
  Settings settings;
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    if (i + 1 >= argc) return usage();
    if (name == "--rounds") {
      settings.rounds = static_cast<u32>(std::atoi(argv[i + 1]));
      continue;
    }
    if (name == "--dump") {
      settings.dump = argv[i + 1];
      continue;
    }
    bool known = false;
    for (u32 g = 0; g < cli::kGroupCount; ++g) {
      const auto group = static_cast<cli::Group>(g);
      if (name != std::string("-") + cli::group_info(group).letter) continue;
      known = true;
      if (auto parsed = options.parse(group, argv[i + 1]); !parsed) {
        std::fprintf(stderr, "module_digest: %s\n", parsed.error().message.c_str());
        return 2;
      }
    }
    if (!known) return usage();
  }
#if WAZUKA_VERIFIER
  // What cannot be proved safe is an error, and so a difference.
  cli::set_code_tools({verify::verify, verify::disassemble});
  if (!options.has(cli::OptionId::kCodegenVerifyCode)) {
    static_cast<void>(options.parse(cli::Group::kCodegen, "verify-code"));
  }
#endif
  auto config = cli::engine_config(options);
  if (!config) {
    std::fprintf(stderr, "module_digest: %s\n", config.error().message.c_str());
    return 2;
  }
  settings.config = *config;
  settings.limits = cli::store_limits(options);
  settings.fuel = options.number(cli::OptionId::kWasmFuel).value_or(0);
  for (std::string path; std::getline(std::cin, path);) {
    std::printf("module %s\n", path.c_str());
    std::fflush(stdout);  // names the module should the process die
    auto engine = std::make_shared<Engine>(settings.config);
    Digest(settings, engine, path).run();
    std::printf("end\n");
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace wazuka

int main(int argc, char** argv) {
  return wazuka::run(argc, argv);
}
