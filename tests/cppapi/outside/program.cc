// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cstdio>
#include <wazuka.hh>

using wazuka::Result;

static Result<int32_t> run() {
  const wazuka::Engine engine;
  wazuka::Store store(engine);
  wazuka::Linker linker(engine);
  WAZUKA_OR_RETURN(linker.define("host", "add", [](int32_t a, int32_t b) { return a + b; }));
  auto module = WAZUKA_OR_RETURN(wazuka::Module::from_text(
      engine,
      "(module (import \"host\" \"add\" (func $add (param i32 i32) (result i32)))"
      "  (func (export \"twice\") (param i32) (result i32)"
      "    (call $add (local.get 0) (local.get 0))))"));
  auto instance = WAZUKA_OR_RETURN(linker.instantiate(store, module));
  auto twice = WAZUKA_OR_RETURN(instance.func<int32_t(int32_t)>(store, "twice"));
  return twice(store, 21);
}

int main() {
  const Result<int32_t> result = run();
  if (!result) return std::fprintf(stderr, "%s\n", result.error().message().c_str()), 1;
  std::printf("%d\n", *result);
}
