// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/profile/guest_profile.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>

#include "os/clock.h"

namespace wazuka {

namespace {

void put_string(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<u8>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", c);
    } else {
      out += c;
    }
  }
  out += '"';
}

/// "name":[…] with what `each` writes for every item.
template <class Items, class Each>
void put_array(std::string& out, std::string_view name, const Items& items, Each each) {
  fmt::format_to(std::back_inserter(out), "\"{}\":[", name);
  bool first = true;
  for (const auto& item : items) {
    if (!first) out += ',';
    first = false;
    each(item);
  }
  out += ']';
}

/// The same with one constant for every item.
template <class Items>
void put_constant(std::string& out, std::string_view name, const Items& items,
                  std::string_view value) {
  put_array(out, name, items, [&](const auto&) { out += value; });
}

double milliseconds(u64 ns) {
  return static_cast<double>(ns) / 1e6;
}

}  // namespace

GuestProfile::GuestProfile(std::string name, u64 interval_ns, std::vector<NamedModule> modules)
    : name_(std::move(name)),
      interval_ns_(interval_ns),
      start_ns_(os::clock_now(os::HostClock::kMonotonic)),
      started_at_ms_(os::clock_now(os::HostClock::kRealtime) / 1'000'000),
      modules_(std::move(modules)) {}

u32 GuestProfile::text(std::string_view t) {
  auto [at, fresh] = text_ids_.try_emplace(std::string(t), static_cast<u32>(texts_.size()));
  if (fresh) texts_.emplace_back(t);
  return at->second;
}

u32 GuestProfile::module_of(const ModuleCode* code) const {
  for (u32 i = 0; i < modules_.size(); ++i) {
    if (modules_[i].code.get() == code) return i;
  }
  return kNone;
}

u32 GuestProfile::func_of(u32 module, u32 func_index) {
  auto [at, fresh] = func_ids_.try_emplace({module, func_index}, static_cast<u32>(funcs_.size()));
  if (fresh) funcs_.push_back({text(modules_[module].code->func_name(func_index)), module});
  return at->second;
}

void GuestProfile::add(const std::vector<interp::StackFrame>& stack, u64 cpu_ns) {
  Sample sample{kNone, os::clock_now(os::HostClock::kMonotonic) - start_ns_, cpu_ns};
  for (auto f = stack.rbegin(); f != stack.rend(); ++f) {
    const u32 module = module_of(f->module);
    if (module == kNone) continue;
    const Frame frame{func_of(module, f->func_index), f->offset};
    auto [frame_at, new_frame] = frame_ids_.try_emplace(frame, static_cast<u32>(frames_.size()));
    if (new_frame) frames_.push_back(frame);
    const Stack key{sample.stack, frame_at->second};
    auto [stack_at, new_stack] = stack_ids_.try_emplace(key, static_cast<u32>(stacks_.size()));
    if (new_stack) stacks_.push_back(key);
    sample.stack = stack_at->second;
  }
  samples_.push_back(sample);
}

std::string GuestProfile::json() const {
  std::string out;
  auto to = std::back_inserter(out);
  auto index = [&](u32 i) {
    i == kNone ? fmt::format_to(to, "null") : fmt::format_to(to, "{}", i);
  };
  out +=
      "{\"meta\":{\"version\":24,\"preprocessedProfileVersion\":49,\"processType\":0,"
      "\"stackwalk\":1,\"debug\":false,\"symbolicated\":true,\"markerSchema\":[],"
      "\"categories\":[{\"name\":\"Other\",\"color\":\"grey\",\"subcategories\":[\"Other\"]}],"
      "\"sampleUnits\":{\"time\":\"ms\",\"eventDelay\":\"ms\",\"threadCPUDelta\":\"ns\"},"
      "\"product\":";
  put_string(out, name_);
  fmt::format_to(to, ",\"interval\":{},\"startTime\":{}}},\"libs\":[],\"threads\":[{{",
                 milliseconds(interval_ns_), started_at_ms_);
  out +=
      "\"name\":\"wasm\",\"processType\":\"default\",\"isMainThread\":true,\"pid\":0,\"tid\":0,"
      "\"registerTime\":0,\"unregisterTime\":null,\"processStartupTime\":0,"
      "\"processShutdownTime\":null,\"pausedRanges\":[],\"processName\":";
  put_string(out, name_);
  fmt::format_to(to, ",\"samples\":{{\"length\":{},\"weight\":null,\"weightType\":\"samples\",",
                 samples_.size());
  put_array(out, "stack", samples_, [&](const Sample& s) { index(s.stack); });
  out += ',';
  put_array(out, "time", samples_,
            [&](const Sample& s) { fmt::format_to(to, "{}", milliseconds(s.time_ns)); });
  out += ',';
  put_array(out, "threadCPUDelta", samples_,
            [&](const Sample& s) { fmt::format_to(to, "{}", s.cpu_ns); });
  fmt::format_to(to, "}},\"stackTable\":{{\"length\":{},", stacks_.size());
  put_array(out, "prefix", stacks_, [&](const Stack& s) { index(s.prefix); });
  out += ',';
  put_array(out, "frame", stacks_, [&](const Stack& s) { index(s.frame); });
  out += ',';
  put_constant(out, "category", stacks_, "0");
  out += ',';
  put_constant(out, "subcategory", stacks_, "0");
  fmt::format_to(to, "}},\"frameTable\":{{\"length\":{},", frames_.size());
  put_array(out, "func", frames_, [&](const Frame& f) { index(f.func); });
  out += ',';
  put_array(out, "address", frames_, [&](const Frame& f) {
    f.offset == kNone ? fmt::format_to(to, "-1") : fmt::format_to(to, "{}", f.offset);
  });
  constexpr const char* kNulls[] = {"nativeSymbol", "innerWindowID", "implementation", "line",
                                    "column"};
  for (const char* column : kNulls) {
    out += ',';
    put_constant(out, column, frames_, "null");
  }
  for (const char* column : {"inlineDepth", "category", "subcategory"}) {
    out += ',';
    put_constant(out, column, frames_, "0");
  }
  fmt::format_to(to, "}},\"funcTable\":{{\"length\":{},", funcs_.size());
  put_array(out, "name", funcs_, [&](const Func& f) { index(f.name); });
  out += ',';
  put_array(out, "resource", funcs_, [&](const Func& f) { index(f.module); });
  for (const char* column : {"isJS", "relevantForJS"}) {
    out += ',';
    put_constant(out, column, funcs_, "false");
  }
  for (const char* column : {"fileName", "lineNumber", "columnNumber"}) {
    out += ',';
    put_constant(out, column, funcs_, "null");
  }
  // The modules' names are the last texts.
  const size_t first_module = texts_.size();
  fmt::format_to(to, "}},\"resourceTable\":{{\"length\":{},", modules_.size());
  size_t next = first_module;
  put_array(out, "name", modules_, [&](const NamedModule&) { fmt::format_to(to, "{}", next++); });
  out += ',';
  put_constant(out, "lib", modules_, "null");
  out += ',';
  put_constant(out, "host", modules_, "null");
  out += ',';
  put_constant(out, "type", modules_, "1");
  out +=
      "},\"nativeSymbols\":{\"length\":0,\"address\":[],\"functionSize\":[],\"libIndex\":[],"
      "\"name\":[]},\"markers\":{\"length\":0,\"category\":[],\"data\":[],\"endTime\":[],"
      "\"name\":[],\"phase\":[],\"startTime\":[]},";
  std::vector<std::string_view> all(texts_.begin(), texts_.end());
  for (const NamedModule& m : modules_) all.push_back(m.name);
  put_array(out, "stringArray", all, [&](std::string_view t) { put_string(out, t); });
  out += "}],\"pages\":[],\"profilerOverhead\":[],\"counters\":[]}";
  return out;
}

}  // namespace wazuka
