// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// WAST scripts: the language of the specification's test suite (spec interpreter README,
// "Scripts").
//
// `parse_wast` turns a script into a vector of commands and executes nothing. Modules written as
// text or quoted text are converted to binary while the script is parsed, so that the runner only
// sees bytes: a quoted module that is malformed carries its Error and the script goes on (that is
// what assert_malformed is for), while a syntax error in a plain text module is an error of the
// script as a whole. Identifiers that do not resolve inside a text module are kept as the module's
// Error too, because scripts assert on them.
//
// Strings are decoded (escapes resolved) and owned; identifiers come without their '$'.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/ints.h"
#include "wasm/types.h"

namespace wazuka::wat {

/// Where a command starts in the script.
struct Location {
  size_t offset = 0;  // bytes from the start of the script
  u32 line = 1;       // from 1
  u32 column = 1;     // from 1, in characters
};

enum class ModuleForm : u8 { kText, kBinary, kQuote };

/// A module (or component) written in a script.
struct ScriptModule {
  std::optional<std::string> name;  // (module $name …)
  ModuleForm form = ModuleForm::kText;
  bool component = false;  // (component …)
  /// The binary, or why the text could not be converted. The error's offset counts from the start
  /// of the script for kText and from the start of `quoted` for kQuote.
  Result<std::vector<u8>> binary;
  std::string quoted;  // kQuote: the text itself
};

/// An argument of an action.
struct Value {
  enum class Kind : u8 { kI32, kI64, kF32, kF64, kV128, kRefNull, kRefExtern, kRefHost };
  Kind kind = Kind::kI32;
  u64 bits = 0;  // numbers: the bit pattern; kRefExtern, kRefHost: the host's number
  std::array<u8, 16> v128 = {};  // little endian
  HeapType heap;                 // kRefNull
};

enum class NanPattern : u8 { kNone, kCanonical, kArithmetic };
enum class LaneShape : u8 { kI8x16, kI16x8, kI32x4, kI64x2, kF32x4, kF64x2 };

/// An expected result.
struct Pattern {
  enum class Kind : u8 {
    kI32,
    kI64,
    kF32,
    kF64,
    kV128,
    kRefNull,    // (ref.null ht), or any null if `has_operand` is false
    kRefFunc,    // (ref.func) or (ref.func n)
    kRefExtern,  // (ref.extern) non-null, or (ref.extern n)
    kRefHost,    // (ref.host n): an externalised-or-internalised host reference n
    kRefAny,
    kRefEq,
    kRefI31,
    kRefI31Shared,
    kRefStruct,
    kRefArray,
    kRefExn,
    kEither,  // one of `alternatives`
  };
  Kind kind = Kind::kI32;
  bool has_operand = true;             // kRefNull, kRefFunc, kRefExtern
  NanPattern nan = NanPattern::kNone;  // kF32, kF64; kNone: exactly `bits`
  u64 bits = 0;   // numbers: bit pattern; kRefFunc, kRefExtern, kRefHost: the number
  HeapType heap;  // kRefNull
  LaneShape shape = LaneShape::kI8x16;  // kV128
  std::array<u8, 16> v128 = {};         // kV128: little endian; lanes with a NaN pattern are zero
  std::array<NanPattern, 4> lane_nans = {};  // kV128: per lane of kF32x4 and kF64x2
  std::vector<Pattern> alternatives;         // kEither
};

/// (invoke $module? "name" args…)
struct Invoke {
  std::optional<std::string> module;  // absent: the current module
  std::string name;
  std::vector<Value> args;
};

/// (get $module? "name"): the value of an exported global
struct Get {
  std::optional<std::string> module;
  std::string name;
};

/// What an assertion runs: a call, a global, or the instantiation of a module.
using Execution = std::variant<Invoke, Get, ScriptModule>;

/// (module …): define, instantiate, and make current.
struct ModuleCommand {
  ScriptModule module;
};
/// (module definition $name? …): define only.
struct ModuleDefinitionCommand {
  ScriptModule module;
};
/// (module instance $instance? $module?): instantiate a definition; absent module: the last one.
struct ModuleInstanceCommand {
  std::optional<std::string> instance, module;
};
/// (register "name" $module?)
struct RegisterCommand {
  std::string name;
  std::optional<std::string> module;
};
/// A bare (invoke …) or (get …).
struct ActionCommand {
  std::variant<Invoke, Get> action;
};
struct AssertReturn {
  Execution execution;
  std::vector<Pattern> results;
};
struct AssertTrap {
  Execution execution;
  std::string message;
};
struct AssertExhaustion {
  Invoke invoke;
  std::string message;
};
struct AssertException {
  Execution execution;
};
struct AssertSuspension {
  Execution execution;
  std::string message;
};
struct AssertInvalid {
  ScriptModule module;
  std::string message;
  bool custom = false;  // assert_invalid_custom: invalidity inside a custom section or annotation
};
struct AssertMalformed {
  ScriptModule module;
  std::string message;
  bool custom = false;  // assert_malformed_custom
};
struct AssertUnlinkable {
  ScriptModule module;
  std::string message;
};

struct Command;

/// (thread $name (shared (module $module))? commands…)
struct ThreadCommand {
  std::string name;
  std::optional<std::string> shared_module;
  std::vector<Command> commands;
};
/// (wait $thread)
struct WaitCommand {
  std::string thread;
};

struct Command {
  Location location;
  std::variant<ModuleCommand, ModuleDefinitionCommand, ModuleInstanceCommand, RegisterCommand,
               ActionCommand, AssertReturn, AssertTrap, AssertExhaustion, AssertException,
               AssertSuspension, AssertInvalid, AssertMalformed, AssertUnlinkable, ThreadCommand,
               WaitCommand>
      what;
};

struct Script {
  std::vector<Command> commands;
};

/// Parses a whole script. Unlike modules alone, scripts may contain characters that change the
/// direction of text: the suite tests names made of them. A file that consists of module fields
/// only (no script commands) is one module. The error's offset counts bytes of `text`; render it
/// with wat/diagnostic.h.
Result<Script> parse_wast(std::string_view text);

}  // namespace wazuka::wat
