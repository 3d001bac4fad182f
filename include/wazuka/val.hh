// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values that go into guests and come out. Where the signature is known when the program is
// compiled they are plain C++ types:
//
//     i32    int32_t, uint32_t, bool        funcref     Func (empty: null)
//     i64    int64_t, uint64_t              externref   ExternRef (empty: null)
//     f32    float                          v128        V128
//     f64    double
//
// Otherwise they are `Val`, which holds any of them.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>
#include <wazuka/detail/types.hh>
#include <wazuka/store.hh>

namespace wazuka {
inline namespace v1 {

/// 128 bits, as vector instructions have them; lanes in the order of memory.
struct V128 {
  std::array<uint8_t, 16> bytes = {};
  bool operator==(const V128&) const = default;
};

/// A reference to a value of the host, which the guest can keep and give back but not look into.
/// The value ends when nothing refers to it any more. Copies refer to the same value; a default one
/// is null.
class ExternRef {
 public:
  ExternRef() = default;
  /// A reference to a new value. An error if the store's heap for references cannot be made or is
  /// full.
  template <class T>
  [[nodiscard]] static Result<ExternRef> create(StoreRef store, T&& value);

  ExternRef(const ExternRef& other) {
    if (other) wasmtime_externref_clone(&other.ref_, &ref_);
  }
  ExternRef(ExternRef&& other) noexcept : ref_(std::exchange(other.ref_, wasmtime_externref_t{})) {}
  ExternRef& operator=(ExternRef other) noexcept {
    std::swap(ref_, other.ref_);
    return *this;
  }
  ~ExternRef() {
    if (*this) wasmtime_externref_unroot(&ref_);
  }

  /// The value, if `create` made it with this type; else null, also for references of other stores.
  template <class T>
  T* get(StoreRef store) const {
    if (!detail::owns(store, ref_.store_id)) return nullptr;
    return detail::unbox<T>(wasmtime_externref_data(store.get(), &ref_));
  }

  /// Whether it is not null.
  explicit operator bool() const { return ref_.store_id != 0; }
  /// From and to the C API; with ownership.
  static ExternRef adopt(const wasmtime_externref_t& ref) {
    ExternRef out;
    out.ref_ = ref;
    return out;
  }
  wasmtime_externref_t release() && { return std::exchange(ref_, wasmtime_externref_t{}); }
  /// For the C API.
  const wasmtime_externref_t& raw() const { return ref_; }

 private:
  wasmtime_externref_t ref_ = {};
};

/// How a C++ type crosses into guests and back; whether it can is the concept `WasmValue`.
template <class T>
struct WasmType {};

namespace detail {

/// Values of numbers, by way of their raw form.
template <class T>
struct NumberToVal {
  static wasmtime_val_t to_val(const T& value) {
    wasmtime_val_t val = {};
    wasmtime_val_raw_t raw;
    WasmType<T>::save(StoreRef(), raw, value);
    // The kinds of numbers have the same numbers in both.
    val.kind = static_cast<wasmtime_valkind_t>(WasmType<T>::type.kind);
    if constexpr (WasmType<T>::type.kind == ValKind::kV128) {
      std::memcpy(val.of.v128, raw.v128, sizeof raw.v128);
    } else {
      val.of.i64 = raw.i64;
    }
    return val;
  }
  static T from_val(const wasmtime_val_t& val) {
    wasmtime_val_raw_t raw;
    std::memcpy(raw.v128, val.of.v128, sizeof raw.v128);
    return WasmType<T>::load(StoreRef(), raw);
  }
};

}  // namespace detail

template <std::integral T>
  requires(std::same_as<T, bool> || sizeof(T) == 4)
struct WasmType<T> : detail::NumberToVal<T> {
  static constexpr ValType type = ValType::i32();
  static T load(StoreRef, const wasmtime_val_raw_t& raw) { return static_cast<T>(raw.i32); }
  static void save(StoreRef, wasmtime_val_raw_t& raw, T value) {
    raw.i64 = static_cast<int64_t>(static_cast<uint32_t>(value));
  }
};
template <std::integral T>
  requires(sizeof(T) == 8)
struct WasmType<T> : detail::NumberToVal<T> {
  static constexpr ValType type = ValType::i64();
  static T load(StoreRef, const wasmtime_val_raw_t& raw) { return static_cast<T>(raw.i64); }
  static void save(StoreRef, wasmtime_val_raw_t& raw, T value) {
    raw.i64 = static_cast<int64_t>(value);
  }
};
template <>
struct WasmType<float> : detail::NumberToVal<float> {
  static constexpr ValType type = ValType::f32();
  static float load(StoreRef, const wasmtime_val_raw_t& raw) { return raw.f32; }
  static void save(StoreRef, wasmtime_val_raw_t& raw, float value) {
    raw.i64 = static_cast<int64_t>(std::bit_cast<uint32_t>(value));
  }
};
template <>
struct WasmType<double> : detail::NumberToVal<double> {
  static constexpr ValType type = ValType::f64();
  static double load(StoreRef, const wasmtime_val_raw_t& raw) { return raw.f64; }
  static void save(StoreRef, wasmtime_val_raw_t& raw, double value) { raw.f64 = value; }
};
template <>
struct WasmType<V128> : detail::NumberToVal<V128> {
  static constexpr ValType type = ValType::v128();
  static V128 load(StoreRef, const wasmtime_val_raw_t& raw) {
    V128 v;
    std::memcpy(v.bytes.data(), raw.v128, sizeof raw.v128);
    return v;
  }
  static void save(StoreRef, wasmtime_val_raw_t& raw, const V128& value) {
    std::memcpy(raw.v128, value.bytes.data(), sizeof raw.v128);
  }
};
template <>
struct WasmType<ExternRef> {
  static constexpr ValType type = ValType::externref();
  static ExternRef load(StoreRef store, const wasmtime_val_raw_t& raw) {
    wasmtime_externref_t ref = {};
    if (raw.externref != 0) wasmtime_externref_from_raw(store.get(), raw.externref, &ref);
    return ExternRef::adopt(ref);
  }
  static void save(StoreRef store, wasmtime_val_raw_t& raw, const ExternRef& value) {
    raw.i64 = value ? int64_t{wasmtime_externref_to_raw(store.get(), &value.raw())} : 0;
  }
  static uint64_t store_id(const ExternRef& value) { return value.raw().store_id; }
  static wasmtime_val_t to_val(const ExternRef& value) {
    wasmtime_val_t val = {};
    val.kind = WASMTIME_EXTERNREF;
    val.of.externref = ExternRef(value).release();
    return val;
  }
  static ExternRef from_val(const wasmtime_val_t& val) {
    wasmtime_externref_t copy = {};
    if (val.of.externref.store_id != 0) wasmtime_externref_clone(&val.of.externref, &copy);
    return ExternRef::adopt(copy);
  }
};

/// The C++ types that can be parameters and results.
template <class T>
concept WasmValue = requires { WasmType<T>::type; };

namespace detail {

/// Types whose values belong to a store.
template <class T>
concept Reference = WasmValue<T> && requires(const T& value) { WasmType<T>::store_id(value); };

/// Whether the store may use this value: null belongs to every store.
template <class T>
bool usable(StoreRef store, const T& value) {
  if constexpr (Reference<T>) {
    const uint64_t id = WasmType<T>::store_id(value);
    return id == 0 || owns(store, id);
  } else {
    return true;
  }
}

}  // namespace detail

/// A value of any type. Copies of references refer to the same object.
class Val {
 public:
  /// An i32, zero.
  Val() = default;
  /// A value of a C++ type; its type is as the table above says.
  template <WasmValue T>
  Val(const T& value) : val_(WasmType<T>::to_val(value)) {}  // NOLINT(google-explicit-constructor)
  /// A null reference: of the functions, the host's values, the objects or the exceptions, as the
  /// heap type says.
  static Val null(HeapKind heap);

  Val(const Val& other) { wasmtime_val_clone(&other.val_, &val_); }
  Val(Val&& other) noexcept : val_(std::exchange(other.val_, zero())) {}
  Val& operator=(Val other) noexcept {
    std::swap(val_, other.val_);
    return *this;
  }
  ~Val() {
    if (val_.kind >= WASMTIME_FUNCREF) wasmtime_val_unroot(&val_);
  }

  /// Its type; references have the top of their hierarchy ("anyref" for objects), nullable.
  ValType type() const;
  /// Whether it is a null reference.
  bool is_null() const;
  /// The value, if it has the type that T stands for.
  template <WasmValue T>
  std::optional<T> get() const {
    if (type() != WasmType<T>::type) return std::nullopt;
    return WasmType<T>::from_val(val_);
  }

  /// For the C API.
  const wasmtime_val_t& raw() const { return val_; }
  /// From the C API; with ownership of references.
  static Val adopt(const wasmtime_val_t& val) {
    Val out;
    out.val_ = val;
    return out;
  }

 private:
  static wasmtime_val_t zero() {
    wasmtime_val_t val = {};
    val.kind = WASMTIME_I32;
    return val;
  }

  wasmtime_val_t val_ = zero();
};
// The C library sees them as what they hold.
static_assert(sizeof(Val) == sizeof(wasmtime_val_t) && alignof(Val) == alignof(wasmtime_val_t));

// -------------------------------------------------------------------------------------------------

template <class T>
Result<ExternRef> ExternRef::create(StoreRef store, T&& value) {
  if (!store) return detail::moved_from("the store");
  auto* const box = new detail::Box<std::decay_t<T>>(std::forward<T>(value));
  wasmtime_externref_t ref;
  if (!wasmtime_externref_new(store.get(), static_cast<detail::BoxBase*>(box), detail::destroy_box,
                              &ref)) {
    detail::destroy_box(static_cast<detail::BoxBase*>(box));
    return fail("the store cannot hold another reference to a value of the host");
  }
  return adopt(ref);
}

inline Val Val::null(HeapKind heap) {
  wasmtime_val_t val = {};
  switch (heap) {
    case HeapKind::kFunc:
    case HeapKind::kConcreteFunc:
    case HeapKind::kNoFunc: val.kind = WASMTIME_FUNCREF; break;
    case HeapKind::kExtern:
    case HeapKind::kNoExtern: val.kind = WASMTIME_EXTERNREF; break;
    case HeapKind::kExn:
    case HeapKind::kConcreteExn:
    case HeapKind::kNoExn: val.kind = WASMTIME_EXNREF; break;
    case HeapKind::kAny:
    case HeapKind::kNone:
    case HeapKind::kEq:
    case HeapKind::kI31:
    case HeapKind::kArray:
    case HeapKind::kConcreteArray:
    case HeapKind::kStruct:
    case HeapKind::kConcreteStruct:
    default: val.kind = WASMTIME_ANYREF; break;
  }
  return adopt(val);
}

inline ValType Val::type() const {
  switch (val_.kind) {
    case WASMTIME_I32: return ValType::i32();
    case WASMTIME_I64: return ValType::i64();
    case WASMTIME_F32: return ValType::f32();
    case WASMTIME_F64: return ValType::f64();
    case WASMTIME_V128: return ValType::v128();
    case WASMTIME_FUNCREF: return ValType::funcref();
    case WASMTIME_EXTERNREF: return ValType::externref();
    case WASMTIME_EXNREF: return ValType::ref(HeapKind::kExn);
    default: return ValType::ref(HeapKind::kAny);
  }
}

inline bool Val::is_null() const {
  switch (val_.kind) {
    case WASMTIME_FUNCREF: return val_.of.funcref.store_id == 0;
    case WASMTIME_EXTERNREF: return val_.of.externref.store_id == 0;
    case WASMTIME_ANYREF: return val_.of.anyref.store_id == 0;
    case WASMTIME_EXNREF: return val_.of.exnref.store_id == 0;
    default: return false;
  }
}

}  // namespace v1
}  // namespace wazuka
