// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What everything costs in fuel, and the least fuel that suffices. The numbers are Wasmtime's
// (50.0.1): a limit that was found with one must hold with the other.
#include "runtime_fixture.h"

namespace wazuka {
namespace {

struct FuelCase {
  const char* title;
  const char* text;
  u64 used;   // when there is plenty
  u64 least;  // that is enough
};

EngineConfig fuel_config(Strategy strategy) {
  EngineConfig config;
  config.strategy = strategy;
  config.features = Features::all();
  config.fuel = true;
  return config;
}

constexpr u64 kPlenty = 1'000'000;

struct FuelTest : RuntimeTest {
  explicit FuelTest(Strategy strategy = Strategy::kAuto) : RuntimeTest(fuel_config(strategy)) {}

  /// A new instance of the module, made with this much fuel.
  ExecResult<Instance*> make(const std::string& text, u64 fuel) {
    auto code = compile(text);
    store.set_fuel(fuel);
    return linker.instantiate(code);
  }
  void check_unpaid();
  static bool out_of_fuel(const ExecError& error) { return error.trap == TrapCode::kOutOfFuel; }
};

const std::string kPrelude =
    "(memory 2) (memory $m64 i64 1) (table $t 10 funcref) (table $t64 i64 10 externref) (table "
    "$small 1 5 "
    "funcref) (data $d \"abcdefgh\") (elem $e func $leaf $leaf) (global $g (mut i32) (i32.const "
    "0)) (global "
    "$n (mut i32) (i32.const 200)) (type $v (func)) (type $a (array (mut i32))) (type $b (array "
    "(mut "
    "i8))) (type $fs (array (mut funcref))) (type $s (struct (field (mut i32)))) (tag $x) (tag $y "
    "(param "
    "i32)) (func $leaf) (func $count (param i32) (loop $l (br_if $l (local.tee 0 (i32.sub "
    "(local.get 0) "
    "(i32.const 1)))))) (func $throws (call $count (i32.const 10)) (throw $x)) ";

constexpr FuelCase kBodies[] = {
    {"nothing", "", 1, 2},
    {"free instructions", "(nop) (block (nop)) (drop (i32.const 1)) (return)", 2, 2},
    {"constants and arithmetic",
     "(drop (i32.add (i32.const 1) (i32.mul (i32.const 2) (i32.const 3))))", 6, 2},
    {"floats", "(drop (f64.sqrt (f64.add (f64.const 1) (f64.promote_f32 (f32.const 2)))))", 6, 2},
    {"vectors", "(drop (i8x16.add (v128.const i64x2 1 2) (i8x16.splat (i32.const 3))))", 5, 2},
    {"locals and globals",
     "(local i32) (local.set 0 (global.get $g)) (drop (local.tee 0 (local.get 0))) (global.set $g "
     "(local.get 0))",
     7, 2},
    {"memory", "(i32.store (i32.const 8) (i32.load (i32.const 4))) (drop (memory.size))", 6, 2},
    {"select", "(drop (select (i32.const 1) (i32.const 2) (i32.const 0)))", 5, 2},
    {"if taken", "(if (i32.const 1) (then (drop (i32.const 1))) (else (nop)))", 4, 2},
    {"if not taken",
     "(if (i32.const 0) (then (drop (i32.const 1))) (else (drop (i32.add (i32.const 1) (i32.const "
     "2)))))",
     6, 2},
    {"branches", "(block (br_if 0 (i32.const 0)) (br 0))", 4, 2},
    {"br_table", "(block (block (br_table 0 1 (i32.const 1))))", 3, 2},
    {"instructions behind a branch", "(block (br 0) (drop (i32.add (i32.const 1) (i32.const 2))))",
     2, 2},
    {"loop once", "(loop (drop (i32.const 1)))", 2, 2},
    {"loop ten times",
     "(local i32) (local.set 0 (i32.const 10)) (loop $l (br_if $l (local.tee 0 (i32.sub (local.get "
     "0) (i32.const 1)))))",
     53, 49},
    {"work after a loop", "(loop) (drop (i32.add (i32.const 1) (i32.const 2)))", 4, 2},
    {"call", "(call $leaf)", 3, 4},
    {"call of a loop", "(call $count (i32.const 10))", 54, 50},
    {"call_indirect",
     "(table.set $t (i32.const 0) (ref.func $leaf)) (call_indirect $t (type $v) (i32.const 0))", 7,
     8},
    {"call_ref", "(call_ref $v (ref.func $leaf))", 4, 5},
    {"return_call", "(return_call $leaf)", 3, 4},
    {"return_call_indirect",
     "(table.set $t (i32.const 0) (ref.func $leaf)) (return_call_indirect $t (type $v) (i32.const "
     "0))",
     7, 8},
    {"return_call_ref", "(return_call_ref $v (ref.func $leaf))", 4, 5},
    {"memory.fill, small constant", "(memory.fill (i32.const 0) (i32.const 1) (i32.const 128))",
     133, 2},
    {"memory.fill, large constant", "(memory.fill (i32.const 0) (i32.const 1) (i32.const 129))",
     134, 135},
    {"memory.fill, not constant", "(memory.fill (i32.const 0) (i32.const 1) (global.get $n))", 205,
     206},
    {"memory.fill of a local",
     "(local i32) (local.set 0 (global.get $n)) (memory.fill (i32.const 0) (i32.const 1) "
     "(local.get 0))",
     207, 208},
    {"memory.fill of nothing", "(memory.fill (i32.const 0) (i32.const 1) (global.get $g))", 5, 6},
    {"memory.copy", "(memory.copy (i32.const 0) (i32.const 1) (global.get $n))", 205, 206},
    {"memory.copy, 64 bits",
     "(memory.copy $m64 $m64 (i64.const 0) (i64.const 1) (i64.extend_i32_u (global.get $n)))", 206,
     207},
    {"memory.init", "(memory.init $d (i32.const 0) (i32.const 1) (i32.const 5))", 10, 2},
    {"data.drop", "(data.drop $d)", 2, 2},
    {"memory.grow", "(drop (memory.grow (i32.const 3)))", 6, 2},
    {"memory.grow, large constant", "(drop (memory.grow (i32.const 200)))", 203, 204},
    {"memory.grow, a local",
     "(local i32) (local.set 0 (global.get $n)) (drop (memory.grow (local.get 0)))", 205, 206},
    {"memory.grow, computed", "(drop (memory.grow (i32.add (global.get $n) (i32.const 1)))) (loop)",
     206, 207},
    {"memory.grow, result used", "(global.set $g (memory.grow (global.get $n)))", 204, 204},
    {"memory.grow that fails", "(drop (memory.grow (i32.const 65536)))", 3, 2},
    {"memory.grow of 64 bits that fails", "(drop (memory.grow $m64 (i64.const -1)))", 3, 2},
    {"memory.grow, not constant, nothing", "(drop (memory.grow (global.get $g)))", 3, 4},
    {"table.get and set",
     "(table.set $t (i32.const 0) (table.get $t (i32.const 1))) (drop (table.size $t))", 6, 2},
    {"table.fill", "(table.fill $t (i32.const 0) (ref.null func) (i32.const 7))", 12, 2},
    {"table.copy", "(table.copy $t $t (i32.const 0) (i32.const 1) (i32.const 7))", 12, 2},
    {"table.init", "(table.init $t $e (i32.const 0) (i32.const 0) (i32.const 2))", 7, 2},
    {"table.grow", "(drop (table.grow $t (ref.null func) (global.get $n)))", 204, 205},
    {"table.grow that fails", "(drop (table.grow $small (ref.null func) (i32.const 200)))", 4, 2},
    {"small table.grow that fails", "(drop (table.grow $small (ref.null func) (i32.const 20)))", 24,
     2},
    {"table.grow, 64 bits", "(drop (table.grow $t64 (ref.null extern) (i64.const 150)))", 154, 155},
    {"references", "(drop (ref.is_null (ref.func $leaf)))", 3, 2},
    {"struct", "(struct.set $s 0 (struct.new $s (i32.const 1)) (i32.const 2))", 5, 2},
    {"array.new", "(drop (array.new $a (i32.const 1) (i32.const 50)))", 54, 2},
    {"array.new, not constant", "(drop (array.new $a (i32.const 1) (global.get $n)))", 204, 205},
    {"array.new_default", "(drop (array.new_default $a (i32.const 200)))", 203, 204},
    {"array.new_fixed", "(drop (array.new_fixed $a 2 (i32.const 1) (i32.const 2)))", 4, 2},
    {"array.new_data", "(drop (array.new_data $b $d (i32.const 0) (i32.const 4)))", 8, 2},
    {"array.new_elem", "(drop (array.new_elem $fs $e (i32.const 0) (i32.const 2)))", 6, 2},
    {"array.fill",
     "(array.fill $a (array.new_default $a (i32.const 9)) (i32.const 0) (i32.const 1) (i32.const "
     "6))",
     22, 2},
    {"array.copy",
     "(local (ref null $a)) (local.set 0 (array.new_default $a (i32.const 9))) (array.copy $a $a "
     "(local.get 0) (i32.const 0) (local.get 0) (i32.const 1) (i32.const 6))",
     25, 2},
    {"array.init_data",
     "(array.init_data $b $d (array.new_default $b (i32.const 9)) (i32.const 0) (i32.const 1) "
     "(i32.const 6))",
     22, 2},
    {"array.init_elem",
     "(array.init_elem $fs $e (array.new_default $fs (i32.const 9)) (i32.const 0) (i32.const 1) "
     "(i32.const 1))",
     17, 2},
    {"casts",
     "(block $l (result (ref null $s)) (br_on_cast $l (ref null any) (ref null $s) (ref.null any)) "
     "(drop) (ref.null $s)) (drop)",
     3, 2},
    {"br_on_null", "(block $l (drop (br_on_null $l (ref.null func))))", 3, 2},
    {"try_table, nothing thrown", "(block $h (try_table (catch_all $h) (drop (i32.const 1))))", 3,
     2},
    {"throw and catch", "(block $h (try_table (catch $x $h) (throw $x)))", 3, 2},
    {"throw from a callee", "(block $h (try_table (catch $x $h) (call $throws)))", 58, 53},
    {"throw with a value",
     "(drop (block $h (result i32) (try_table (catch $y $h) (throw $y (i32.const 5))) (i32.const "
     "1)))",
     4, 2},
};

constexpr FuelCase kModules[] = {
    {"nothing", "", 0, 0},
    {"global of a number", "(global i32 (i32.const 1))", 0, 0},
    {"global of two instructions", "(global i32 (i32.add (i32.const 1) (i32.const 2)))", 4, 2},
    {"global of a reference", "(global funcref (ref.null func))", 2, 2},
    {"global.get", "(global i32 (i32.const 1)) (global i32 (global.get 0))", 2, 2},
    {"vector global", "(global v128 (v128.const i64x2 1 2))", 0, 0},
    {"array.new in a global",
     "(type $a (array i32)) (global (ref $a) (array.new $a (i32.const 1) (i32.const 100)))", 104,
     2},
    {"large array.new in a global",
     "(type $a (array i32)) (global (ref $a) (array.new $a (i32.const 1) (i32.const 300)))", 304,
     305},
    {"data", "(memory 1) (data (i32.const 0) \"abcdefgh\")", 0, 0},
    {"data behind the end",
     "(memory 1) (data (i32.const 65530) \"abc\") (data (i32.const 10) \"abc\")", 0, 0},
    {"data at a computed offset",
     "(memory 1) (data (i32.add (i32.const 0) (i32.const 1)) \"abcdefgh\")", 12, 13},
    {"two memories, one with data", "(memory 1) (memory 1) (data (i32.const 0) \"abcdefgh\")", 1,
     2},
    {"two memories with data",
     "(memory 1) (memory 1) (data (i32.const 0) \"abcdefgh\") (data (memory 1) (i32.const 0) "
     "\"abcdefgh\")",
     0, 0},
    {"data forgets what was not paid",
     "(memory 1) (global i32 (i32.add (i32.const 1) (i32.const 2))) (data (i32.const 0) "
     "\"abcdefgh\")",
     1, 2},
    {"zeros in two memories", "(memory 1) (memory 1) (data (i32.const 0) \"\\00\\00\")", 1, 2},
    {"data in small pages", "(memory 100 (pagesize 1)) (data (i32.const 0) \"abcdefgh\")", 10, 11},
    {"data in a shared memory", "(memory 1 1 shared) (data (i32.const 10) \"\\00abcdefgh\")", 0, 0},
    {"sparse data in a shared memory",
     "(memory 1 1 shared) (data (i32.const 4095) \"ab\") (data (i32.const 9000) \"b\\00\")", 0, 0},
    {"elements", "(func $f) (table 5 funcref) (elem (i32.const 0) $f $f)", 0, 0},
    {"elements as expressions",
     "(func $f) (table 5 funcref) (elem (i32.const 0) funcref (ref.func $f) (ref.null func))", 6,
     2},
    {"elements as expressions, all functions",
     "(func $f) (table 5 funcref) (elem (i32.const 0) funcref (item ref.func $f) (item ref.func "
     "$f))",
     6, 2},
    {"elements at a computed offset",
     "(func $f) (table 5 funcref) (elem (i32.add (i32.const 0) (i32.const 1)) $f)", 5, 2},
    {"elements after such",
     "(func $f) (table 5 funcref) (elem (i32.add (i32.const 0) (i32.const 1)) $f) (elem (i32.const "
     "0) $f $f)",
     8, 2},
    {"passive elements", "(func $f) (elem func $f $f $f)", 1, 2},
    {"passive elements as expressions", "(func $f) (elem funcref (ref.func $f) (ref.null func))", 3,
     2},
    {"declared elements", "(func $f) (elem declare func $f)", 0, 0},
    {"passive data", "(memory 1) (data \"abc\")", 0, 0},
    {"table with a function", "(func $f) (table 200 funcref (ref.func $f))", 0, 0},
    {"table with an expression", "(table 200 i31ref (ref.i31 (i32.const 1)))", 203, 204},
    {"small table with an expression", "(table 10 i31ref (ref.i31 (i32.const 1)))", 13, 2},
    {"table with a null", "(table 10 i31ref (ref.null i31))", 12, 2},
    {"externref elements", "(table 10 externref) (elem (i32.const 0) externref (ref.null extern))",
     4, 2},
    {"start", "(func $f) (start $f)", 3, 4},
    {"start after globals",
     "(global i32 (i32.add (i32.const 1) (i32.const 2))) (func $f (drop (i32.const 1))) (start $f)",
     7, 7},
};

TEST_F(FuelTest, Calls) {
  for (const FuelCase& c : kBodies) {
    SCOPED_TRACE(c.title);
    const std::string text = "(module " + kPrelude + "(func (export \"f\") " + c.text + "))";
    for (const u64 fuel : {kPlenty, c.least, c.least - 1}) {
      auto instance = make(text, kPlenty);
      ASSERT_TRUE(instance.has_value());
      store.set_fuel(fuel);
      auto outcome = call(*instance, "f");
      if (fuel < c.least) {
        ASSERT_FALSE(outcome.has_value()) << fuel;
        EXPECT_TRUE(out_of_fuel(outcome.error()));
        continue;
      }
      ASSERT_TRUE(outcome.has_value()) << fuel << ": " << chain(outcome.error().error);
      EXPECT_EQ(fuel - store.fuel_left(), std::min(fuel, c.used)) << fuel;
    }
  }
}

TEST_F(FuelTest, Instantiation) {
  for (const FuelCase& c : kModules) {
    SCOPED_TRACE(c.title);
    const std::string text = "(module " + std::string(c.text) + ")";
    for (const u64 fuel : {kPlenty, c.least, c.least - 1}) {
      if (fuel > kPlenty) continue;  // no fuel is enough
      auto outcome = make(text, fuel);
      if (fuel < c.least) {
        ASSERT_FALSE(outcome.has_value()) << fuel;
        EXPECT_TRUE(out_of_fuel(outcome.error()));
        continue;
      }
      ASSERT_TRUE(outcome.has_value()) << fuel << ": " << chain(outcome.error().error);
      EXPECT_EQ(fuel - store.fuel_left(), std::min(fuel, c.used)) << fuel;
    }
  }
}

// Beside an imported memory nothing is mapped: whole pages of the host are copied.
TEST_F(FuelTest, DataBesideAnImportedMemory) {
  auto code = compile(
      "(module (import \"m\" \"m\" (memory 1)) (memory 1) (memory 1)"
      "  (global i32 (i32.add (i32.const 1) (i32.const 2)))"
      "  (data (memory 1) (i32.const 5000) \"abc\") (data (memory 2) (i32.const 4095) \"abc\"))");
  ASSERT_TRUE(linker.define_unknown_imports_as_defaults(code->module()).has_value());
  store.set_fuel(kPlenty);
  ASSERT_TRUE(linker.instantiate(code).has_value());
  EXPECT_EQ(kPlenty - store.fuel_left(), 12292u);
}

TEST_F(FuelTest, MoreThanASignedNumber) {
  auto instance = make("(module (func (export \"f\")))", ~u64{0});
  ASSERT_TRUE(instance.has_value());
  ASSERT_TRUE(call(*instance, "f").has_value());
  EXPECT_EQ(store.fuel_left(), ~u64{0} - 1);
}

TEST_F(FuelTest, UnitsOfAGuestDoNotWrap) {
  auto instance = make(
      "(module (type $a (array (mut i8))) (global $n (mut i32) (i32.const 0x3fffffff))"
      "  (func (export \"f\") (drop (array.new_default $a (global.get $n))))"
      "  (func (export \"c\") (drop (array.new_default $a (i32.const 0x3fffffff)))))",
      kPlenty);
  ASSERT_TRUE(instance.has_value());
  for (const char* name : {"f", "c"}) {
    store.set_fuel(kPlenty);
    auto outcome = call(*instance, name);
    ASSERT_FALSE(outcome.has_value());
    EXPECT_TRUE(out_of_fuel(outcome.error())) << name;
    EXPECT_EQ(store.fuel_left(), 0u);
  }
}

struct UnpaidCase {
  const char* text;  // N and L: 1,000,000 of 32 and 64 bits
  TrapCode trap;
};

// What cannot be done at all says so, and not that it has not been paid for; again as in Wasmtime.
constexpr UnpaidCase kUnpaid[] = {
    {"(memory.fill (i32.const 0) (i32.const 1) N)", TrapCode::kMemoryOutOfBounds},
    {"(memory.fill $m64 (i64.const 0) (i32.const 1) L)", TrapCode::kMemoryOutOfBounds},
    {"(memory.fill $m64 (i64.const 0) (i32.const 1) (i64.const -1))", TrapCode::kMemoryOutOfBounds},
    {"(memory.copy (i32.const 0) (i32.const 1) N)", TrapCode::kMemoryOutOfBounds},
    {"(memory.copy (i32.const 0) (i32.const 65536) (i32.const 65537))",
     TrapCode::kMemoryOutOfBounds},
    {"(memory.copy $m64 $m64 (i64.const 0) (i64.const 1) L)", TrapCode::kMemoryOutOfBounds},
    {"(memory.copy 0 $m64 (i32.const 0) (i64.const 1) N)", TrapCode::kMemoryOutOfBounds},
    {"(memory.copy $m64 0 (i64.const 0x100000000) (i32.const 1) (i32.const 200))",
     TrapCode::kMemoryOutOfBounds},
    {"(memory.init $d (i32.const 0) (i32.const 0) N)", TrapCode::kMemoryOutOfBounds},
    {"(memory.init $d (i32.const 131072) (i32.const 0) (i32.const 200))",
     TrapCode::kMemoryOutOfBounds},
    {"(table.fill $t (i32.const 0) (ref.null func) N)", TrapCode::kTableOutOfBounds},
    {"(table.fill $t64 (i64.const 0) (ref.null extern) L)", TrapCode::kTableOutOfBounds},
    {"(table.copy $t $t (i32.const 0) (i32.const 1) N)", TrapCode::kTableOutOfBounds},
    {"(table.copy $t64 $t64 (i64.const 0) (i64.const 1) L)", TrapCode::kTableOutOfBounds},
    {"(table.init $t $e (i32.const 0) (i32.const 0) N)", TrapCode::kTableOutOfBounds},
    {"(drop (array.new_data $b $d (i32.const 0) N))", TrapCode::kMemoryOutOfBounds},
    {"(drop (array.new_elem $fs $e (i32.const 0) N))", TrapCode::kTableOutOfBounds},
    {"(array.fill $a (array.new_default $a (i32.const 9)) (i32.const 0) (i32.const 1) N)",
     TrapCode::kArrayOutOfBounds},
    {"(array.fill $vs (array.new_default $vs (i32.const 9)) (i32.const 0) (v128.const i64x2 1 2) "
     "N)",
     TrapCode::kArrayOutOfBounds},
    {"(array.fill $a (ref.null $a) (i32.const 0) (i32.const 1) N)", TrapCode::kNullReference},
    {"(array.copy $a $a (array.new_default $a (i32.const 9)) (i32.const 0) (array.new_default $a "
     "(i32.const 9)) (i32.const 1) N)",
     TrapCode::kArrayOutOfBounds},
    {"(array.copy $a $a (array.new_default $a (i32.const 9)) (i32.const 0) (ref.null $a) "
     "(i32.const 1) N)",
     TrapCode::kArrayOutOfBounds},
    {"(array.init_data $b $d (array.new_default $b (i32.const 9)) (i32.const 0) (i32.const 0) N)",
     TrapCode::kArrayOutOfBounds},
    {"(array.init_data $b $d (array.new_default $b (i32.const 100)) (i32.const 0) (i32.const 0) "
     "(i32.shr_u N (i32.const 14)))",
     TrapCode::kMemoryOutOfBounds},
    {"(array.init_elem $fs $e (array.new_default $fs (i32.const 100)) (i32.const 0) (i32.const 0) "
     "(i32.shr_u N (i32.const 14)))",
     TrapCode::kTableOutOfBounds},
    {"(array.init_elem $fs $e (ref.null $fs) (i32.const 0) (i32.const 0) N)",
     TrapCode::kNullReference},
    {"(array.copy $a $a (array.new_default $a (i32.const 100)) (i32.const 0) (ref.null $a) "
     "(i32.const 1) (i32.shr_u N (i32.const 14)))",
     TrapCode::kNullReference},
    {"(drop (array.new $a (i32.const 1) (i32.const -1)))", TrapCode::kAllocationTooLarge},
    {"(drop (array.new_default $a (i32.const -1)))", TrapCode::kAllocationTooLarge},
    // What would do is paid for before it is found out whether the heap has the room.
    {"(drop (array.new $a (i32.const 1) N))", TrapCode::kOutOfFuel},
    {"(drop (array.new_default $a N))", TrapCode::kOutOfFuel},
};

std::string with_counts(std::string text, const char* n, const char* l) {
  for (size_t i = 1; i + 1 < text.size(); ++i) {
    const bool is_word = text[i - 1] == ' ' && (text[i + 1] == ')' || text[i + 1] == ' ');
    if (is_word && (text[i] == 'N' || text[i] == 'L')) text.replace(i, 1, text[i] == 'N' ? n : l);
  }
  return text;
}

struct InterpretedFuelTest : FuelTest {
  InterpretedFuelTest() : FuelTest(Strategy::kInterpreter) {}
};

void FuelTest::check_unpaid() {
  for (const UnpaidCase& c : kUnpaid) {
    SCOPED_TRACE(c.text);
    const std::string constant = with_counts(c.text, "(i32.const 1000000)", "(i64.const 1000000)");
    const std::string global =
        with_counts(c.text, "(global.get $million)", "(i64.extend_i32_u (global.get $million))");
    for (const std::string& text : {constant, global}) {
      auto instance = make("(module " + kPrelude +
                               "(type $vs (array (mut v128))) (global $million (mut i32) "
                               "(i32.const 1000000)) (func (export \"f\") " +
                               text + "))",
                           kPlenty);
      ASSERT_TRUE(instance.has_value());
      store.set_fuel(30);
      auto outcome = call(*instance, "f");
      ASSERT_FALSE(outcome.has_value());
      EXPECT_EQ(outcome.error().trap, c.trap);
    }
  }
}

TEST_F(FuelTest, OutOfBoundsComesBeforeUnpaid) {
  check_unpaid();
}
TEST_F(InterpretedFuelTest, OutOfBoundsComesBeforeUnpaid) {
  check_unpaid();
}

}  // namespace
}  // namespace wazuka
