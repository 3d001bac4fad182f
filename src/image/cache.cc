// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "image/cache.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#include "base/hash.h"
#include "os/atomic_file.h"
#include "os/file_bytes.h"

namespace wazuka::image {
namespace {

constexpr const char* kSuffix = ".cwasm";
constexpr const char* kCleaned = "cleaned";  // its time is that of the last look
constexpr i64 kStaleSeconds = 3600;          // after that no writer is still at work
constexpr i64 kFreshSeconds = 3600;          // how exactly the last use is noted

std::string hex(u64 n) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text(16, '0');
  for (u32 i = 0; i < 16; ++i) text[i] = kDigits[n >> (60 - 4 * i) & 15];
  return text;
}

/// The folder, if nobody else can write into it.
os::OwnedFd open_folder(const std::string& path) {
  os::OwnedFd fd(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  struct stat info;
  if (!fd || fstat(fd.get(), &info) != 0) return {};
  if (info.st_uid != geteuid() || (info.st_mode & 022) != 0) return {};
  return fd;
}

void make_folders(const std::string& path) {
  for (size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1)) {
    mkdir(path.substr(0, at).c_str(), 0700);
  }
  mkdir(path.c_str(), 0700);
}

i64 seconds_since(const timespec& then) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec - then.tv_sec;
}

}  // namespace

std::string Cache::key(std::span<const u8> module, const Settings& settings) {
  const std::string_view v = version();
  u64 hash = hash_bytes({reinterpret_cast<const u8*>(v.data()), v.size()});
  static_assert(std::has_unique_object_representations_v<Settings>);
  hash = hash_bytes({reinterpret_cast<const u8*>(&settings), sizeof settings}, hash);
  return hex(hash_bytes(module)) + "-" + hex(hash) + kSuffix;
}

Result<std::shared_ptr<const Image>> Cache::find(const std::string& key,
                                                 std::span<const u8> module) const {
  const os::OwnedFd folder = open_folder(folder_);
  if (!folder) return nullptr;
  os::OwnedFd fd(openat(folder.get(), key.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  struct stat info;
  if (!fd || fstat(fd.get(), &info) != 0) return nullptr;
  auto file = os::MappedFile::map(std::move(fd));
  if (!file) return fail(os::error_text(file.error()));
  auto image = Image::open(*std::move(file));
  if (!image) return image;
  if ((*image)->module().size() != module.size() ||
      std::memcmp((*image)->module().data(), module.data(), module.size()) != 0) {
    return fail("it is of another module");
  }
  if (!(*image)->is_whole(PartId::kText) || !(*image)->is_whole(PartId::kMemory)) {
    return fail("the image was altered");
  }
  // Its time is that of its last use, for clean_up.
  if (seconds_since(info.st_mtim) > kFreshSeconds) futimens((*image)->fd(), nullptr);
  return image;
}

Result<void> Cache::store(const std::string& key, std::span<const u8> image) const {
  make_folders(folder_);
  if (!open_folder(folder_)) {
    return fail("the folder " + folder_ + " is not there, or others can write into it");
  }
  auto stored = os::replace_file(folder_ + "/" + key, image);
  if (!stored)
    return fail("failed to write into " + folder_ + ": " + os::error_text(stored.error()));
  if (is_due()) clean_up();
  return {};
}

bool Cache::is_due() const {
  const std::string mark = folder_ + "/" + kCleaned;
  struct stat info;
  if (stat(mark.c_str(), &info) == 0) {
    const i64 age = seconds_since(info.st_mtim);
    if (age >= 0 && age < static_cast<i64>(limits_.cleanup_seconds)) return false;
  }
  const os::OwnedFd fd(open(mark.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (fd) futimens(fd.get(), nullptr);
  return true;
}

void Cache::clean_up() const {
  struct Entry {
    std::string name;
    timespec used;
    u64 bytes;
  };
  os::OwnedFd folder = open_folder(folder_);
  if (!folder) return;
  const int at = folder.get();
  os::DirectoryReader reader(std::move(folder));
  std::vector<Entry> entries;
  u64 total = 0;
  os::DirectoryEntry item;
  for (;;) {
    auto more = reader.next(item);
    if (!more || !*more) break;
    struct stat info;
    if (fstatat(at, item.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) continue;
    if (!S_ISREG(info.st_mode)) continue;
    if (item.name.find(os::kTemporary) != std::string::npos) {
      if (seconds_since(info.st_mtim) > kStaleSeconds) unlinkat(at, item.name.c_str(), 0);
    } else if (item.name.ends_with(kSuffix)) {
      entries.push_back({item.name, info.st_mtim, static_cast<u64>(info.st_size)});
      total += entries.back().bytes;
    }
  }
  if (total <= limits_.total_bytes && entries.size() <= limits_.files) return;
  std::ranges::sort(entries, [](const Entry& a, const Entry& b) {
    return a.used.tv_sec != b.used.tv_sec ? a.used.tv_sec < b.used.tv_sec
                                          : a.used.tv_nsec < b.used.tv_nsec;
  });
  const u64 bytes = limits_.total_bytes / 100 * limits_.percent;
  size_t left = entries.size();
  for (const Entry& entry : entries) {
    if (total <= bytes && left <= limits_.files * limits_.percent / 100) return;
    if (unlinkat(at, entry.name.c_str(), 0) != 0 && errno != ENOENT) continue;
    total -= entry.bytes;
    --left;
  }
}

}  // namespace wazuka::image
