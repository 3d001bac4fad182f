// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Precompiled modules as files.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "image/image.h"
#include "runtime/module_code.h"

namespace wazuka::cli {

/// A file that may be an image; null if it is none (or no regular file), which then has only been
/// looked at.
Result<std::shared_ptr<const image::Image>> open_image(const std::string& path);

/// What a command shows of a file: a binary, and the image that it is in, if it is in one.
struct ShownModule {
  std::shared_ptr<const ModuleBytes> bytes;
  std::shared_ptr<const image::Image> image;
};
Result<ShownModule> load_shown(const std::string& path);

/// The module of a file that may be an image; null if it is none (or no regular file), which then
/// has only been looked at.
Result<std::shared_ptr<ModuleCode>> load_image(const std::shared_ptr<Engine>& engine,
                                               const std::string& path);
/// The same from the file's contents, which are an image's.
Result<std::shared_ptr<ModuleCode>> load_image(const std::shared_ptr<Engine>& engine,
                                               const std::string& path, std::span<const u8> bytes);

/// The last component of a path without its suffix.
std::string stem(std::string_view path);

}  // namespace wazuka::cli
