// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Modules from text, in a store of their own.
#pragma once

#include <gtest/gtest.h>

#include "runtime/linker.h"
#include "wat/wat_parser.h"
#if WAZUKA_VERIFIER
#include "verify/verify.h"
#endif

namespace wazuka {

/// What the compiler makes is verified in all tests; what tests make by hand is not.
inline EngineConfig verified(EngineConfig config) {
#if WAZUKA_VERIFIER
  if (config.compile == nullptr && config.verify == nullptr) config.verify = verify::verify;
#endif
  return config;
}

struct RuntimeTest : testing::Test {
  explicit RuntimeTest(const EngineConfig& config = {}, const StoreLimits& limits = {})
      : engine(std::make_shared<Engine>(verified(config))), store(engine, limits), linker(store) {}

  std::shared_ptr<ModuleCode> compile(std::string_view text) {
    auto binary = wat::text_to_binary(text);
    EXPECT_TRUE(binary.has_value()) << (binary ? "" : binary.error().message);
    if (!binary) return nullptr;
    auto code = ModuleCode::from_binary(engine, std::make_shared<OwnedModuleBytes>(*binary));
    EXPECT_TRUE(code.has_value()) << (code ? "" : code.error().message);
    return code ? *code : nullptr;
  }

  /// Instantiates what must instantiate.
  Instance* instantiate(std::string_view text) {
    auto instance = linker.instantiate(compile(text));
    EXPECT_TRUE(instance.has_value()) << (instance ? "" : chain(instance.error().error));
    return instance ? *instance : nullptr;
  }

  /// The messages of a failed instantiation, joined by " / ".
  std::string instantiate_error(std::string_view text) {
    auto instance = linker.instantiate(compile(text));
    return instance ? "no error" : chain(instance.error().error);
  }

  ExecResult<std::vector<Value>> call(Instance* instance, std::string_view name,
                                      std::vector<Value> args = {}) {
    std::optional<Extern> item = instance->find_export(name);
    VMFuncRef* func = as_func(item ? &*item : nullptr);
    EXPECT_NE(func, nullptr) << name;
    std::vector<Value> results;
    auto called = store.call(*func, args, results);
    if (!called) return std::unexpected(std::move(called).error());
    return results;
  }

  u64 call_u64(Instance* instance, std::string_view name, std::vector<Value> args = {}) {
    auto results = call(instance, name, std::move(args));
    EXPECT_TRUE(results.has_value()) << (results ? "" : chain(results.error().error));
    return results && results->size() == 1 ? results->front().cells[0] : ~u64{0};
  }

  std::string call_error(Instance* instance, std::string_view name, std::vector<Value> args = {}) {
    auto results = call(instance, name, std::move(args));
    return results ? "no error" : chain(results.error().error);
  }

  static std::string chain(const Error& error) {
    std::string text = error.message;
    for (const std::string& cause : error.causes) text += " / " + cause;
    return text;
  }

  std::shared_ptr<Engine> engine;
  Store store;
  Linker linker;
};

}  // namespace wazuka
