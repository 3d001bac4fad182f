// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/images.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/common.h"
#include "os/file_bytes.h"

namespace wazuka::cli {
namespace {

std::unexpected<Error> refused(const std::string& path, Error error) {
  return std::unexpected(std::move(error).context("failed deserialization for: " + path));
}

Result<std::shared_ptr<const image::Image>> open_file(const std::string& path,
                                                      os::HostResult<os::MappedFile> file) {
  if (!file) return refused(path, {os::error_text(file.error()), Error::kNoOffset, {}});
  auto image = image::Image::open(*std::move(file));
  if (!image) return refused(path, std::move(image).error());
  return image;
}

Result<std::shared_ptr<ModuleCode>> load(const std::shared_ptr<Engine>& engine,
                                         const std::string& path,
                                         std::shared_ptr<const image::Image> image) {
  auto code = ModuleCode::from_image(engine, std::move(image));
  if (!code) return refused(path, std::move(code).error());
  return code;
}

}  // namespace

Result<std::shared_ptr<const image::Image>> open_image(const std::string& path) {
  os::OwnedFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat info;
  // What cannot be opened is reported by whoever reads it as a module.
  if (!fd || fstat(fd.get(), &info) != 0 || !S_ISREG(info.st_mode)) return nullptr;
  u8 begin[4];
  const ssize_t n = pread(fd.get(), begin, sizeof begin, 0);
  if (n < 0 || !image::is_elf({begin, static_cast<size_t>(n)})) return nullptr;
  return open_file(path, os::MappedFile::map(std::move(fd)));
}

Result<ShownModule> load_shown(const std::string& path) {
  auto image = open_image(path);
  if (!image) return std::unexpected(std::move(image).error());
  if (*image != nullptr) {
    return ShownModule{std::make_shared<image::ImageModuleBytes>(*image), *image};
  }
  auto bytes = load_binary(path, false);
  if (!bytes) return std::unexpected(std::move(bytes).error());
  return ShownModule{*std::move(bytes), nullptr};
}

Result<std::shared_ptr<ModuleCode>> load_image(const std::shared_ptr<Engine>& engine,
                                               const std::string& path) {
  auto image = open_image(path);
  if (!image) return std::unexpected(std::move(image).error());
  if (*image == nullptr) return nullptr;
  return load(engine, path, *std::move(image));
}

Result<std::shared_ptr<ModuleCode>> load_image(const std::shared_ptr<Engine>& engine,
                                               const std::string& path, std::span<const u8> bytes) {
  auto image = open_file(path, os::MappedFile::copy_of(bytes));
  if (!image) return std::unexpected(std::move(image).error());
  // All of it has just been read anyway.
  if (!(*image)->body_is_whole()) {
    return refused(path, {"the image was altered", Error::kNoOffset, {}});
  }
  return load(engine, path, *std::move(image));
}

std::string stem(std::string_view path) {
  if (size_t slash = path.rfind('/'); slash != std::string_view::npos) {
    path.remove_prefix(slash + 1);
  }
  const size_t dot = path.rfind('.');
  return std::string(dot == std::string_view::npos || dot == 0 ? path : path.substr(0, dot));
}

}  // namespace wazuka::cli
