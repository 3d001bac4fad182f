// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tests of the C++ API: plain programs. TEST(name) { … } defines one, CHECK(…) ends it when it
// fails. A program runs its tests in order and prints a line for each; tests/cppapi/run.py counts
// them.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <wazuka.hh>

using namespace wazuka;

namespace check {

struct Test {
  const char* name;
  void (*run)();
};

inline std::vector<Test>& tests() {
  static std::vector<Test> all;
  return all;
}

struct Failed {};

inline void require(bool good, const char* file, int line, const char* what) {
  if (good) return;
  std::printf("  %s:%d: CHECK(%s)\n", file, line, what);
  throw Failed();
}

/// The value of a result, which must have one.
template <class T>
T value(Result<T> result) {
  if (!result) {
    std::printf("  error: %s\n", result.error().message().c_str());
    throw Failed();
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

/// Whether there is an error whose message contains the text.
template <class T>
bool is_error(const Result<T>& result, std::string_view text) {
  if (result) return false;
  const std::string message = result.error().message();
  if (message.find(text) != message.npos) return true;
  std::printf("  the error is: %s\n", message.c_str());
  return false;
}

/// Whether there is a trap with this code.
template <class T>
bool is_trap(const Result<T>& result, TrapCode code) {
  return !result && result.error().is_trap() && result.error().trap_code() == code;
}

inline Module compile(const Engine& engine, std::string_view wat) {
  return value(Module::from_text(engine, wat));
}

/// An instance without imports.
inline Instance instantiate(const Engine& engine, StoreRef store, std::string_view wat) {
  return value(Instance::create(store, compile(engine, wat)));
}

}  // namespace check

#define TEST(name)                                            \
  static void name();                                         \
  [[maybe_unused]] static const bool registered_##name = [] { \
    check::tests().push_back({#name, name});                  \
    return true;                                              \
  }();                                                        \
  static void name()

#define CHECK(...) check::require(static_cast<bool>(__VA_ARGS__), __FILE__, __LINE__, #__VA_ARGS__)

using check::compile;
using check::instantiate;
using check::is_error;
using check::is_trap;
using check::value;

int main() {
  bool all = true;
  for (const check::Test& test : check::tests()) {
    bool good = true;
    try {
      test.run();
    } catch (const check::Failed&) {
      good = false;
    }
    std::printf("%s %s\n", good ? "ok" : "FAILED", test.name);
    std::fflush(stdout);
    all &= good;
  }
  return all ? 0 : 1;
}
