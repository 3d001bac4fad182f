// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Host values behind externref, as a host uses them: many, and few of them kept by wasm.
#include "runtime_fixture.h"

namespace wazuka {
namespace {

// A base before the store: the store's end finalises what is left.
struct Finalised {
  u64 finalised = 0;
};
struct HostReferenceTest : Finalised, RuntimeTest {};

TEST_F(HostReferenceTest, AreFinalisedWhenWasmHasLetGo) {
  Instance* m = instantiate(R"((module
    (table $t 10 externref)
    (func (export "keep") (param i64 externref i32) (result externref)
      (table.get $t (local.get 2)) (table.set $t (local.get 2) (local.get 1)))))");
  ASSERT_NE(m, nullptr);
  ASSERT_NE(store.gc_heap(), nullptr);
  HostValues& values = store.gc_heap()->host_values();
  const HostFinalizer count{[](void* env, u64) { ++*static_cast<u64*>(env); }, &finalised};
  constexpr u32 kValues = 50'000;
  u32 most = 0;
  for (u32 i = 0; i < kValues; ++i) {
    Value value = Value::ref(kExternRef, values.add(i, count));
    auto before = call(m, "keep", {Value::i64(1), value, Value::i32(i % 10)});
    ASSERT_TRUE(before.has_value());
    // What comes back is the value that was put there ten calls ago.
    if (i >= 10) ASSERT_EQ(store.host_value(before->front().cells[0]), u64{i} - 10);
    most = std::max(most, values.count());
  }
  EXPECT_LT(most, 10'000u);
  EXPECT_GT(finalised, kValues - 10'000u);
  ASSERT_TRUE(store.gc_heap()->collect());
  EXPECT_EQ(finalised, kValues - 10);
}

}  // namespace
}  // namespace wazuka
