// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Bytes → validated Module (spec 5.5 and chapter 3).
#pragma once

#include <memory>

#include "base/error.h"
#include "wasm/module.h"

namespace wazuka {

struct ReadOptions {
  Features features;
  u32 validation_threads = 0;  // 0: one per core for large modules, else that many at most
};

/// Reads and validates a whole binary. Errors carry the offset of the offending byte and Wasmtime's
/// wording.
Result<std::shared_ptr<const Module>> read_module(std::shared_ptr<const ModuleBytes> bytes,
                                                  std::shared_ptr<TypeRegistry> registry,
                                                  const ReadOptions& options);

/// Reads a binary that has been validated with these features before: its bodies are not looked at.
/// What was learned of them then is given, and lives as long as the bytes.
Result<std::shared_ptr<const Module>> read_validated_module(
    std::shared_ptr<const ModuleBytes> bytes, std::shared_ptr<TypeRegistry> registry,
    Features features, std::span<const FuncInfo> func_infos, const FuncInfoView& pool);

/// Every error of a binary that can be told apart from its consequences, by offset; none: valid.
/// After a malformed section, or one that leaves entities undefined which others refer to, later
/// sections are not judged; in a body only the first error is.
std::vector<Error> find_errors(std::shared_ptr<const ModuleBytes> bytes,
                               std::shared_ptr<TypeRegistry> registry, const ReadOptions& options);

/// Reads a binary without validating it, for those who show it: it is well-formed outside of
/// bodies, and nothing else is known of it. Indices may lead nowhere, type_ids and func_infos are
/// empty.
Result<std::shared_ptr<const Module>> decode_module(std::shared_ptr<const ModuleBytes> bytes);

/// Names of the custom "name" section, decoded on demand (backtraces, printing); an ill-formed
/// section gives no names.
struct NameSection {
  std::string_view module;
  std::vector<std::pair<u32, std::string_view>> funcs;  // sorted by index
  std::string_view func_name(u32 index) const;          // empty if it has none
};
NameSection read_names(const Module& module);

}  // namespace wazuka
