// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The machine code of a module's functions, and which instructions of WebAssembly it comes from:
// what `objdump --code` and `explore` show. Functions are compiled as an engine would compile them,
// but nothing is run; the code of an image is shown as it is, without the instructions it is from.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/code_tools.h"
#include "cli/common.h"
#include "cli/images.h"
#include "wat/disassemble.h"

namespace wazuka::cli {

/// Machine code of one instruction, or of the prologue.
struct CodeBlock {
  std::optional<size_t> instruction;  // in FunctionListing::instructions
  std::vector<verify::CodeLine> lines;
};

struct FunctionListing {
  u32 func_index = 0;
  std::string title;      // "func[3] $name (type 0) (param i32)"
  std::string not_there;  // why there is no code: the function is interpreted, or was rejected
  bool rejected = false;  // the latter
  std::vector<wat::InstructionText> instructions;
  CompiledCode code;
  std::vector<CodeBlock> blocks;  // in the order of the code
};

class CodeLister {
 public:
  /// `what` wants the listing, for errors.
  static Result<CodeLister> create(const char* what, const Options& options, ShownModule shown);

  /// Calls `show` with each defined function that the filter (part of a name, or an index) selects,
  /// until it returns false. The number of functions shown.
  u32 each(std::string_view filter, const std::function<bool(const FunctionListing&)>& show) const;

  const Module& module() const { return *module_; }

 private:
  CodeLister(const CodeTools& tools, std::shared_ptr<Engine> engine,
             std::shared_ptr<const Module> module, std::shared_ptr<const image::Image> image)
      : tools_(tools),
        engine_(std::move(engine)),
        module_(std::move(module)),
        image_(std::move(image)) {}
  Result<CompiledCode> code_of(const CompileEnv& env, u32 func_index) const;
  FunctionListing list(const CompileEnv& env, wat::BodyTexts& texts, u32 func_index) const;

  CodeTools tools_;
  std::shared_ptr<Engine> engine_;
  std::shared_ptr<const Module> module_;
  std::shared_ptr<const image::Image> image_;  // that has the code; or null
};

/// What the listing of a function has besides its instructions.
struct ListingDetails {
  bool wasm = true;
  bool bytes = false;
  bool traps = true;
  bool stack_maps = false;
  bool exception_tables = false;
};
std::string listing_text(const FunctionListing& function, const ListingDetails& details);
/// What the tables say of this instruction: "trap: …", "calls function 3", "references in 1 2".
std::string line_notes(const CompiledCode& code, const verify::CodeLine& line,
                       const ListingDetails& details);

}  // namespace wazuka::cli
