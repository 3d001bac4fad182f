// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Names of functions as programmers wrote them.
//
// Linkers know functions by mangled names. Three schemes are in use in wasm modules, each a grammar
// of its own:
//
//     _ZN4core3fmt5write17h0123456789abcdefE   Rust, legacy: a path, a hash      rust_legacy.cc
//     _RNvCs1234_7mycrate3foo                  Rust, v0: RFC 2603                rust_v0.cc
//     _ZNSt6vectorIiSaIiEE9push_backERKi       C++: the Itanium ABI              itanium_*.cc
//
// The results are Wasmtime's: the hash and the crates' disambiguators stay, since two versions of a
// crate in one module are told apart by nothing else. One deliberate difference: Wasmtime also
// reads a bare name as a C++ type, so that a function `f` is shown as `float`; here a name without
// a mangling prefix stays as it is.
//
// Names are input. All schemes refer back to what they have said before, so that a name of a few
// hundred bytes can mean gigabytes: the demangler of the C++ run-time library takes seconds and all
// memory for one of 270 bytes. Here, work, nesting and output are bounded, and a name that is
// malformed or beyond the bounds is returned as it is.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ints.h"

namespace wazuka::debug {

/// The readable form of a mangled C++ or Rust name; any other name as it is.
std::string demangle(std::string_view name);

/// The schemes one by one; no value: not such a name, or beyond the bounds.
std::optional<std::string> demangle_rust_legacy(std::string_view name);
std::optional<std::string> demangle_rust_v0(std::string_view name);
std::optional<std::string> demangle_itanium(std::string_view name);

/// Bounds of each: bytes of a name that are looked at all, bytes of a result, depth of nesting
/// (each level takes some hundred bytes of native stack), and steps of parsing and printing.
inline constexpr size_t kMaxMangledName = size_t{64} << 10;
inline constexpr size_t kMaxDemangledName = size_t{64} << 10;
inline constexpr u32 kMaxDemangleDepth = 500;
inline constexpr u32 kMaxDemangleSteps = 1'000'000;

}  // namespace wazuka::debug
