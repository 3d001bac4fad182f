// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/outcome.h"

#include <fmt/format.h>

namespace wazuka::wasi {
namespace {

bool is_conversion(GuestFault fault) {
  return fault == GuestFault::kInvalidFlag || fault == GuestFault::kInvalidCase ||
         fault == GuestFault::kTooLarge || fault == GuestFault::kNegative;
}

std::string fault_message(const Outcome& o, std::string_view function) {
  switch (o.fault) {
    case GuestFault::kPointerOverflow: return "Pointer overflow";
    case GuestFault::kOutOfBounds:
      return fmt::format("Pointer out of bounds: Region {{ start: {}, len: {} }}", o.start,
                         o.length);
    case GuestFault::kNotAligned:
      return fmt::format("Pointer not aligned to {}: Region {{ start: {}, len: {} }}", o.alignment,
                         o.start, o.length);
    case GuestFault::kInvalidFlag: return fmt::format("Invalid flag value {}", o.type_name);
    case GuestFault::kInvalidCase: return fmt::format("Invalid enum value {}", o.type_name);
    case GuestFault::kTooLarge: return "Int conversion error: TryFromIntError(PosOverflow)";
    case GuestFault::kNegative: return "Int conversion error: TryFromIntError(NegOverflow)";
    case GuestFault::kUnsupported: return fmt::format("{} unsupported", function);
    case GuestFault::kNone: break;
  }
  return "host function failed";
}

}  // namespace

std::vector<std::string> trap_messages(const Outcome& outcome, std::string_view module,
                                       std::string_view function) {
  std::vector<std::string> messages;
  std::string inner = fault_message(outcome, function);
  if (outcome.type_name != nullptr) {
    std::string_view action = is_conversion(outcome.fault) ? "convert" : "write";
    messages.push_back(fmt::format("In func {}::{} at {} {}: {}", module, function, action,
                                   outcome.type_name, inner));
  }
  messages.push_back(std::move(inner));
  return messages;
}

}  // namespace wazuka::wasi
