// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Components: what is declared and not supported yet. Functions that can report an error do; the
// others need an object that no function makes, so that a call is a mistake and ends the process.
#include "capi/handle.h"

using namespace wazuka::capi;

#define REPORTS(name, ...)              \
  wasmtime_error_t* name(__VA_ARGS__) { \
    return unsupported(#name);          \
  }
/// The same for a function that also takes something with its finalizer: it owns that in any case.
#define REPORTS_AND_ENDS(name, ...)                                           \
  wasmtime_error_t* name(__VA_ARGS__, void* data, void (*finalizer)(void*)) { \
    const Foreign ended(data, finalizer);                                     \
    return unsupported(#name);                                                \
  }
#define UNREACHABLE(result, name, ...) \
  result name(__VA_ARGS__) {           \
    abort_unsupported(#name);          \
  }

REPORTS(wasmtime_component_new, const wasm_engine_t*, const uint8_t*, size_t,
        wasmtime_component_t**)
REPORTS(wasmtime_component_serialize, const wasmtime_component_t*, wasm_byte_vec_t*)
REPORTS(wasmtime_component_deserialize, const wasm_engine_t*, const uint8_t*, size_t,
        wasmtime_component_t**)
REPORTS(wasmtime_component_deserialize_file, const wasm_engine_t*, const char*,
        wasmtime_component_t**)
REPORTS(wasmtime_component_resource_any_drop, wasmtime_context_t*,
        const wasmtime_component_resource_any_t*)
REPORTS(wasmtime_component_resource_any_to_host, wasmtime_context_t*,
        const wasmtime_component_resource_any_t*, wasmtime_component_resource_host_t**)
REPORTS(wasmtime_component_resource_host_to_any, wasmtime_context_t*,
        const wasmtime_component_resource_host_t*, wasmtime_component_resource_any_t**)
REPORTS(wasmtime_component_func_call, const wasmtime_component_func_t*, wasmtime_context_t*,
        const wasmtime_component_val_t*, size_t, wasmtime_component_val_t*, size_t)
REPORTS(wasmtime_component_func_post_return, const wasmtime_component_func_t*, wasmtime_context_t*)
REPORTS(wasmtime_component_linker_instantiate, const wasmtime_component_linker_t*,
        wasmtime_context_t*, const wasmtime_component_t*, wasmtime_component_instance_t*)
REPORTS(wasmtime_component_linker_define_unknown_imports_as_traps, wasmtime_component_linker_t*,
        const wasmtime_component_t*)
REPORTS(wasmtime_component_linker_instance_add_instance, wasmtime_component_linker_instance_t*,
        const char*, size_t, wasmtime_component_linker_instance_t**)
REPORTS(wasmtime_component_linker_instance_add_module, wasmtime_component_linker_instance_t*,
        const char*, size_t, const wasmtime_module_t*)
REPORTS_AND_ENDS(wasmtime_component_linker_instance_add_func, wasmtime_component_linker_instance_t*,
                 const char*, size_t, wasmtime_component_func_callback_t)
REPORTS(wasmtime_component_linker_add_wasip2, wasmtime_component_linker_t*)
REPORTS(wasmtime_component_linker_add_wasi_http, wasmtime_component_linker_t*)
REPORTS_AND_ENDS(wasmtime_component_linker_instance_add_resource,
                 wasmtime_component_linker_instance_t*, const char*, size_t,
                 const wasmtime_component_resource_type_t*,
                 wasmtime_component_resource_destructor_t)
REPORTS_AND_ENDS(wasmtime_component_linker_instance_add_func_async,
                 wasmtime_component_linker_instance_t*, const char*, size_t,
                 wasmtime_component_func_async_callback_t)
REPORTS(wasmtime_component_linker_add_wasip2_async, wasmtime_component_linker_t*)
REPORTS(wasmtime_component_linker_add_wasi_http_async, wasmtime_component_linker_t*)

UNREACHABLE(wasmtime_call_future_t*, wasmtime_component_func_call_async,
            const wasmtime_component_func_t*, wasmtime_context_t*, const wasmtime_component_val_t*,
            size_t, wasmtime_component_val_t*, size_t, wasmtime_error_t**)
UNREACHABLE(wasmtime_call_future_t*, wasmtime_component_linker_instantiate_async,
            const wasmtime_component_linker_t*, wasmtime_context_t*, const wasmtime_component_t*,
            wasmtime_component_instance_t*, wasmtime_error_t**)

UNREACHABLE(wasmtime_component_list_type_t*, wasmtime_component_list_type_clone,
            const wasmtime_component_list_type_t*)
UNREACHABLE(bool, wasmtime_component_list_type_equal, const wasmtime_component_list_type_t*,
            const wasmtime_component_list_type_t*)
UNREACHABLE(void, wasmtime_component_list_type_delete, wasmtime_component_list_type_t*)
UNREACHABLE(void, wasmtime_component_list_type_element, const wasmtime_component_list_type_t*,
            struct wasmtime_component_valtype_t*)
UNREACHABLE(wasmtime_component_fixed_length_list_type_t*,
            wasmtime_component_fixed_length_list_type_clone,
            const wasmtime_component_fixed_length_list_type_t*)
UNREACHABLE(bool, wasmtime_component_fixed_length_list_type_equal,
            const wasmtime_component_fixed_length_list_type_t*,
            const wasmtime_component_fixed_length_list_type_t*)
UNREACHABLE(void, wasmtime_component_fixed_length_list_type_delete,
            wasmtime_component_fixed_length_list_type_t*)
UNREACHABLE(void, wasmtime_component_fixed_length_list_type_element,
            const wasmtime_component_fixed_length_list_type_t*,
            struct wasmtime_component_valtype_t*)
UNREACHABLE(wasmtime_component_record_type_t*, wasmtime_component_record_type_clone,
            const wasmtime_component_record_type_t*)
UNREACHABLE(bool, wasmtime_component_record_type_equal, const wasmtime_component_record_type_t*,
            const wasmtime_component_record_type_t*)
UNREACHABLE(void, wasmtime_component_record_type_delete, wasmtime_component_record_type_t*)
UNREACHABLE(size_t, wasmtime_component_record_type_field_count,
            const wasmtime_component_record_type_t*)
UNREACHABLE(bool, wasmtime_component_record_type_field_nth, const wasmtime_component_record_type_t*,
            size_t, const char**, size_t*, struct wasmtime_component_valtype_t*)
UNREACHABLE(wasmtime_component_tuple_type_t*, wasmtime_component_tuple_type_clone,
            const wasmtime_component_tuple_type_t*)
UNREACHABLE(bool, wasmtime_component_tuple_type_equal, const wasmtime_component_tuple_type_t*,
            const wasmtime_component_tuple_type_t*)
UNREACHABLE(void, wasmtime_component_tuple_type_delete, wasmtime_component_tuple_type_t*)
UNREACHABLE(size_t, wasmtime_component_tuple_type_types_count,
            const wasmtime_component_tuple_type_t*)
UNREACHABLE(bool, wasmtime_component_tuple_type_types_nth, const wasmtime_component_tuple_type_t*,
            size_t, struct wasmtime_component_valtype_t*)
UNREACHABLE(wasmtime_component_variant_type_t*, wasmtime_component_variant_type_clone,
            const wasmtime_component_variant_type_t*)
UNREACHABLE(bool, wasmtime_component_variant_type_equal, const wasmtime_component_variant_type_t*,
            const wasmtime_component_variant_type_t*)
UNREACHABLE(void, wasmtime_component_variant_type_delete, wasmtime_component_variant_type_t*)
UNREACHABLE(size_t, wasmtime_component_variant_type_case_count,
            const wasmtime_component_variant_type_t*)
UNREACHABLE(bool, wasmtime_component_variant_type_case_nth,
            const wasmtime_component_variant_type_t*, size_t, const char**, size_t*, bool*,
            struct wasmtime_component_valtype_t*)
UNREACHABLE(wasmtime_component_enum_type_t*, wasmtime_component_enum_type_clone,
            const wasmtime_component_enum_type_t*)
UNREACHABLE(bool, wasmtime_component_enum_type_equal, const wasmtime_component_enum_type_t*,
            const wasmtime_component_enum_type_t*)
UNREACHABLE(void, wasmtime_component_enum_type_delete, wasmtime_component_enum_type_t*)
UNREACHABLE(size_t, wasmtime_component_enum_type_names_count, const wasmtime_component_enum_type_t*)
UNREACHABLE(bool, wasmtime_component_enum_type_names_nth, const wasmtime_component_enum_type_t*,
            size_t, const char**, size_t*)
UNREACHABLE(wasmtime_component_option_type_t*, wasmtime_component_option_type_clone,
            const wasmtime_component_option_type_t*)
UNREACHABLE(bool, wasmtime_component_option_type_equal, const wasmtime_component_option_type_t*,
            const wasmtime_component_option_type_t*)
UNREACHABLE(void, wasmtime_component_option_type_delete, wasmtime_component_option_type_t*)
UNREACHABLE(void, wasmtime_component_option_type_ty, const wasmtime_component_option_type_t*,
            struct wasmtime_component_valtype_t*)
UNREACHABLE(wasmtime_component_result_type_t*, wasmtime_component_result_type_clone,
            const wasmtime_component_result_type_t*)
UNREACHABLE(bool, wasmtime_component_result_type_equal, const wasmtime_component_result_type_t*,
            const wasmtime_component_result_type_t*)
UNREACHABLE(void, wasmtime_component_result_type_delete, wasmtime_component_result_type_t*)
UNREACHABLE(bool, wasmtime_component_result_type_ok, const wasmtime_component_result_type_t*,
            struct wasmtime_component_valtype_t*)
UNREACHABLE(bool, wasmtime_component_result_type_err, const wasmtime_component_result_type_t*,
            struct wasmtime_component_valtype_t*)
UNREACHABLE(wasmtime_component_flags_type_t*, wasmtime_component_flags_type_clone,
            const wasmtime_component_flags_type_t*)
UNREACHABLE(bool, wasmtime_component_flags_type_equal, const wasmtime_component_flags_type_t*,
            const wasmtime_component_flags_type_t*)
UNREACHABLE(void, wasmtime_component_flags_type_delete, wasmtime_component_flags_type_t*)
UNREACHABLE(size_t, wasmtime_component_flags_type_names_count,
            const wasmtime_component_flags_type_t*)
UNREACHABLE(bool, wasmtime_component_flags_type_names_nth, const wasmtime_component_flags_type_t*,
            size_t, const char**, size_t*)
UNREACHABLE(wasmtime_component_future_type_t*, wasmtime_component_future_type_clone,
            const wasmtime_component_future_type_t*)
UNREACHABLE(bool, wasmtime_component_future_type_equal, const wasmtime_component_future_type_t*,
            const wasmtime_component_future_type_t*)
UNREACHABLE(void, wasmtime_component_future_type_delete, wasmtime_component_future_type_t*)
UNREACHABLE(bool, wasmtime_component_future_type_ty, const wasmtime_component_future_type_t*,
            struct wasmtime_component_valtype_t*)
UNREACHABLE(wasmtime_component_stream_type_t*, wasmtime_component_stream_type_clone,
            const wasmtime_component_stream_type_t*)
UNREACHABLE(bool, wasmtime_component_stream_type_equal, const wasmtime_component_stream_type_t*,
            const wasmtime_component_stream_type_t*)
UNREACHABLE(void, wasmtime_component_stream_type_delete, wasmtime_component_stream_type_t*)
UNREACHABLE(bool, wasmtime_component_stream_type_ty, const wasmtime_component_stream_type_t*,
            struct wasmtime_component_valtype_t*)
UNREACHABLE(wasmtime_component_map_type_t*, wasmtime_component_map_type_clone,
            const wasmtime_component_map_type_t*)
UNREACHABLE(bool, wasmtime_component_map_type_equal, const wasmtime_component_map_type_t*,
            const wasmtime_component_map_type_t*)
UNREACHABLE(void, wasmtime_component_map_type_delete, wasmtime_component_map_type_t*)
UNREACHABLE(void, wasmtime_component_map_type_key, const wasmtime_component_map_type_t*,
            struct wasmtime_component_valtype_t*)
UNREACHABLE(void, wasmtime_component_map_type_value, const wasmtime_component_map_type_t*,
            struct wasmtime_component_valtype_t*)
UNREACHABLE(void, wasmtime_component_valtype_clone, const wasmtime_component_valtype_t*,
            wasmtime_component_valtype_t*)
UNREACHABLE(bool, wasmtime_component_valtype_equal, const wasmtime_component_valtype_t*,
            const wasmtime_component_valtype_t*)
UNREACHABLE(void, wasmtime_component_valtype_delete, wasmtime_component_valtype_t*)
UNREACHABLE(wasmtime_component_func_type_t*, wasmtime_component_func_type_clone,
            const wasmtime_component_func_type_t*)
UNREACHABLE(void, wasmtime_component_func_type_delete, wasmtime_component_func_type_t*)
UNREACHABLE(bool, wasmtime_component_func_type_async, const wasmtime_component_func_type_t*)
UNREACHABLE(size_t, wasmtime_component_func_type_param_count, const wasmtime_component_func_type_t*)
UNREACHABLE(bool, wasmtime_component_func_type_param_nth, const wasmtime_component_func_type_t*,
            size_t, const char**, size_t*, wasmtime_component_valtype_t*)
UNREACHABLE(bool, wasmtime_component_func_type_result, const wasmtime_component_func_type_t*,
            wasmtime_component_valtype_t*)
UNREACHABLE(wasmtime_component_instance_type_t*, wasmtime_component_instance_type_clone,
            const wasmtime_component_instance_type_t*)
UNREACHABLE(void, wasmtime_component_instance_type_delete, wasmtime_component_instance_type_t*)
UNREACHABLE(size_t, wasmtime_component_instance_type_export_count,
            const wasmtime_component_instance_type_t*, const wasm_engine_t*)
UNREACHABLE(bool, wasmtime_component_instance_type_export_get,
            const wasmtime_component_instance_type_t*, const wasm_engine_t*, const char*, size_t,
            struct wasmtime_component_extern_t**)
UNREACHABLE(bool, wasmtime_component_instance_type_export_nth,
            const wasmtime_component_instance_type_t*, const wasm_engine_t*, size_t, const char**,
            size_t*, struct wasmtime_component_extern_t**)
UNREACHABLE(wasmtime_module_type_t*, wasmtime_module_type_clone, const wasmtime_module_type_t*)
UNREACHABLE(void, wasmtime_module_type_delete, wasmtime_module_type_t*)
UNREACHABLE(size_t, wasmtime_module_type_import_count, const wasmtime_module_type_t*,
            const wasm_engine_t*)
UNREACHABLE(wasm_importtype_t*, wasmtime_module_type_import_nth, const wasmtime_module_type_t*,
            const wasm_engine_t*, size_t)
UNREACHABLE(size_t, wasmtime_module_type_export_count, const wasmtime_module_type_t*,
            const wasm_engine_t*)
UNREACHABLE(wasm_exporttype_t*, wasmtime_module_type_export_nth, const wasmtime_module_type_t*,
            const wasm_engine_t*, size_t)
UNREACHABLE(wasmtime_component_type_t*, wasmtime_component_type_clone,
            const wasmtime_component_type_t*)
UNREACHABLE(void, wasmtime_component_type_delete, wasmtime_component_type_t*)
UNREACHABLE(size_t, wasmtime_component_type_import_count, const wasmtime_component_type_t*,
            const wasm_engine_t*)
UNREACHABLE(bool, wasmtime_component_type_import_get, const wasmtime_component_type_t*,
            const wasm_engine_t*, const char*, size_t, struct wasmtime_component_extern_t**)
UNREACHABLE(bool, wasmtime_component_type_import_nth, const wasmtime_component_type_t*,
            const wasm_engine_t*, size_t, const char**, size_t*,
            struct wasmtime_component_extern_t**)
UNREACHABLE(size_t, wasmtime_component_type_export_count, const wasmtime_component_type_t*,
            const wasm_engine_t*)
UNREACHABLE(bool, wasmtime_component_type_export_get, const wasmtime_component_type_t*,
            const wasm_engine_t*, const char*, size_t, struct wasmtime_component_extern_t**)
UNREACHABLE(bool, wasmtime_component_type_export_nth, const wasmtime_component_type_t*,
            const wasm_engine_t*, size_t, const char**, size_t*,
            struct wasmtime_component_extern_t**)
UNREACHABLE(void, wasmtime_component_item_clone, const wasmtime_component_item_t*,
            wasmtime_component_item_t*)
UNREACHABLE(void, wasmtime_component_item_delete, wasmtime_component_item_t*)
UNREACHABLE(wasmtime_component_extern_t*, wasmtime_component_extern_clone,
            const wasmtime_component_extern_t*)
UNREACHABLE(void, wasmtime_component_extern_type, const wasmtime_component_extern_t*,
            wasmtime_component_item_t*)
UNREACHABLE(const char*, wasmtime_component_extern_implements, const wasmtime_component_extern_t*,
            size_t*)
UNREACHABLE(bool, wasmtime_component_extern_is_implements, const wasmtime_component_extern_t*,
            const char*, size_t)
UNREACHABLE(const char*, wasmtime_component_extern_external_id, const wasmtime_component_extern_t*,
            size_t*)
UNREACHABLE(void, wasmtime_component_extern_delete, wasmtime_component_extern_t*)
UNREACHABLE(wasmtime_component_t*, wasmtime_component_clone, const wasmtime_component_t*)
UNREACHABLE(wasmtime_component_type_t*, wasmtime_component_type, const wasmtime_component_t*)
UNREACHABLE(void, wasmtime_component_delete, wasmtime_component_t*)
UNREACHABLE(wasmtime_component_export_index_t*, wasmtime_component_get_export_index,
            const wasmtime_component_t*, const wasmtime_component_export_index_t*, const char*,
            size_t)
UNREACHABLE(wasmtime_component_export_index_t*, wasmtime_component_export_index_clone,
            const wasmtime_component_export_index_t*)
UNREACHABLE(void, wasmtime_component_export_index_delete, wasmtime_component_export_index_t*)
UNREACHABLE(wasmtime_component_resource_type_t*, wasmtime_component_resource_any_type,
            const wasmtime_component_resource_any_t*)
UNREACHABLE(wasmtime_component_resource_any_t*, wasmtime_component_resource_any_clone,
            const wasmtime_component_resource_any_t*)
UNREACHABLE(bool, wasmtime_component_resource_any_owned, const wasmtime_component_resource_any_t*)
UNREACHABLE(void, wasmtime_component_resource_any_delete, wasmtime_component_resource_any_t*)
UNREACHABLE(wasmtime_component_func_type_t*, wasmtime_component_func_type,
            const wasmtime_component_func_t*, wasmtime_context_t*)
UNREACHABLE(wasmtime_component_export_index_t*, wasmtime_component_instance_get_export_index,
            const wasmtime_component_instance_t*, wasmtime_context_t*,
            const wasmtime_component_export_index_t*, const char*, size_t)
UNREACHABLE(bool, wasmtime_component_instance_get_func, const wasmtime_component_instance_t*,
            wasmtime_context_t*, const wasmtime_component_export_index_t*,
            wasmtime_component_func_t*)
