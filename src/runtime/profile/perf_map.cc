// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cerrno>
#include <fmt/format.h>
#include <mutex>

#include "os/file_bytes.h"
#include "os/output_fd.h"
#include "os/thread.h"
#include "runtime/module_code.h"
#include "runtime/profile/profiles.h"

namespace wazuka {

namespace {

class PerfMap : public CodeObserver {
 public:
  explicit PerfMap(os::OutputFd file) : file_(std::move(file)) {}

  void published(const PublishedCode& code) override {
    std::string name = code.module.func_name(code.func_index);
    // The name goes on to the end of the line.
    for (char& c : name) {
      if (static_cast<u8>(c) < 0x20) c = '?';
    }
    const std::string line = fmt::format("{:x} {:x} {}\n", reinterpret_cast<u64>(code.code.data()),
                                         code.code.size(), name);
    std::lock_guard<std::mutex> guard(lock_);
    // A profile with a gap is better than no program.
    static_cast<void>(file_.write({reinterpret_cast<const u8*>(line.data()), line.size()}));
  }

 private:
  std::mutex lock_;
  os::OutputFd file_;
};

}  // namespace

std::string perf_map_path() {
  return fmt::format("/tmp/perf-{}.map", os::process_id());
}

Result<std::shared_ptr<CodeObserver>> make_perf_map(const std::string& path) {
  os::OutputFd file = os::OutputFd::create(path.c_str());
  if (!file.is_open()) {
    return fail_with_cause("failed to create the profile `" + path + "`", os::error_text(errno));
  }
  return std::make_shared<PerfMap>(std::move(file));
}

}  // namespace wazuka
