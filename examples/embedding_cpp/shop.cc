// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A program that runs a WebAssembly module: it offers a function to the guest, calls the guest's,
// and ends what takes too long.
#include <cstdio>
#include <map>
#include <string>
#include <wazuka.hh>

using wazuka::Result;

// What the host knows, in cents. Each store has a value of the host's own; this is ours.
using Prices = std::map<std::string, int64_t, std::less<>>;

// A function for the guest. Its signature is what the guest imports: (param i32 i32) (result i64).
// What the guest says about its memory is checked; an error ends the guest's call.
static Result<int64_t> price(wazuka::Caller caller, uint32_t text, uint32_t size) {
  auto memory = WAZUKA_OR_RETURN(caller.memory("memory"));
  auto item = WAZUKA_OR_RETURN(memory.text(caller, text, size));
  const Prices& prices = *caller.data<Prices>();
  const auto found = prices.find(item);
  if (found == prices.end()) return wazuka::fail("no price for " + std::string(item));
  return found->second;
}

static Result<void> run() {
  auto engine = WAZUKA_OR_RETURN(wazuka::Engine::create({.fuel = true}));
  auto module = WAZUKA_OR_RETURN(wazuka::Module::from_file(engine, "shop.wat"));

  // Functions in a linker serve any store of the engine.
  wazuka::Linker linker(engine);
  WAZUKA_OR_RETURN(linker.define("shop", "price", price));

  wazuka::Store store(engine, Prices{{"bread", 320}, {"coffee", 850}});
  WAZUKA_OR_RETURN(store.set_limits({.memory_bytes = 16 << 20}));
  auto instance = WAZUKA_OR_RETURN(linker.instantiate(store, module));

  for (const char* name : {"bread", "coffee", "gold", "forever"}) {
    WAZUKA_OR_RETURN(store.set_fuel(10'000));
    auto cost_of = WAZUKA_OR_RETURN(instance.func<int64_t(int64_t)>(store, name));
    const Result<int64_t> cost = cost_of(store, 3);
    if (cost) {
      std::printf("3 × %s: %d.%02d\n", name, int(*cost / 100), int(*cost % 100));
    } else if (cost.error().trap_code() == wazuka::TrapCode::kOutOfFuel) {
      std::printf("3 × %s: takes too long\n", name);
    } else {
      std::printf("3 × %s: %s\n", name, cost.error().reason().c_str());
    }
  }
  return {};
}

int main() {
  const Result<void> done = run();
  if (!done) std::fprintf(stderr, "%s\n", done.error().message().c_str());
  return done ? 0 : 1;
}
