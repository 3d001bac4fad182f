// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/call_log.h"

#include <fmt/format.h>
#include <iterator>

#include "wasi/p1/types.h"

namespace wazuka::wasi {
namespace {

/// One word of a parameter list (functions.def): "F:fd".
struct Word {
  char type = 0;
  std::string_view name;
};

/// Takes the first word off; type 0 at the end, '>' before the results.
Word next_word(std::string_view& list) {
  size_t end = std::min(list.find(' '), list.size());
  std::string_view word = list.substr(0, end);
  list.remove_prefix(std::min(end + 1, list.size()));
  if (word.empty()) return {};
  return {word[0], word.size() > 2 ? word.substr(2) : ""};
}

// Names of bits from bit 0 on, and of cases from 0 on, separated by spaces.
constexpr const char* kFdFlagNames = "APPEND DSYNC NONBLOCK RSYNC SYNC";
constexpr const char* kOFlagNames = "CREAT DIRECTORY EXCL TRUNC";
constexpr const char* kRightNames =
    "FD_DATASYNC FD_READ FD_SEEK FD_FDSTAT_SET_FLAGS FD_SYNC FD_TELL FD_WRITE FD_ADVISE "
    "FD_ALLOCATE PATH_CREATE_DIRECTORY PATH_CREATE_FILE PATH_LINK_SOURCE PATH_LINK_TARGET "
    "PATH_OPEN FD_READDIR PATH_READLINK PATH_RENAME_SOURCE PATH_RENAME_TARGET PATH_FILESTAT_GET "
    "PATH_FILESTAT_SET_SIZE PATH_FILESTAT_SET_TIMES FD_FILESTAT_GET FD_FILESTAT_SET_SIZE "
    "FD_FILESTAT_SET_TIMES PATH_SYMLINK PATH_REMOVE_DIRECTORY PATH_UNLINK_FILE "
    "POLL_FD_READWRITE SOCK_SHUTDOWN SOCK_ACCEPT";
constexpr const char* kFileTypeNames =
    "Unknown BlockDevice CharacterDevice Directory RegularFile SocketDgram SocketStream "
    "SymbolicLink";

std::string flags_text(std::string_view type, std::string_view names, u64 bits) {
  std::string set;
  u64 unknown = bits;
  for (u32 bit = 0; !names.empty() && bit < 64; ++bit) {
    size_t end = std::min(names.find(' '), names.size());
    if ((bits >> bit & 1) != 0) {
      if (!set.empty()) set += " | ";
      set += names.substr(0, end);
      unknown &= ~(u64{1} << bit);
    }
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  if (unknown != 0) set += fmt::format("{}{:#x}", set.empty() ? "" : " | ", unknown);
  return fmt::format("{}({})", type, set.empty() ? "0x0" : set);
}

std::string case_text(std::string_view names, u64 number) {
  for (u64 i = 0; !names.empty(); ++i) {
    size_t end = std::min(names.find(' '), names.size());
    if (i == number) return std::string(names.substr(0, end));
    names.remove_prefix(std::min(end + 1, names.size()));
  }
  return fmt::format("{}", number);
}

/// The text of one argument; `next` is the raw argument behind it, for pairs.
std::string argument_text(char type, u64 raw, u64 next) {
  switch (type) {
    case 'F': return fmt::format("Fd({})", raw);
    case 'p': return fmt::format("*guest {:#x}", raw);
    case 's': return fmt::format("*guest {:#x}/{}", raw, next);
    case 'i': return fmt::format("{}", static_cast<i64>(raw));
    case 'D': return flags_text("Fdflags", kFdFlagNames, raw);
    case 'O': return flags_text("Oflags", kOFlagNames, raw);
    case 'L': return flags_text("Lookupflags", "SYMLINK_FOLLOW", raw);
    case 'T': return flags_text("Fstflags", "ATIM ATIM_NOW MTIM MTIM_NOW", raw);
    case 'R': return flags_text("Rights", kRightNames, raw);
    case 'I': return flags_text("Riflags", "RECV_PEEK RECV_WAITALL", raw);
    case 'S': return flags_text("Sdflags", "RD WR", raw);
    case 'c': return case_text("Realtime Monotonic ProcessCputimeId ThreadCputimeId", raw);
    case 'a': return case_text("Normal Sequential Random Willneed Dontneed Noreuse", raw);
    case 'w': return case_text("Set Cur End", raw);
    case 'W': return case_text("Cur End Set", raw);  // wasi_unstable
    default: return fmt::format("{}", raw);
  }
}

/// Reads what the function wrote; zeros where the guest's pointer is bad.
class Results {
 public:
  Results(GuestMemory memory, u64 address)
      : memory_(memory), at_(static_cast<GuestPtr>(static_cast<u32>(address))) {}

  template <class T>
  T get(u64 offset) const {
    auto value = memory_.load<T>(at_, offset);
    return value ? *value : T{};
  }

 private:
  GuestMemory memory_;
  GuestPtr at_;
};

std::string filestat_text(const Results& r, bool wide_links) {
  u64 next = wide_links ? 32 : 24;
  u64 links = wide_links ? r.get<u64>(24) : r.get<u32>(20);
  return fmt::format(
      "Filestat {{ dev: {}, ino: {}, filetype: {}, nlink: {}, size: {}, atim: {}, mtim: {}, ctim: "
      "{} }}",
      r.get<u64>(0), r.get<u64>(8), case_text(kFileTypeNames, r.get<u8>(16)), links,
      r.get<u64>(next), r.get<u64>(next + 8), r.get<u64>(next + 16), r.get<u64>(next + 24));
}

std::string result_text(char type, const Results& r) {
  switch (type) {
    case 'F': return fmt::format("Fd({})", r.get<u32>(0));
    case '4': return fmt::format("{}", r.get<u32>(0));
    case '8': return fmt::format("{}", r.get<u64>(0));
    case 'o': return flags_text("Roflags", "RECV_DATA_TRUNCATED", r.get<u16>(0));
    case 'P': return fmt::format("Dir(PrestatDir {{ pr_name_len: {} }})", r.get<u32>(4));
    case 'Y':
      return fmt::format(
          "Fdstat {{ fs_filetype: {}, fs_flags: {}, fs_rights_base: {}, fs_rights_inheriting: {} "
          "}}",
          case_text(kFileTypeNames, r.get<u8>(0)),
          flags_text("Fdflags", kFdFlagNames, r.get<u16>(2)),
          flags_text("Rights", kRightNames, r.get<u64>(8)),
          flags_text("Rights", kRightNames, r.get<u64>(16)));
    case 'Z': return filestat_text(r, /*wide_links=*/true);
    case 'z': return filestat_text(r, /*wide_links=*/false);
    default: return "()";
  }
}

/// "badf" → "Badf"
std::string errno_case(Errno error) {
  std::string name(errno_name(error));
  if (name == "2big") return "TooBig";
  if (!name.empty()) name[0] = static_cast<char>(name[0] - 'a' + 'A');
  return name;
}

}  // namespace

std::string describe_arguments(const CallEvent& call) {
  std::string text;
  std::string_view list = call.function.parameters;
  size_t i = 0;
  for (Word w = next_word(list); w.type != 0 && w.type != '>'; w = next_word(list)) {
    bool pair = w.type == 's';
    std::string value = argument_text(w.type, call.arguments[i], pair ? call.arguments[i + 1] : 0);
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", w.name, value);
    i += pair ? 2 : 1;
  }
  return text;
}

std::string describe_result(const CallEvent& call, const Outcome& outcome) {
  if (outcome.kind == Outcome::Kind::kExit) {
    return fmt::format("Exited with i32 exit status {}", static_cast<i32>(outcome.exit_code));
  }
  if (outcome.kind == Outcome::Kind::kTrap) {
    return fmt::format("Err({})",
                       trap_messages(outcome, call.function.module, call.function.name).front());
  }
  if (outcome.error != Errno::kSuccess) {
    return fmt::format("Err(Error {{ inner: {} }})", errno_case(outcome.error));
  }
  std::string_view list = call.function.parameters;
  size_t i = 0;
  for (Word w = next_word(list); w.type != 0 && w.type != '>'; w = next_word(list)) {
    i += w.type == 's' ? 2 : 1;
  }
  std::string values;
  size_t count = 0;
  for (Word w = next_word(list); w.type != 0; w = next_word(list), ++i, ++count) {
    if (count != 0) values += ", ";
    values += result_text(w.type, Results(call.memory, call.arguments[i]));
  }
  if (count == 0) return "Ok(())";
  return count == 1 ? fmt::format("Ok({})", values) : fmt::format("Ok(({}))", values);
}

}  // namespace wazuka::wasi
