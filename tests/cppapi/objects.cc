// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memories, global variables, tables and tags.
#include <cstring>

#include "check.hh"

namespace {

constexpr std::string_view kModule =
    "(module"
    "  (memory (export \"memory\") 1 3) (data (i32.const 8) \"hello\")"
    "  (func (export \"load\") (param i32) (result i32) (i32.load (local.get 0)))"
    "  (global (export \"var\") (mut i64) (i64.const 5)) (global (export \"const\") f64 (f64.const "
    "2))"
    "  (global (export \"any\") (mut externref) (ref.null extern))"
    "  (table (export \"table\") 2 4 funcref) (elem (i32.const 0) $f)"
    "  (func $f (export \"f\") (result i32) (i32.const 11))"
    "  (tag (export \"tag\") (param i32)))";

struct World {
  Engine engine = value(Engine::create({.features = {{"shared-memory", true}}}));
  Store store{engine};
  Instance instance = instantiate(engine, store, kModule);
};

struct Point {
  int16_t x, y;
  bool operator==(const Point&) const = default;
};

}  // namespace

TEST(memories_are_spans) {
  World w;
  const Memory memory = value(w.instance.memory(w.store, "memory"));
  const std::span<std::byte> data = value(memory.data(w.store));
  CHECK(data.size() == 65536 && std::memcmp(&data[8], "hello", 5) == 0);
  CHECK(value(memory.text(w.store, 8, 5)) == "hello");
  data[0] = std::byte{7};
  CHECK(value(value(w.instance.func<int32_t(int32_t)>(w.store, "load"))(w.store, 0)) == 7);
  value(memory.write(w.store, 101, Point{-1, 2}));
  CHECK(value(memory.read<Point>(w.store, 101)) == Point{-1, 2});
  value(memory.write(w.store, 3, 0x1122334455667788));
  CHECK(value(memory.read<uint32_t>(w.store, 3)) == 0x55667788);
  value(memory.write(w.store, 65528, 1.25));
  CHECK(value(memory.read<double>(w.store, 65528)) == 1.25);
  const std::byte bytes[] = {std::byte{'b'}, std::byte{'y'}, std::byte{'e'}};
  value(memory.write_bytes(w.store, 8, bytes));
  CHECK(value(memory.text(w.store, 8, 5)) == "byelo");
  CHECK(value(memory.bytes(w.store, 65536, 0)).empty());
  CHECK(value(memory.type(w.store)) == MemoryType{.min = 1, .max = 3});
}

TEST(memories_have_bounds) {
  World w;
  const Memory memory = value(w.instance.memory(w.store, "memory"));
  constexpr TrapCode kOut = TrapCode::kMemoryOutOfBounds;
  CHECK(is_trap(memory.read<double>(w.store, 65529), kOut));
  CHECK(is_trap(memory.read<uint8_t>(w.store, 65536), kOut));
  CHECK(is_trap(memory.read<uint8_t>(w.store, ~uint64_t{0}), kOut));
  CHECK(is_trap(memory.write(w.store, 65533, 1), kOut));
  CHECK(is_trap(memory.bytes(w.store, 1, 65536), kOut));
  CHECK(is_trap(memory.bytes(w.store, 1, ~uint64_t{0}), kOut));
  CHECK(is_trap(memory.text(w.store, 65537, 0), kOut));
  CHECK(is_trap(memory.write_bytes(w.store, 65536, std::vector<std::byte>(1)), kOut));
}

TEST(memories_grow) {
  World w;
  const Memory memory = value(w.instance.memory(w.store, "memory"));
  CHECK(value(memory.size(w.store)) == 1);
  CHECK(value(memory.grow(w.store, 2)) == 1);
  CHECK(value(memory.size(w.store)) == 3 && value(memory.data(w.store)).size() == 3 * 65536);
  CHECK(is_error(memory.grow(w.store, 1), "failed to grow memory by `1`"));
  const Memory mine = value(Memory::create(w.store, {.min = 2, .max = 5, .is_64 = true}));
  CHECK(value(mine.size(w.store)) == 2 && value(mine.type(w.store)).is_64);
  CHECK(is_error(Memory::create(w.store, {.min = 2, .max = 1}), ""));
  CHECK(is_error(Memory::create(w.store, {.min = 1, .max = 2, .is_shared = true}), "shared"));
}

TEST(shared_memories) {
  World w;
  SharedMemory memory =
      value(SharedMemory::create(w.engine, {.min = 1, .max = 2, .is_shared = true}));
  CHECK(memory.size() == 1 && memory.data().size() == 65536);
  CHECK(value(memory.type()) == MemoryType{.min = 1, .max = 2, .is_shared = true});
  Linker linker(w.engine);
  value(linker.define(w.store, "", "m", memory.clone()));
  const Module module =
      compile(w.engine,
              "(module (import \"\" \"m\" (memory 1 2 shared)) (export \"again\" (memory 0))"
              "  (func (export \"set\") (i32.store8 (i32.const 3) (i32.const 9))))");
  Store other(w.engine);
  for (Store* store : {&w.store, &other}) {
    const Instance i = value(linker.instantiate(*store, module));
    value(value(i.func<void()>(*store, "set"))(*store));
    CHECK(memory.data()[3] == std::byte{9});
    memory.data()[3] = {};
    const Extern again = value(i.get(*store, "again"));
    CHECK(std::get<SharedMemory>(again).data().data() == memory.data().data());
    CHECK(value(again.type(*store)) ==
          ExternType(MemoryType{.min = 1, .max = 2, .is_shared = true}));
    CHECK(is_error(i.memory(*store, "again"), "`again` is a shared memory, not a memory"));
  }
  const SharedMemory clone = memory.clone();
  CHECK(value(memory.grow(1)) == 1 && clone.size() == 2);
  CHECK(is_error(memory.grow(1), "failed to grow"));
  const SharedMemory moved = std::move(memory);
  CHECK(moved && !memory && memory.size() == 0 && memory.data().empty() && !memory.clone());
  CHECK(is_error(memory.grow(1), "the shared memory is empty"));
  CHECK(is_error(memory.type(), "the shared memory is empty"));
  CHECK(is_error(linker.define(w.store, "", "n", std::move(memory)), "the shared memory is empty"));
  CHECK(is_error(SharedMemory::create(w.engine, {.min = 1}), "`shared` flag"));
}

TEST(globals) {
  World w;
  const Global var = value(w.instance.global(w.store, "var"));
  CHECK(value(var.get<int64_t>(w.store)) == 5);
  value(var.set(w.store, int64_t{-6}));
  CHECK(value(var.get(w.store)).get<int64_t>() == -6);
  CHECK(is_error(var.set(w.store, 5), "wrong type"));
  CHECK(is_error(var.get<int32_t>(w.store), "the global is i64, not i32"));
  CHECK(value(var.type(w.store)) == GlobalType{ValType::i64(), true});
  const Global fixed = value(w.instance.global(w.store, "const"));
  CHECK(value(fixed.get<double>(w.store)) == 2);
  CHECK(is_error(fixed.set(w.store, 1.0), "immutable"));
  const Global any = value(w.instance.global(w.store, "any"));
  value(any.set(w.store, value(ExternRef::create(w.store, 5))));
  value(w.store.collect_garbage());
  CHECK(*value(any.get<ExternRef>(w.store)).get<int>(w.store) == 5);

  const Global mine = value(Global::create(w.store, {ValType::f32(), true}, 1.5f));
  CHECK(value(mine.get<float>(w.store)) == 1.5f);
  CHECK(is_error(Global::create(w.store, {ValType::f32()}, 1), "does not match"));
  CHECK(is_error(Global::create(w.store, {ValType::ref(HeapKind::kConcreteStruct)}, 1),
                 "cannot make the type"));
}

TEST(tables) {
  World w;
  const Table table = value(w.instance.table(w.store, "table"));
  CHECK(value(table.size(w.store)) == 2);
  const Func f = *value(table.get(w.store, 0)).get<Func>();
  CHECK(value(f.call(w.store, {}))[0].get<int32_t>() == 11);
  CHECK(value(table.get(w.store, 1)).is_null());
  CHECK(is_trap(table.get(w.store, 2), TrapCode::kTableOutOfBounds));
  CHECK(is_trap(table.set(w.store, 2, f), TrapCode::kTableOutOfBounds));
  value(table.set(w.store, 1, f));
  CHECK(!value(table.get(w.store, 1)).is_null());
  CHECK(is_error(table.set(w.store, 1, 5), "not a reference"));
  CHECK(is_error(table.set(w.store, 1, ExternRef()), "does not match table element type"));
  CHECK(value(table.grow(w.store, 2, Func())) == 2 && value(table.size(w.store)) == 4);
  CHECK(is_error(table.grow(w.store, 1, Func()), "failed to grow table by `1`"));
  CHECK(value(table.type(w.store)) == TableType{.min = 2, .max = 4});

  const Table mine = value(Table::create(w.store, {.element = ValType::externref(), .min = 3},
                                         value(ExternRef::create(w.store, 5))));
  CHECK(*value(mine.get(w.store, 2)).get<ExternRef>()->get<int>(w.store) == 5);
  CHECK(is_error(Table::create(w.store, {.element = ValType::i32()}, 5), "cannot make the type"));
  CHECK(is_error(Table::create(w.store, {}, 5), "not a reference"));
}

TEST(tags) {
  World w;
  const Extern exported = value(w.instance.get(w.store, "tag"));
  const Tag tag = std::get<Tag>(exported);
  CHECK(value(tag.type(w.store)) == TagType{{ValType::i32()}});
  const Tag mine = value(Tag::create(w.store, {{ValType::i32()}}));
  CHECK(value(tag.same(w.store, tag)) && !value(tag.same(w.store, mine)));
  Linker linker(w.engine);
  value(linker.define(w.store, "", "t", mine));
  const Instance i = value(
      linker.instantiate(w.store, compile(w.engine,
                                          "(module (import \"\" \"t\" (tag $t (param i32)))"
                                          "  (func (export \"f\") (throw $t (i32.const 1))))")));
  const Result<void> thrown = value(i.func<void()>(w.store, "f"))(w.store);
  CHECK(is_error(thrown, "exception") && thrown.error().is_trap());
  CHECK(is_error(Tag::create(w.store, {{ValType::ref(HeapKind::kConcreteFunc)}}),
                 "cannot make the type"));
}

TEST(items_know_their_types) {
  World w;
  for (const Export& e : value(w.instance.exports(w.store))) {
    const ExternType type = value(e.item.type(w.store));
    if (e.name == "f") CHECK(type == ExternType(FuncType{{}, {ValType::i32()}}));
    if (e.name == "memory") CHECK(type == ExternType(MemoryType{.min = 1, .max = 3}));
    if (e.name == "var") CHECK(type == ExternType(GlobalType{ValType::i64(), true}));
    if (e.name == "table") CHECK(type == ExternType(TableType{.min = 2, .max = 4}));
    if (e.name == "tag") CHECK(type == ExternType(TagType{{ValType::i32()}}));
  }
}
