// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The format is described in the Linux kernel's tools/perf/Documentation/jitdump-specification.txt:
// a header, then records that begin with their kind, size and time. What is said of the lines of a
// function comes before the function.
#include <cerrno>
#include <cstring>
#include <fmt/format.h>
#include <mutex>

#include "os/clock.h"
#include "os/file_bytes.h"
#include "os/output_fd.h"
#include "os/thread.h"
#include "runtime/module_code.h"
#include "runtime/profile/profiles.h"

namespace wazuka {

namespace {

constexpr u32 kMagic = 0x4a695444;  // "JiTD" on a big-endian machine; tells the byte order
constexpr u32 kVersion = 1;
constexpr u32 kX86_64 = 62;  // EM_X86_64
constexpr u32 kHeaderBytes = 40, kRecordHeaderBytes = 16;
enum Record : u32 { kCodeLoad = 0, kDebugInfo = 2 };

class Bytes {
 public:
  template <class T>
  void add(T value) {
    const auto* at = reinterpret_cast<const u8*>(&value);
    bytes_.insert(bytes_.end(), at, at + sizeof value);
  }
  void add(std::span<const u8> bytes) { bytes_.insert(bytes_.end(), bytes.begin(), bytes.end()); }
  void add_text(std::string_view text) {  // ends at its first zero
    for (char c : text.substr(0, text.find('\0'))) bytes_.push_back(static_cast<u8>(c));
    bytes_.push_back(0);
  }

  size_t begin_record(Record kind) {
    const size_t at = bytes_.size();
    add<u32>(kind);
    add<u32>(0);
    add<u64>(os::clock_now(os::HostClock::kMonotonic));
    return at;
  }
  void end_record(size_t at) {
    const u32 size = static_cast<u32>(bytes_.size() - at);
    std::memcpy(bytes_.data() + at + 4, &size, sizeof size);
  }

  std::span<const u8> get() const { return bytes_; }

 private:
  std::vector<u8> bytes_;
};

class JitDump : public CodeObserver {
 public:
  explicit JitDump(os::OutputFd file) : file_(std::move(file)) {
    // Only `perf` needs the mark, and folders may forbid it (noexec).
    static_cast<void>(file_.map_as_mark());
  }

  bool wants_positions() const override { return true; }

  bool write_header() {
    Bytes header;
    header.add<u32>(kMagic);
    header.add<u32>(kVersion);
    header.add<u32>(kHeaderBytes);
    header.add<u32>(kX86_64);
    header.add<u32>(0);
    header.add<u32>(os::process_id());
    header.add<u64>(os::clock_now(os::HostClock::kMonotonic));
    header.add<u64>(0);  // flags
    return file_.write(header.get());
  }

  void published(const PublishedCode& code) override {
    std::lock_guard<std::mutex> guard(lock_);
    Bytes records;
    if (!code.positions.empty()) add_lines(records, code);
    const size_t at = records.begin_record(kCodeLoad);
    const u64 address = reinterpret_cast<u64>(code.code.data());
    records.add<u32>(os::process_id());
    records.add<u32>(os::thread_id());
    records.add<u64>(address);
    records.add<u64>(address);
    records.add<u64>(code.code.size());
    records.add<u64>(next_index_++);
    records.add_text(code.module.func_name(code.func_index));
    records.add(code.code);
    records.end_record(at);
    // A profile with a gap is better than no program.
    static_cast<void>(file_.write(records.get()));
  }

 private:
  /// Lines of the source; without debug information the module is the file, and its bytes are the
  /// lines.
  static void add_lines(Bytes& records, const PublishedCode& code) {
    const size_t at = records.begin_record(kDebugInfo);
    const u64 address = reinterpret_cast<u64>(code.code.data());
    const std::string module = code.module.module_name() + ".wasm";
    records.add<u64>(address);
    records.add<u64>(code.positions.size());
    for (const CodePosition& p : code.positions) {
      const std::vector<debug::SourceFrame> frames = code.module.source_frames(p.wasm_offset);
      const bool known = !frames.empty() && !frames[0].file.empty() && frames[0].line;
      records.add<u64>(address + p.offset);
      records.add<u32>(known ? *frames[0].line : p.wasm_offset);
      records.add<u32>(0);  // discriminator
      records.add_text(known ? frames[0].file : module);
    }
    records.end_record(at);
  }

  std::mutex lock_;
  os::OutputFd file_;
  u64 next_index_ = 0;
};

static_assert(kRecordHeaderBytes == 2 * sizeof(u32) + sizeof(u64));

}  // namespace

std::string jit_dump_path() {
  return fmt::format("jit-{}.dump", os::process_id());
}

Result<std::shared_ptr<CodeObserver>> make_jit_dump(const std::string& path) {
  os::OutputFd file = os::OutputFd::create(path.c_str());
  if (!file.is_open()) {
    return fail_with_cause("failed to create the profile `" + path + "`", os::error_text(errno));
  }
  auto dump = std::make_shared<JitDump>(std::move(file));
  if (!dump->write_header()) {
    return fail_with_cause("failed to write the profile `" + path + "`", os::error_text(errno));
  }
  return dump;
}

}  // namespace wazuka
