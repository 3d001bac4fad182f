// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/core_dump.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fmt/format.h>
#include <iterator>
#include <unistd.h>

#include "runtime/core_dump.h"
#include "runtime/instance.h"

namespace wazuka::cli {

Result<void> write_core_file(Store& store, const std::string& program, const std::string& path) {
  int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return fail("failed to create file at `" + path + "`");
  auto sink = [fd](std::span<const u8> bytes) {
    while (!bytes.empty()) {
      ssize_t n = ::write(fd, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return false;
      bytes = bytes.subspan(static_cast<size_t>(n));
    }
    return true;
  };
  auto written = debug::write_core_dump(core_dump_of(store, program), sink);
  if (close(fd) == 0 && written) return {};
  return fail("failed to write core dump file at `" + path + "`");
}

namespace {

std::string summary(Store& store) {
  std::string modules, instances, memories, globals;
  std::vector<const ModuleCode*> seen;
  u32 number = 0;
  for (const std::unique_ptr<Instance>& instance : store.instances()) {
    ++number;
    const Module& module = instance->module();
    if (std::find(seen.begin(), seen.end(), &instance->code()) == seen.end()) {
      seen.push_back(&instance->code());
      const std::string_view name = instance->code().names().module;
      modules += fmt::format("  {}\n", name.empty() ? "<module>" : name);
    }
    const std::string id =
        fmt::format("StoreInstanceId {{ store_id: StoreId(2), instance: InstanceId({}) }}", number);
    instances += fmt::format("  Instance {{ id: {} }}\n", id);
    for (size_t i = module.imported_memories; i < module.memories.size(); ++i) {
      memories += fmt::format("  Memory {{ instance: {}, index: DefinedMemoryIndex({}) }}\n", id,
                              i - module.imported_memories);
    }
    for (size_t i = module.imported_globals; i < module.globals.size(); ++i) {
      globals += fmt::format(
          "  Global {{ store: StoreId(2), instance: {}, kind: Instance(DefinedGlobalIndex({})) "
          "}}\n",
          number, i - module.imported_globals);
    }
  }
  return "wasm coredump generated while executing store_name:\nmodules:\n" + modules +
         "instances:\n" + instances + "memories:\n" + memories + "globals:\n" + globals +
         "backtrace:\n";
}

}  // namespace

void describe_store(Store& store, Error& error) {
  auto backtrace =
      std::find_if(error.causes.begin(), error.causes.end(), [](const std::string& cause) {
        return cause.starts_with("error while executing at wasm backtrace:");
      });
  if (backtrace == error.causes.end()) return;
  std::string text = summary(store) + *backtrace;
  error.causes.insert(backtrace, std::move(text));
}

}  // namespace wazuka::cli
