// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/text_modules.h"

#include "wasi/core/utf8.h"
#include "wat/diagnostic.h"
#include "wat/wat_parser.h"

namespace wazuka::cli {
namespace {

/// Removes white space and comments from the front.
void skip_space(std::string_view& text) {
  for (;;) {
    size_t start = text.find_first_not_of(" \t\r\n");
    text.remove_prefix(start == std::string_view::npos ? text.size() : start);
    if (text.starts_with(";;")) {
      size_t end = text.find('\n');
      text.remove_prefix(end == std::string_view::npos ? text.size() : end);
    } else if (text.starts_with("(;")) {
      size_t depth = 0;
      do {
        if (text.starts_with("(;")) {
          ++depth;
          text.remove_prefix(2);
        } else if (text.starts_with(";)")) {
          --depth;
          text.remove_prefix(2);
        } else {
          text.remove_prefix(1);
        }
      } while (depth != 0 && !text.empty());
    } else {
      return;
    }
  }
}

}  // namespace

bool is_component_text(std::string_view text) {
  skip_space(text);
  if (!text.starts_with('(')) return false;
  text.remove_prefix(1);
  skip_space(text);
  return text.starts_with("component");
}

Result<std::vector<u8>> binary_of_text(std::string_view text, const std::string& path) {
  if (!wasi::is_utf8(text))
    return fail("failed to parse `" + path + "`: input bytes aren't valid utf-8");
  auto binary = wat::text_to_binary(text);
  if (binary) return binary;
  return fail(wat::render_error(binary.error(), text, path));
}

}  // namespace wazuka::cli
