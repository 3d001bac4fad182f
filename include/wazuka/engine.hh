// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// An engine holds the settings and the code that modules share. A program needs one, and uses it
// from all its threads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include <wazuka/error.hh>

namespace wazuka {
inline namespace v1 {

/// How functions are executed.
enum class Compiler : uint8_t {
  kAuto = WAZUKA_COMPILER_AUTO,                // what the library finds best
  kInterpreter = WAZUKA_COMPILER_INTERPRETER,  // no machine code is made
  kBaseline = WAZUKA_COMPILER_BASELINE,        // machine code in one pass, fast
  kOptimizing = WAZUKA_COMPILER_OPTIMIZING,    // at once the best code
  kTiered = WAZUKA_COMPILER_TIERED,            // baseline first; what runs much again, optimised
};

/// The settings of an engine, to be written where it is made:
/// `Engine::create({.fuel = true, .features = {{"gc", false}}})`.
struct Config {
  Compiler compiler = Compiler::kAuto;
  bool fuel = false;             // code uses up fuel (Store::set_fuel)
  bool epochs = false;           // code stops at deadlines (Store::set_epoch_deadline)
  bool lazy_compilation = true;  // functions are compiled when first called; false: with the module
  bool parallel_compilation = true;  // what is compiled with the module, on all cores
  bool canonical_nans = false;       // arithmetic gives no other NaN
  bool signals_based_traps = true;   // false: no signal handlers, no reliance on faults
  size_t max_stack = 512 << 10;      // bytes of stack for the guest
  std::optional<uint64_t> memory_reservation = {};  // bytes of address space for a 32-bit memory
  std::optional<uint64_t> memory_guard = {};        // inaccessible bytes behind each memory
  /// Proposals to switch, by their names after `-W` on the command line.
  std::vector<std::pair<std::string, bool>> features = {};
};

/// An engine. Move-only; `clone` gives another handle of the same one. Thread-safe.
class Engine {
 public:
  /// With the default settings.
  Engine() : engine_(wasm_engine_new()) {}
  /// With these settings; an error if one has no meaning.
  [[nodiscard]] static Result<Engine> create(const Config& config);

  /// Another handle of this engine.
  Engine clone() const {
    return Engine(engine_ == nullptr ? nullptr : wasmtime_engine_clone(engine_.get()));
  }
  /// Ends the tick that deadlines are counted in; code whose deadline is reached then stops. From
  /// any thread, also from a signal handler.
  void increment_epoch() const {
    if (engine_ != nullptr) wasmtime_engine_increment_epoch(engine_.get());
  }
  /// Whether it makes no machine code.
  bool is_interpreter() const {
    return engine_ != nullptr && wasmtime_engine_is_pulley(engine_.get());
  }

  /// False after a move.
  explicit operator bool() const { return engine_ != nullptr; }
  /// For the C API; null after a move.
  wasm_engine_t* get() const { return engine_.get(); }

 private:
  explicit Engine(wasm_engine_t* engine) : engine_(engine) {}

  detail::Owned<wasm_engine_t, wasm_engine_delete> engine_;
};

/// The version of the library, as "0.1.0".
inline std::string_view version() {
  return wazuka_version();
}

inline Result<Engine> Engine::create(const Config& config) {
  if (config.max_stack == 0) return fail("Config::max_stack cannot be zero");
  detail::Owned<wasm_config_t, wasm_config_delete> c(wasm_config_new());
  const auto compiler = static_cast<wazuka_compiler_t>(config.compiler);
  if (auto* error = wazuka_config_compiler_set(c.get(), compiler)) return detail::failed(error);
  wasmtime_config_consume_fuel_set(c.get(), config.fuel);
  wasmtime_config_epoch_interruption_set(c.get(), config.epochs);
  wazuka_config_lazy_compilation_set(c.get(), config.lazy_compilation);
  wasmtime_config_parallel_compilation_set(c.get(), config.parallel_compilation);
  wasmtime_config_cranelift_nan_canonicalization_set(c.get(), config.canonical_nans);
  wasmtime_config_signals_based_traps_set(c.get(), config.signals_based_traps);
  wasmtime_config_max_wasm_stack_set(c.get(), config.max_stack);
  if (config.memory_reservation) {
    wasmtime_config_memory_reservation_set(c.get(), *config.memory_reservation);
  }
  if (config.memory_guard) wasmtime_config_memory_guard_size_set(c.get(), *config.memory_guard);
  for (const auto& [name, on] : config.features) {
    if (auto* error = wazuka_config_feature_set(c.get(), name.data(), name.size(), on)) {
      return detail::failed(error);
    }
  }
  return Engine(wasm_engine_new_with_config(c.release()));
}

}  // namespace v1
}  // namespace wazuka
