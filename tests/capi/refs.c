// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// References: host values, structs, arrays, i31, exceptions, and who keeps what alive.
#include "check.h"

static int finalized;
static void finalize(void* data) {
  finalized += *(int*)data;
}

typedef struct {
  wasm_engine_t* engine;
  wasmtime_store_t* store;
  wasmtime_context_t* context;
  wasmtime_instance_t instance;
} setup_t;

static const char* kModule =
    "(module"
    "  (type $point (struct (field i32) (field (mut i64)) (field (mut i8))))"
    "  (type $bytes (array (mut i8)))"
    "  (tag $tag (export \"tag\") (param i32 externref))"
    "  (global $kept (export \"kept\") (mut externref) (ref.null extern))"
    "  (table (export \"table\") 4 externref)"
    "  (func (export \"keep\") (param externref) (global.set $kept (local.get 0)))"
    "  (func (export \"same\") (param externref) (result externref) local.get 0)"
    "  (func (export \"point\") (param i32) (result (ref $point))"
    "    (struct.new $point (local.get 0) (i64.const 2) (i32.const 255)))"
    "  (func (export \"read\") (param (ref $point)) (result i64)"
    "    (struct.get $point 1 (local.get 0)))"
    "  (func (export \"any\") (param anyref) (result i32) (ref.test (ref i31) (local.get 0)))"
    "  (func (export \"bytes\") (result (ref $bytes)) (array.new $bytes (i32.const -1) (i32.const "
    "3)))"
    "  (func (export \"throw\") (param i32 externref)"
    "    (throw $tag (local.get 0) (local.get 1))))";

static setup_t set_up(void) {
  setup_t s;
  s.engine = wasm_engine_new();
  s.store = wasmtime_store_new(s.engine, NULL, NULL);
  s.context = wasmtime_store_context(s.store);
  s.instance = instantiate(s.engine, s.context, kModule);
  return s;
}

static void tear_down(setup_t* s) {
  wasmtime_store_delete(s->store);
  wasm_engine_delete(s->engine);
}

static wasmtime_val_t call(setup_t* s, const char* name, const wasmtime_val_t* arg,
                           size_t nresults) {
  const wasmtime_func_t f = export_of(s->context, &s->instance, name).of.func;
  wasmtime_val_t result = i32_val(0);
  wasm_trap_t* trap = NULL;
  CHECK_OK(wasmtime_func_call(s->context, &f, arg, arg != NULL, &result, nresults, &trap));
  CHECK(trap == NULL);
  return result;
}

TEST(host_values_come_back_and_end) {
  setup_t s = set_up();
  static int data = 1;
  finalized = 0;
  wasmtime_val_t value;
  value.kind = WASMTIME_EXTERNREF;
  CHECK(wasmtime_externref_new(s.context, &data, finalize, &value.of.externref));
  wasmtime_val_t back = call(&s, "same", &value, 1);
  CHECK(back.kind == WASMTIME_EXTERNREF);
  CHECK(wasmtime_externref_data(s.context, &back.of.externref) == &data);
  wasmtime_val_unroot(&back);
  CHECK(wasmtime_externref_is_null(&back.of.externref));

  call(&s, "keep", &value, 0);
  wasmtime_val_unroot(&value);
  CHECK_OK(wasmtime_context_gc(s.context));
  CHECK(finalized == 0);  // the global has it

  wasmtime_global_t kept = export_of(s.context, &s.instance, "kept").of.global;
  wasmtime_val_t null;
  null.kind = WASMTIME_EXTERNREF;
  wasmtime_externref_set_null(&null.of.externref);
  CHECK_OK(wasmtime_global_set(s.context, &kept, &null));
  CHECK_OK(wasmtime_context_gc(s.context));
  CHECK(finalized == 1);
  tear_down(&s);
  CHECK(finalized == 1);
}

TEST(roots_survive_collections_and_the_store) {
  setup_t s = set_up();
  static int data = 1;
  finalized = 0;
  wasmtime_externref_t ref, copy;
  CHECK(wasmtime_externref_new(s.context, &data, finalize, &ref));
  wasmtime_externref_clone(&ref, &copy);
  wasmtime_externref_unroot(&ref);
  CHECK_OK(wasmtime_context_gc(s.context));
  CHECK(finalized == 0 && wasmtime_externref_data(s.context, &copy) == &data);
  tear_down(&s);
  CHECK(finalized == 1);
  wasmtime_externref_unroot(&copy);  // needs no store
}

TEST(many_roots_are_pruned) {
  setup_t s = set_up();
  static int data = 1;
  finalized = 0;
  for (int i = 0; i < 100000; ++i) {
    wasmtime_externref_t ref;
    CHECK(wasmtime_externref_new(s.context, &data, finalize, &ref));
    wasmtime_externref_unroot(&ref);
  }
  CHECK_OK(wasmtime_context_gc(s.context));
  CHECK(finalized == 100000);
  tear_down(&s);
}

TEST(structs_are_read_and_written) {
  setup_t s = set_up();
  wasmtime_val_t seven = i32_val(7);
  wasmtime_val_t point = call(&s, "point", &seven, 1);
  CHECK(point.kind == WASMTIME_ANYREF && wasmtime_anyref_is_struct(s.context, &point.of.anyref));
  CHECK(wasmtime_anyref_is_eqref(s.context, &point.of.anyref));
  CHECK(!wasmtime_anyref_is_array(s.context, &point.of.anyref));
  wasmtime_structref_t ref;
  CHECK(wasmtime_anyref_as_struct(s.context, &point.of.anyref, &ref));
  wasmtime_val_t field;
  CHECK_OK(wasmtime_structref_field(s.context, &ref, 0, &field));
  CHECK(field.kind == WASMTIME_I32 && field.of.i32 == 7);
  CHECK_OK(wasmtime_structref_field(s.context, &ref, 2, &field));
  CHECK(field.of.i32 == 255);
  CHECK(is_error(wasmtime_structref_field(s.context, &ref, 3, &field), "only has 3 fields"));
  CHECK(is_error(wasmtime_structref_set_field(s.context, &ref, 0, &seven), "not mutable"));
  CHECK(is_error(wasmtime_structref_set_field(s.context, &ref, 1, &seven), "type mismatch"));
  wasmtime_val_t big;
  big.kind = WASMTIME_I64;
  big.of.i64 = -9;
  CHECK_OK(wasmtime_structref_set_field(s.context, &ref, 1, &big));
  CHECK_OK(wasmtime_context_gc(s.context));  // it moves
  CHECK(call(&s, "read", &point, 1).of.i64 == -9);

  // A struct of the same type, made by the host.
  wasmtime_struct_type_t* type = wasmtime_structref_type(s.context, &ref);
  CHECK(type != NULL && wasmtime_struct_type_num_fields(type) == 3);
  wasmtime_field_type_t field_type;
  CHECK(wasmtime_struct_type_field(type, 2, &field_type));
  CHECK(field_type.mutable_ && field_type.storage.kind == WASMTIME_STORAGE_TYPE_KIND_I8);
  wasmtime_field_type_delete(&field_type);
  wasmtime_struct_ref_pre_t* pre = wasmtime_struct_ref_pre_new(s.context, type);
  wasmtime_val_t fields[3] = {i32_val(1), big, i32_val(3)};
  wasmtime_structref_t made;
  CHECK(is_error(wasmtime_structref_new(s.context, pre, fields, 2, &made), "expected 3 fields"));
  CHECK_OK(wasmtime_structref_new(s.context, pre, fields, 3, &made));
  wasmtime_val_t any;
  any.kind = WASMTIME_ANYREF;
  wasmtime_structref_to_anyref(&made, &any.of.anyref);
  CHECK(call(&s, "read", &any, 1).of.i64 == -9);
  wasmtime_struct_ref_pre_delete(pre);
  wasmtime_struct_type_delete(type);
  wasmtime_val_unroot(&any);
  wasmtime_val_unroot(&point);
  wasmtime_structref_unroot(&made);
  wasmtime_structref_unroot(&ref);
  tear_down(&s);
}

TEST(arrays_are_read_and_written) {
  setup_t s = set_up();
  wasmtime_val_t bytes = call(&s, "bytes", NULL, 1);
  wasmtime_arrayref_t ref;
  CHECK(wasmtime_anyref_as_array(s.context, &bytes.of.anyref, &ref));
  uint32_t length = 0;
  CHECK_OK(wasmtime_arrayref_len(s.context, &ref, &length));
  CHECK(length == 3);
  wasmtime_val_t element = i32_val(0x1234);
  CHECK_OK(wasmtime_arrayref_set(s.context, &ref, 2, &element));
  CHECK_OK(wasmtime_arrayref_get(s.context, &ref, 2, &element));
  CHECK(element.of.i32 == 0x34);
  CHECK(is_error(wasmtime_arrayref_get(s.context, &ref, 3, &element), "out of bounds"));
  wasmtime_heaptype_t type;
  CHECK(wasmtime_anyref_type(s.context, &bytes.of.anyref, &type));
  CHECK(type.kind == WASMTIME_HEAPTYPE_KIND_CONCRETE_ARRAY);
  wasmtime_array_ref_pre_t* pre = wasmtime_array_ref_pre_new(s.context, type.of.concrete_array);
  wasmtime_arrayref_t made;
  element = i32_val(5);
  CHECK_OK(wasmtime_arrayref_new(s.context, pre, &element, 1000, &made));
  CHECK_OK(wasmtime_arrayref_get(s.context, &made, 999, &element));
  CHECK(element.of.i32 == 5);
  wasmtime_array_ref_pre_delete(pre);
  wasmtime_heaptype_delete(&type);
  wasmtime_arrayref_unroot(&made);
  wasmtime_arrayref_unroot(&ref);
  wasmtime_val_unroot(&bytes);
  tear_down(&s);
}

TEST(small_integers_are_references) {
  setup_t s = set_up();
  wasmtime_val_t value;
  value.kind = WASMTIME_ANYREF;
  wasmtime_anyref_from_i31(s.context, 0x7fffffff, &value.of.anyref);
  uint32_t u = 0;
  int32_t i = 0;
  CHECK(wasmtime_anyref_i31_get_u(s.context, &value.of.anyref, &u) && u == 0x7fffffff);
  CHECK(wasmtime_anyref_i31_get_s(s.context, &value.of.anyref, &i) && i == -1);
  CHECK(call(&s, "any", &value, 1).of.i32 == 1);
  wasmtime_eqref_t eq;
  CHECK(wasmtime_anyref_as_eqref(s.context, &value.of.anyref, &eq));
  CHECK(wasmtime_eqref_is_i31(s.context, &eq));
  wasmtime_eqref_unroot(&eq);
  wasmtime_val_unroot(&value);
  tear_down(&s);
}

TEST(exceptions_are_seen_by_the_host) {
  setup_t s = set_up();
  const wasmtime_func_t f = export_of(s.context, &s.instance, "throw").of.func;
  wasmtime_val_t args[2] = {i32_val(3), i32_val(0)};
  static int data = 1;
  args[1].kind = WASMTIME_EXTERNREF;
  CHECK(wasmtime_externref_new(s.context, &data, NULL, &args[1].of.externref));
  wasm_trap_t* trap = NULL;
  CHECK_OK(wasmtime_func_call(s.context, &f, args, 2, NULL, 0, &trap));
  CHECK(is_trap(trap, "thrown Wasm exception"));
  CHECK(wasmtime_context_has_exception(s.context));
  wasmtime_exnref_t exn;
  CHECK(wasmtime_context_take_exception(s.context, &exn));
  CHECK(!wasmtime_context_has_exception(s.context));
  wasmtime_tag_t tag, declared = export_of(s.context, &s.instance, "tag").of.tag;
  CHECK_OK(wasmtime_exnref_tag(s.context, &exn, &tag));
  CHECK(wasmtime_tag_eq(s.context, &tag, &declared));
  CHECK(wasmtime_exnref_field_count(s.context, &exn) == 2);
  wasmtime_val_t field;
  CHECK_OK(wasmtime_exnref_field(s.context, &exn, 0, &field));
  CHECK(field.of.i32 == 3);
  CHECK_OK(wasmtime_exnref_field(s.context, &exn, 1, &field));
  CHECK(wasmtime_externref_data(s.context, &field.of.externref) == &data);
  wasmtime_val_unroot(&field);
  wasmtime_val_unroot(&args[1]);
  wasmtime_exnref_unroot(&exn);
  tear_down(&s);
}

TEST(tables_take_and_give_references) {
  setup_t s = set_up();
  wasmtime_table_t table = export_of(s.context, &s.instance, "table").of.table;
  static int data = 1;
  wasmtime_val_t value, got;
  value.kind = WASMTIME_EXTERNREF;
  CHECK(wasmtime_externref_new(s.context, &data, NULL, &value.of.externref));
  CHECK_OK(wasmtime_table_set(s.context, &table, 3, &value));
  CHECK(wasmtime_table_get(s.context, &table, 3, &got));
  CHECK(wasmtime_externref_data(s.context, &got.of.externref) == &data);
  wasmtime_val_unroot(&got);
  CHECK(!wasmtime_table_get(s.context, &table, 4, &got));
  CHECK(is_error(wasmtime_table_set(s.context, &table, 4, &value), "out of bounds"));
  uint64_t before = 0;
  CHECK_OK(wasmtime_table_grow(s.context, &table, 2, &value, &before));
  CHECK(before == 4 && wasmtime_table_size(s.context, &table) == 6);
  got = i32_val(1);
  CHECK(is_error(wasmtime_table_set(s.context, &table, 0, &got), "not a reference"));
  wasmtime_val_unroot(&value);
  tear_down(&s);
}
