// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/module_reader.h"

#include <algorithm>
#include <tuple>

#include "wasm/branch_hints.h"
#include "wasm/const_expr.h"
#include "wasm/instruction_reader.h"
#include "wasm/section_reader.h"
#include "wasm/type_registry.h"
#include "wasm/validator.h"

namespace wazuka {
namespace {

constexpr u8 kMagic[] = {0x00, 'a', 's', 'm'};

/// Position of each section id in a module; custom sections may be anywhere.
constexpr u32 order_of(SectionId id) {
  constexpr SectionId kOrder[] = {
      SectionId::kCustom, SectionId::kType,   SectionId::kImport,  SectionId::kFunction,
      SectionId::kTable,  SectionId::kMemory, SectionId::kTag,     SectionId::kGlobal,
      SectionId::kExport, SectionId::kStart,  SectionId::kElement, SectionId::kDataCount,
      SectionId::kCode,   SectionId::kData,
  };
  u32 order = 0;
  while (kOrder[order] != id) ++order;
  return order;
}

constexpr u8 kLastSectionId = static_cast<u8>(SectionId::kTag);

}  // namespace

void SectionReader::read_module() {
  read_header();
  while (!at_end() && usable_) read_section();
  if (!usable_) return;
  if (failed()) return;
  check_function_counts(position());
  if (!failed()) check_data_counts(position());
}

void SectionReader::read_header() {
  const u8* magic = read_bytes(4);
  if (magic == nullptr) return;
  if (!std::equal(magic, magic + 4, kMagic)) {
    std::string actual;
    for (u32 i = 0; i < 4; ++i) actual += join({"    0x", Hex{magic[i]}, ",\n"});
    return fail_at(0, {"magic header not detected: bad magic number - expected=[\n    0x0,\n    "
                       "0x61,\n    0x73,\n    0x6d,\n] actual=[\n",
                       actual, "]"});
  }
  const u8* version = read_bytes(4);
  if (version == nullptr) return;
  u32 number = version[0] | version[1] << 8 | version[2] << 16 | u32{version[3]} << 24;
  if (number == 1) return;
  std::string digits = join({"0x", Hex{number}});
  fail_at(4, {"unknown binary version: ", std::string(10 - digits.size(), ' '), digits});
}

void SectionReader::read_section() {
  u32 start = position();
  if (remaining() >= 4 && std::equal(pc_, pc_ + 4, kMagic)) {
    return fail_at(start, "expected section, got wasm magic number");
  }
  u8 id = read_u8();
  if (id & 0x80) return fail_at(start, "malformed section id");
  u32 size = read_u32();
  if (failed()) return;
  if (size > remaining()) return unexpected_end();
  u32 contents = position();
  if (id > kLastSectionId) return fail_at(contents, {"malformed section id: ", u32{id}});
  const u8* module_end = end_;
  end_ = pc_ + size;
  SectionId section = static_cast<SectionId>(id);
  if (section == SectionId::kCustom) {
    read_custom();
  } else if (check_order(section, contents)) {
    read_contents(section, contents);
  }
  if (failed()) return;
  if (!at_end()) {
    const char* what = section == SectionId::kCode
                           ? "trailing bytes at end of section"
                           : "section size mismatch: unexpected data at the end of the section";
    return fail_at(position(), what);
  }
  end_ = module_end;
}

bool SectionReader::check_order(SectionId id, u32 contents) {
  u32 order = order_of(id);
  if (order <= last_section_) return fail_at(contents, "section out of order"), false;
  last_section_ = order;
  return true;
}

void SectionReader::read_contents(SectionId id, u32 contents) {
  switch (id) {
    case SectionId::kType: return read_types();
    case SectionId::kImport: return read_imports();
    case SectionId::kFunction: return read_functions();
    case SectionId::kTable: return read_tables();
    case SectionId::kMemory: return read_memories();
    case SectionId::kGlobal: return read_globals();
    case SectionId::kExport: return read_exports();
    case SectionId::kStart: return read_start();
    case SectionId::kElement: return read_elements();
    case SectionId::kCode: return read_code();
    case SectionId::kData: return read_data();
    case SectionId::kDataCount: return read_data_count();
    case SectionId::kTag:
      if (require(Feature::kExceptions, contents, "exceptions proposal not enabled")) read_tags();
      return;
    case SectionId::kCustom: return;
  }
}

void SectionReader::read_custom() {
  CustomSection section;
  section.name = read_name();
  section.bytes = {position(), static_cast<u32>(remaining())};
  if (failed()) return;
  m_.customs.push_back(section);
  pc_ = end_;
}

void SectionReader::read_start() {
  u32 start = position();
  u32 func = read_u32();
  if (failed()) return;
  if (!at_end()) return fail_at(position(), "unexpected content in the start section");
  m_.start = func;
  if (!checks()) return;
  if (func >= m_.funcs.size()) {
    invalid(start, join({"unknown function ", func, ": func index out of bounds"}));
    return;
  }
  const FuncType& type = m_.func_type(func);
  if (!type.params.empty() || !type.results.empty()) invalid(start, "invalid start function type");
}

void SectionReader::read_data_count() {
  u32 start = position();
  u32 count = read_u32();
  if (failed()) return;
  if (!at_end()) return fail_at(position(), "unexpected content in the data count section");
  if (count > limits::kMaxDataSegments) {
    return fail_at(start, "data count section specifies too many data segments");
  }
  m_.data_count = count;
}

void SectionReader::check_function_counts(u32 offset) {
  u32 functions = function_count_.value_or(0), bodies = code_count_.value_or(0);
  if (functions == bodies) return;
  if (function_count_ && code_count_) {
    return fail_at(offset, "function and code section have inconsistent lengths");
  }
  fail_at(offset, function_count_
                      ? "function section has non-zero count but code section is absent"
                      : "function section is absent but code section has non-zero count");
}

void SectionReader::check_data_counts(u32 offset) {
  if (!m_.data_count || *m_.data_count == data_segments_.value_or(0)) return;
  fail_at(offset, data_segments_ ? "data count and data section have inconsistent lengths"
                                 : "data count is non-zero but data section is absent");
}

bool SectionReader::invalid(u32 offset, std::string message) {
  constexpr size_t kMaxErrors = 10'000;
  if (checks_ == Checks::kAllErrors && collected_.size() < kMaxErrors) {
    collected_.push_back(Error{std::move(message), offset, {}});
    return true;
  }
  return fail_at(offset, std::move(message)), false;
}

bool SectionReader::unusable(u32 offset, std::string message) {
  usable_ = false;
  return invalid(offset, std::move(message));
}

bool SectionReader::check_type(ValType type, u32 offset) {
  std::string message;
  if (!checks() || is_valid_type(m_, type, &message)) return true;
  bool unknown =
      type.is_ref() && type.heap().is_index() && type.heap().type_index() >= m_.types.size();
  return unknown ? unusable(offset, std::move(message)) : invalid(offset, std::move(message));
}

bool SectionReader::check_limits(const Limits& limits, u32 offset) {
  if (!limits.max || limits.min <= *limits.max || !checks()) return true;
  return invalid(offset, "size minimum must not be greater than maximum");
}

bool SectionReader::check_max(size_t total, u32 max, const char* what, u32 offset) {
  if (total <= max) return true;
  if (max == 1) return fail_at(offset, {"multiple ", what}), false;
  return fail_at(offset, {what, " count exceeds limit of ", max}), false;
}

u32 SectionReader::read_item_count(size_t present, u32 max, const char* what, u32 section_start) {
  u32 count = read_u32();
  if (failed() || !check_max(present + count, max, what, section_start)) return 0;
  return count;
}

ByteRange SectionReader::read_const_expr(ValType expected) {
  if (failed()) return {};
  if (!checks() || !usable_) return skip_const_expr();
  u32 start = position();
  if (PlainConst plain = read_plain_const({pc_, remaining()}, expected); plain.bytes != 0) {
    pc_ += plain.bytes;
    return {start, plain.bytes};
  }
  ByteRange rest{start, static_cast<u32>(remaining())};
  BodyDecoder<ConstExprSink, Validate::kYes, Expression::kConstant> decoder(
      m_, const_sink_, rest, expected, &const_buffers_);
  if (!decoder.run()) {
    Error error = decoder.take_error();
    if (!invalid(static_cast<u32>(error.offset), std::move(error.message))) return {};
    ByteRange expr = skip_const_expr();
    // What is not even well-formed was reported just now.
    if (failed()) collected_.pop_back();
    return expr;
  }
  pc_ = base_ + decoder.position();
  return {start, decoder.position() - start};
}

ByteRange SectionReader::skip_const_expr() {
  u32 start = position();
  InstructionReader reader(m_.bytes, {start, static_cast<u32>(remaining())});
  if (!skip_expression(reader)) {
    Error error = reader.take_error();
    fail_at(static_cast<u32>(error.offset), std::move(error.message));
    return {};
  }
  pc_ = base_ + reader.position();
  return {start, reader.position() - start};
}

namespace {

Result<std::shared_ptr<Module>> start_module(std::shared_ptr<const ModuleBytes> bytes,
                                             std::shared_ptr<TypeRegistry> registry,
                                             Features features) {
  auto module = std::make_shared<Module>();
  module->bytes = bytes->bytes();
  module->owner = std::move(bytes);
  module->features = features;
  module->registry = std::move(registry);
  if (module->bytes.size() <= limits::kMaxModuleBytes) return module;
  return fail(join({"module size ", module->bytes.size(), " is out of bounds"}), 0);
}

}  // namespace

std::vector<Error> find_errors(std::shared_ptr<const ModuleBytes> bytes,
                               std::shared_ptr<TypeRegistry> registry, const ReadOptions& options) {
  auto started = start_module(std::move(bytes), std::move(registry), options.features);
  if (!started) return {std::move(started).error()};
  Module& module = **started;
  SectionReader reader(module, Checks::kAllErrors);
  reader.read_module();
  std::vector<Error> errors = std::move(reader.collected());
  if (reader.failed()) errors.push_back(reader.take_error());
  if (reader.usable()) find_body_errors(module, errors);
  std::ranges::sort(errors, {}, [](const Error& e) { return std::tie(e.offset, e.message); });
  return errors;
}

Result<std::shared_ptr<const Module>> decode_module(std::shared_ptr<const ModuleBytes> bytes) {
  auto started = start_module(std::move(bytes), nullptr, Features::all());
  if (!started) return std::unexpected(std::move(started).error());
  SectionReader reader(**started, Checks::kSyntaxOnly);
  reader.read_module();
  if (reader.failed()) return std::unexpected(reader.take_error());
  return *std::move(started);
}

Result<std::shared_ptr<const Module>> read_validated_module(
    std::shared_ptr<const ModuleBytes> bytes, std::shared_ptr<TypeRegistry> registry,
    Features features, std::span<const FuncInfo> func_infos, const FuncInfoView& pool) {
  auto started = start_module(std::move(bytes), std::move(registry), features);
  if (!started) return std::unexpected(std::move(started).error());
  Module& module = **started;
  SectionReader reader(module);
  reader.read_module();
  if (reader.failed()) return std::unexpected(reader.take_error());
  if (func_infos.size() != module.funcs.size() - module.imported_funcs) {
    return fail("the number of functions is not that of their descriptions");
  }
  module.func_infos = func_infos;
  module.func_info_pool = pool;
  note_tables(module);
  return *std::move(started);
}

Result<std::shared_ptr<const Module>> read_module(std::shared_ptr<const ModuleBytes> bytes,
                                                  std::shared_ptr<TypeRegistry> registry,
                                                  const ReadOptions& options) {
  auto started = start_module(std::move(bytes), std::move(registry), options.features);
  if (!started) return std::unexpected(std::move(started).error());
  std::shared_ptr<Module> module = *std::move(started);
  SectionReader reader(*module);
  reader.read_module();
  if (reader.failed()) return std::unexpected(reader.take_error());
  WAZUKA_TRY(validate_bodies(*module, options.validation_threads));
  if (module->features.has(Feature::kBranchHinting)) read_branch_hints(*module);
  return module;
}

}  // namespace wazuka
