// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Errors, traps and the frames of both.
#include <cstdio>
#include <cstdlib>
#include <new>

#include "base/error_text.h"
#include "base/utf8.h"
#include "capi/objects.h"

using namespace wazuka;
using namespace wazuka::capi;

struct wasm_frame_t {
  Frame frame;
  wasm_name_t func_name = {}, module_name = {};
  std::unique_ptr<wasm_instance_t> instance;

  explicit wasm_frame_t(const Frame& f) : frame(f) {
    if (auto store = f.store.lock()) {
      instance = std::make_unique<wasm_instance_t>(std::move(store), f.instance);
    }
    if (f.func_name) fill(&func_name, *f.func_name);
    if (f.module_name) fill(&module_name, *f.module_name);
  }
  ~wasm_frame_t() {
    wasm_name_delete(&func_name);
    wasm_name_delete(&module_name);
  }
  wasm_frame_t(const wasm_frame_t&) = delete;
  wasm_frame_t& operator=(const wasm_frame_t&) = delete;
};

namespace wazuka::capi {

void abort_misuse(const char* what) {
  std::fprintf(stderr, "wazuka: %s\n", what);
  std::abort();
}

namespace {

[[noreturn]] void abort_out_of_memory() {
  std::fprintf(stderr, "wazuka: out of memory\n");
  std::abort();
}

/// For the library's own `new`, which no program shares. It has no exceptions that could be caught.
[[gnu::constructor]] void set_new_handler() {
  std::set_new_handler(abort_out_of_memory);
}

}  // namespace

void abort_unsupported(const char* function) {
  std::fprintf(stderr, "wazuka: %s is not supported yet\n", function);
  std::abort();
}

wasmtime_error_t* unsupported(const char* function) {
  return new_error(std::string(function) + " is not supported yet");
}

wasmtime_error_t* new_error(Failure failure) {
  return new wasmtime_error{std::move(failure)};
}
wasmtime_error_t* new_error(Error error) {
  return new_error(Failure{std::move(error), {}});
}
wasmtime_error_t* new_error(std::string message) {
  return new_error(Error{std::move(message), Error::kNoOffset, {}});
}

wasmtime_error_t* report(Failure failure, wasm_trap_t** trap) {
  if (!failure.is_trap() || trap == nullptr) return new_error(std::move(failure));
  *trap = new_trap(std::move(failure));
  return nullptr;
}

wasm_trap_t* new_trap(Failure failure) {
  return new wasm_trap_t(std::move(failure));
}

Failure take_failure(wasm_trap_t* trap) {
  Failure failure = std::move(trap->failure);
  wasm_trap_delete(trap);
  return failure;
}

Failure take_failure(wasmtime_error_t* error) {
  Failure failure = std::move(error->failure);
  delete error;
  return failure;
}

std::optional<std::string_view> utf8(const char* text, size_t length) {
  if (length == 0) return std::string_view();
  if (!is_valid_utf8({reinterpret_cast<const u8*>(text), length})) return std::nullopt;
  return std::string_view(text, length);
}

wasmtime_error_t* bad_utf8() {
  return new_error("input was not valid utf-8");
}

namespace {

/// The text of a trap code, also of those that only components raise; empty if there is none.
std::string_view message_of(wasmtime_trap_code_t code) {
  switch (code) {
#define TRAP(name, number, message) \
  case number: return message;
#include "abi/traps.def"
#include "capi/component_traps.def"
#undef TRAP
    default: return {};
  }
}

/// As much of the text as is UTF-8, with U+FFFD for the rest.
std::string lossy(const char* text, size_t length) {
  if (auto valid = utf8(text, length)) return std::string(*valid);
  std::string out;
  for (size_t i = 0; i < length; ++i) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      out += text[i];
    } else {
      out += "\xef\xbf\xbd";
    }
  }
  return out;
}

Failure message_failure(const char* text, size_t length) {
  return {Error{lossy(text, length), Error::kNoOffset, {}}, {}};
}

void frames_of(const Failure& failure, wasm_frame_vec_t* out) {
  wasm_frame_vec_new_uninitialized(out, failure.frames.size());
  for (size_t i = 0; i < out->size; ++i) out->data[i] = new wasm_frame_t(failure.frames[i]);
}

}  // namespace
}  // namespace wazuka::capi

// Errors -----------------------------------------------------------------------------------------

wasmtime_error_t* wasmtime_error_new(const char* message) {
  return new_error(message_failure(message, std::strlen(message)));
}
void wasmtime_error_delete(wasmtime_error_t* error) {
  delete error;
}
void wasmtime_error_message(const wasmtime_error_t* error, wasm_name_t* message) {
  fill(message, error_text(error->failure.error.error));
}
bool wasmtime_error_exit_status(const wasmtime_error_t* error, int* status) {
  const auto& code = error->failure.error.exit_code;
  if (code) *status = static_cast<int>(*code);
  return code.has_value();
}
void wasmtime_error_wasm_trace(const wasmtime_error_t* error, wasm_frame_vec_t* out) {
  frames_of(error->failure, out);
}

// Traps ------------------------------------------------------------------------------------------

wasm_trap_t* wasm_trap_new(wasm_store_t*, const wasm_message_t* message) {
  if (message->size == 0 || message->data[message->size - 1] != 0) {
    abort_misuse("wasm_trap_new: the message must end with a NUL");
  }
  return new_trap(message_failure(message->data, message->size - 1));
}
wasm_trap_t* wasmtime_trap_new(const char* message, size_t length) {
  return new_trap(message_failure(message, length));
}
wasm_trap_t* wasmtime_trap_new_code(wasmtime_trap_code_t code) {
  const std::string_view message = message_of(code);
  if (message.empty()) abort_misuse("wasmtime_trap_new_code: unknown code");
  ExecError error(Error{"wasm trap: " + std::string(message), Error::kNoOffset, {}});
  error.trap = static_cast<TrapCode>(code);
  return new_trap({std::move(error), {}});
}
bool wasmtime_trap_code(const wasm_trap_t* trap, wasmtime_trap_code_t* code) {
  const auto& cause = trap->failure.error.trap;
  if (cause) *code = static_cast<wasmtime_trap_code_t>(*cause);
  return cause.has_value();
}
void wasm_trap_message(const wasm_trap_t* trap, wasm_message_t* out) {
  const std::string text = error_text(trap->failure.error.error);
  fill(out, text.c_str(), text.size() + 1);
}
wasm_frame_t* wasm_trap_origin(const wasm_trap_t* trap) {
  const auto& frames = trap->failure.frames;
  return frames.empty() ? nullptr : new wasm_frame_t(frames[0]);
}
void wasm_trap_trace(const wasm_trap_t* trap, wasm_frame_vec_t* out) {
  frames_of(trap->failure, out);
}

// Frames -----------------------------------------------------------------------------------------

void wasm_frame_delete(wasm_frame_t* frame) {
  delete frame;
}
wasm_frame_t* wasm_frame_copy(const wasm_frame_t* frame) {
  return new wasm_frame_t(frame->frame);
}
wasm_instance_t* wasm_frame_instance(const wasm_frame_t* frame) {
  return frame->instance.get();
}
uint32_t wasm_frame_func_index(const wasm_frame_t* frame) {
  return frame->frame.func_index;
}
size_t wasm_frame_func_offset(const wasm_frame_t* frame) {
  return frame->frame.func_offset;
}
size_t wasm_frame_module_offset(const wasm_frame_t* frame) {
  return frame->frame.module_offset;
}
const wasm_name_t* wasmtime_frame_func_name(const wasm_frame_t* frame) {
  return frame->frame.func_name ? &frame->func_name : nullptr;
}
const wasm_name_t* wasmtime_frame_module_name(const wasm_frame_t* frame) {
  return frame->frame.module_name ? &frame->module_name : nullptr;
}
