// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `objdump`: where in a binary things are; of a malformed one, everything up to the error. And
// which machine code is made of it.
#include <algorithm>
#include <fmt/format.h>

#include "cli/code_listing.h"
#include "cli/commands.h"
#include "cli/common.h"
#include "cli/images.h"
#include "cli/output.h"
#include "cli/output_file.h"
#include "wasm/module_reader.h"
#include "wasm/section_list.h"
#include "wat/disassemble.h"
#include "wat/wat_printer.h"

namespace wazuka::cli {
namespace {

std::string title(const SectionPlace& section) {
  std::string text(section_name(section.id));
  // Names may hold anything; control characters would act on the terminal.
  if (section.id != SectionId::kCustom) return text;
  text += " \"";
  for (char c : section.name) text += static_cast<u8>(c) < 0x20 || c == 0x7f ? '?' : c;
  return text + '"';
}

std::string header_line(const SectionPlace& section) {
  u64 end = u64{section.contents.offset} + section.contents.size;
  std::string line = fmt::format("  {:<28} {:#010x} - {:#010x}  {:>9} bytes", title(section),
                                 section.contents.offset, end, section.contents.size);
  bool counted = section.id != SectionId::kCustom && section.id != SectionId::kStart;
  if (counted)
    line += fmt::format("  {:>7} {}", section.count, section.count == 1 ? "item" : "items");
  return line + "\n";
}

bool selected(const ParsedArguments& parsed, const SectionPlace& section) {
  const ParsedFlag* flag = parsed.find(FlagId::kSection);
  if (flag == nullptr) return true;
  return flag->value == section_name(section.id) ||
         (section.id == SectionId::kCustom && flag->value == section.name);
}

/// Sixteen bytes on a line, in hexadecimal and as characters.
void dump_contents(std::span<const u8> binary, ByteRange range, OutputFile& out) {
  constexpr u32 kWidth = 16;
  std::string text;
  for (u32 at = 0; at < range.size; at += kWidth) {
    text += fmt::format("  {:06x}:", range.offset + at);
    std::string characters;
    for (u32 k = at; k < at + kWidth; ++k) {
      if (k % 2 == 0) text += ' ';
      if (k >= range.size) {
        text += "  ";
        continue;
      }
      u8 byte = binary[range.offset + k];
      text += fmt::format("{:02x}", byte);
      characters += byte >= 0x20 && byte < 0x7f ? static_cast<char>(byte) : '.';
    }
    text += "  " + characters + "\n";
    if (text.size() < 1 << 16) continue;
    if (!out.write(text)) return;
    text.clear();
  }
  out.write(text);
}

/// What an image has around the module.
std::string image_lines(const image::Image& image) {
  std::string text = fmt::format("Image made by version {}:\n", image.made_by());
  for (u32 i = 0; i < image::kPartCount; ++i) {
    const image::Part& part = image.place_of(static_cast<image::PartId>(i));
    const u32 element = image::kParts[i].element_bytes;
    text += fmt::format("  {:<28} {:#010x} - {:#010x}  {:>9} bytes", image::kParts[i].section,
                        part.offset, part.offset + part.bytes, part.bytes);
    if (element > 1) text += fmt::format("  {:>7} entries", part.bytes / element);
    text += "\n";
  }
  return text + "The module in it:\n";
}

Result<void> dump(const ParsedArguments& parsed, std::shared_ptr<const ModuleBytes> bytes,
                  OutputFile& out) {
  std::span<const u8> binary = bytes->bytes();
  auto has = [&parsed](FlagId id) { return parsed.find(id) != nullptr; };
  SectionList list = list_sections(binary);
  bool others = has(FlagId::kDetails) || has(FlagId::kDisassemble) || has(FlagId::kFullContents);
  if (has(FlagId::kHeaders) || !others) {
    out.write("Sections:\n");
    for (const SectionPlace& section : list.sections) {
      if (selected(parsed, section)) out.write(header_line(section));
    }
  }
  if (has(FlagId::kFullContents)) {
    for (const SectionPlace& section : list.sections) {
      if (!selected(parsed, section)) continue;
      out.write("Contents of section " + title(section) + ":\n");
      dump_contents(binary, section.contents, out);
    }
  }
  if (!list.errors.empty()) return std::unexpected(std::move(list.errors[0]));
  auto write = [&out](std::string_view text) { return out.write(text); };
  if (has(FlagId::kDetails)) {
    wat::PrintOptions options;
    options.skeleton = options.offsets = true;
    out.write("Details:\n");
    WAZUKA_TRY(wat::print_module(bytes, options, write));
  }
  auto module = decode_module(bytes);
  if (!module) return std::unexpected(std::move(module).error());
  if (!has(FlagId::kDisassemble)) return {};
  out.write("Code:\n");
  return wat::disassemble(**module, write);
}

/// A flag that may have `=true` or `=false`.
Result<bool> flag_value(const ParsedArguments& parsed, FlagId id, bool otherwise) {
  const ParsedFlag* flag = parsed.find(id);
  if (flag == nullptr) return otherwise;
  if (flag->value.empty() || flag->value == "true") return true;
  if (flag->value == "false") return false;
  return fail(invalid_value(id, flag->value, "[possible values: true, false]"));
}

Result<ListingDetails> listing_details(const ParsedArguments& parsed) {
  ListingDetails details;
  details.bytes = parsed.find(FlagId::kBytes) != nullptr;
  const std::pair<FlagId, bool*> flags[] = {{FlagId::kAddrmap, &details.wasm},
                                            {FlagId::kTraps, &details.traps},
                                            {FlagId::kStackMaps, &details.stack_maps},
                                            {FlagId::kExceptionTables, &details.exception_tables}};
  for (auto [id, value] : flags) {
    auto read = flag_value(parsed, id, *value);
    if (!read) return std::unexpected(std::move(read).error());
    *value = *read;
  }
  return details;
}

Result<void> dump_code(const ParsedArguments& parsed, const Options& options,
                       const ListingDetails& details) {
  auto shown_module =
      load_shown(std::string(parsed.positionals.empty() ? "-" : parsed.positionals[0]));
  if (!shown_module) return std::unexpected(std::move(shown_module).error());
  auto lister = CodeLister::create("`objdump --code`", options, *std::move(shown_module));
  if (!lister) return std::unexpected(std::move(lister).error());
  auto out = OutputFile::open("-");
  if (!out) return std::unexpected(std::move(out).error());
  const ParsedFlag* filter = parsed.find(FlagId::kFilter);
  u32 rejected = 0;
  const u32 shown = lister->each(filter == nullptr ? "" : filter->value, [&](const auto& f) {
    rejected += f.rejected;
    return out->write(listing_text(f, details));
  });
  WAZUKA_TRY(out->close());
  if (rejected != 0) return fail(fmt::format("{} functions were rejected", rejected));
  if (shown == 0 && filter != nullptr) {
    return fail("no function `" + std::string(filter->value) + "` in the module");
  }
  return {};
}

Result<void> dump_file(const ParsedArguments& parsed) {
  std::string path(parsed.positionals.empty() ? "-" : parsed.positionals[0]);
  auto shown = load_shown(path);
  if (!shown) return std::unexpected(std::move(shown).error());
  auto out = OutputFile::open("-");
  if (!out) return std::unexpected(std::move(out).error());
  if (shown->image != nullptr && parsed.flags.empty()) out->write(image_lines(*shown->image));
  auto dumped = dump(parsed, shown->bytes, *out);
  WAZUKA_TRY(out->close());
  if (dumped) return {};
  return std::unexpected(module_error(std::move(dumped).error(), shown->bytes->bytes()));
}

}  // namespace

int objdump_command(Arguments arguments) {
  ParsedArguments parsed;
  if (int code = start_command(CommandId::kObjdump, arguments, parsed); code >= 0) return code;
  OptionsOutcome outcome = read_options(parsed);
  if (outcome.exit_code >= 0) return outcome.exit_code;
  auto details = listing_details(parsed);
  if (!details) {
    print_usage_error(details.error().message);
    return kExitUsage;
  }
  const bool code = parsed.find(FlagId::kCode) != nullptr;
  auto dumped = code ? dump_code(parsed, outcome.options, *details) : dump_file(parsed);
  if (dumped) return 0;
  print_error(dumped.error());
  return kExitFailure;
}

}  // namespace wazuka::cli
