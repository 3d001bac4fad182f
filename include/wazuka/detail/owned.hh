// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Ownership of what the C library hands out, and of the host's values behind its pointers.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <wazuka.h>

namespace wazuka {
inline namespace v1 {
namespace detail {

template <auto kDelete>
struct Deleter {
  template <class T>
  void operator()(T* p) const noexcept {
    kDelete(p);
  }
};

/// A pointer that ends with its function of the C library.
template <class T, auto kDelete>
using Owned = std::unique_ptr<T, Deleter<kDelete>>;

/// Takes the text of a vector of bytes, and deletes the vector.
inline std::string take_text(wasm_byte_vec_t& bytes) {
  std::string text;
  if (bytes.size != 0) text.assign(bytes.data, bytes.size);
  wasm_byte_vec_delete(&bytes);
  return text;
}

inline std::string_view view(const wasm_name_t* name) {
  if (name == nullptr || name->size == 0) return {};
  return {name->data, name->size};
}

// Values of the host ------------------------------------------------------------------------------

/// Its address stands for the type: values are recognised without run-time type information.
template <class T>
inline constexpr char kTypeTag = 0;

/// A value of the host behind a pointer of the C library.
struct BoxBase {
  const void* type;
  void (*destroy)(BoxBase*);
};

template <class T>
struct Box : BoxBase {
  template <class... Args>
  explicit Box(Args&&... args)
      : BoxBase{&kTypeTag<T>, [](BoxBase* box) { delete static_cast<Box*>(box); }},
        value(std::forward<Args>(args)...) {}
  T value;
};

/// The finalizer of boxes.
inline void destroy_box(void* box) {
  if (box != nullptr) static_cast<BoxBase*>(box)->destroy(static_cast<BoxBase*>(box));
}

/// The value, if there is one of this type.
template <class T>
T* unbox(void* pointer) {
  auto* const box = static_cast<BoxBase*>(pointer);
  if (box == nullptr || box->type != &kTypeTag<T>) return nullptr;
  return &static_cast<Box<T>*>(box)->value;
}

}  // namespace detail
}  // namespace v1
}  // namespace wazuka
