// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tier/code_space.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace wazuka {

namespace {

struct Range {
  const u8* begin;
  const u8* end;
  const CodeSpace* space;
};

/// All spaces, by address. Writers replace the list as a whole, and wait until no reader is left in
/// the old one; readers never wait, and may be signal handlers.
class Registry {
 public:
  void add(const CodeSpace* space) {
    std::lock_guard<std::mutex> guard(lock_);
    auto list = std::make_unique<std::vector<Range>>(*current());
    const Range range{space->code(), space->code() + space->code_bytes(), space};
    auto at = std::upper_bound(list->begin(), list->end(), range,
                               [](const Range& a, const Range& b) { return a.begin < b.begin; });
    list->insert(at, range);
    replace(std::move(list));
  }

  void remove(const CodeSpace* space) {
    std::lock_guard<std::mutex> guard(lock_);
    auto list = std::make_unique<std::vector<Range>>(*current());
    std::erase_if(*list, [space](const Range& r) { return r.space == space; });
    replace(std::move(list));
  }

  const CodeSpace* find(const u8* pc) {
    readers_.fetch_add(1, std::memory_order_seq_cst);
    const std::vector<Range>& list = *ranges_.load(std::memory_order_seq_cst);
    auto at = std::upper_bound(list.begin(), list.end(), pc,
                               [](const u8* p, const Range& r) { return p < r.begin; });
    const CodeSpace* found = nullptr;
    if (at != list.begin() && pc < (at - 1)->end) found = (at - 1)->space;
    readers_.fetch_sub(1, std::memory_order_release);
    return found;
  }

 private:
  const std::vector<Range>* current() const { return ranges_.load(std::memory_order_relaxed); }

  void replace(std::unique_ptr<std::vector<Range>> list) {
    ranges_.store(list.get(), std::memory_order_seq_cst);
    while (readers_.load(std::memory_order_seq_cst) != 0) {
    }
    owned_ = std::move(list);
  }

  std::mutex lock_;
  std::atomic<u32> readers_ = 0;
  std::unique_ptr<std::vector<Range>> owned_ = std::make_unique<std::vector<Range>>();
  std::atomic<const std::vector<Range>*> ranges_ = owned_.get();
};

// Never destroyed: a signal may come at any time.
std::atomic<Registry*> the_registry = nullptr;

Registry& registry() {
  static Registry* const r = [] {
    auto* made = new Registry;
    the_registry.store(made, std::memory_order_release);
    return made;
  }();
  return *r;
}

}  // namespace

const CodeSpace* find_code_space(const void* pc) {
  Registry* r = the_registry.load(std::memory_order_acquire);
  return r == nullptr ? nullptr : r->find(static_cast<const u8*>(pc));
}

const CallSite* CodeObject::call_at(u32 return_offset) const {
  auto at = std::lower_bound(tables.calls.begin(), tables.calls.end(), return_offset,
                             [](const CallSite& c, u32 o) { return c.return_offset < o; });
  return at != tables.calls.end() && at->return_offset == return_offset ? &*at : nullptr;
}

const TrapSite* CodeObject::trap_at(u32 offset) const {
  auto at = std::lower_bound(tables.traps.begin(), tables.traps.end(), offset,
                             [](const TrapSite& t, u32 o) { return t.offset < o; });
  return at != tables.traps.end() && at->offset == offset ? &*at : nullptr;
}

std::span<const u16> CodeObject::roots_of(const CallSite& call) const {
  return tables.roots.subspan(call.roots_begin, call.roots_count);
}

static void relocate(CodeSpace::Placement& f, const Relocation& r, const void* target) {
  const i64 distance = reinterpret_cast<i64>(target) - reinterpret_cast<i64>(f.address + r.offset);
  u32 field;
  std::memcpy(&field, f.code.bytes.data() + r.offset, sizeof field);
  field += static_cast<u32>(distance);
  std::memcpy(f.code.bytes.data() + r.offset, &field, sizeof field);
}

void CodeSpace::Freer::operator()(void* p) const {
  std::free(p);
}

std::unique_ptr<CodeSpace> CodeSpace::create(const Shape& shape) {
  const os::CodeInFile in_file = shape.stored != nullptr ? shape.stored->code : os::CodeInFile{};
  auto region = os::ExecutableRegion::create(shape.data_bytes, shape.code_bytes, in_file);
  if (!region) return nullptr;
  std::unique_ptr<CodeSpace> space(new CodeSpace(std::move(region)));
  // Zero pages until they are used.
  space->objects_.reset(static_cast<Placed**>(
      std::calloc(std::max<size_t>(shape.max_functions, 1), sizeof(Placed*))));
  if (space->objects_ == nullptr) return nullptr;
  space->max_objects_ = shape.max_functions;
  space->keep_relocations_ = shape.keep_relocations;
  space->stored_ = shape.stored;
  space->used_.store(space->region_.file_bytes(), std::memory_order_relaxed);
  registry().add(space.get());
  return space;
}

CodeSpace::~CodeSpace() {
  registry().remove(this);
  for (u32 i = 0; i < count_.load(std::memory_order_relaxed); ++i) delete objects_[i];
}

const u8* CodeSpace::allocate(size_t bytes, u32 alignment) {
  const size_t start =
      (used_.load(std::memory_order_relaxed) + alignment - 1) & ~size_t{alignment - 1};
  if (start > region_.code_bytes() || bytes > region_.code_bytes() - start) return nullptr;
  used_.store(start + bytes, std::memory_order_relaxed);
  return region_.code() + start;
}

void CodeSpace::place(std::span<Placement> functions, Resolve resolve, void* env) {
  std::lock_guard<std::mutex> guard(lock_);
  const u32 known = count_.load(std::memory_order_relaxed);
  u32 count = known;
  staging_.clear();
  const u8* start = nullptr;
  for (Placement& f : functions) {
    if (count == max_objects_) break;
    f.address = allocate(f.code.bytes.size(), f.code.alignment);
    if (f.address == nullptr) continue;
    if (start == nullptr) start = f.address;
    for (const Relocation& r : f.code.relocations) relocate(f, r, resolve(env, r));
    staging_.resize(static_cast<size_t>(f.address - start));
    staging_.insert(staging_.end(), f.code.bytes.begin(), f.code.bytes.end());
    auto* const placed = new Placed{
        .object = {.begin = static_cast<u32>(f.address - region_.code()),
                   .end = static_cast<u32>(f.address - region_.code() + f.code.bytes.size()),
                   .frame_bytes = f.code.frame_bytes,
                   .func = f.func,
                   .tables = {}},
        .tables = std::move(f.code.tables),
        .relocations = {},
    };
    placed->object.tables = placed->tables;
    if (keep_relocations_) placed->relocations = std::move(f.code.relocations);
    objects_[count++] = placed;
  }
  if (count == known) return;
  if (region_.write(static_cast<size_t>(start - region_.code()), staging_)) {
    count_.store(count, std::memory_order_release);
    return;
  }
  for (Placement& f : functions) f.address = nullptr;
  while (count != known) delete objects_[--count];
}

const u8* CodeSpace::place_bytes(std::span<const u8> bytes, u32 alignment) {
  std::lock_guard<std::mutex> guard(lock_);
  const u8* const address = allocate(bytes.size(), alignment);
  if (address == nullptr) return nullptr;
  return region_.write(static_cast<size_t>(address - region_.code()), bytes) ? address : nullptr;
}

std::optional<CodeObject> CodeSpace::find(const u8* pc) const {
  const u32 offset = static_cast<u32>(pc - region_.code());
  if (offset <= region_.file_bytes() && stored_ != nullptr) {
    if (auto found = find_stored(offset)) return found;
  }
  Placed* const* const begin = objects_.get();
  Placed* const* const end = begin + count_.load(std::memory_order_acquire);
  auto at = std::lower_bound(
      begin, end, offset, [](const Placed* p, u32 pc_offset) { return p->object.end < pc_offset; });
  if (at == end || (*at)->object.begin > offset) return std::nullopt;
  return (*at)->object;
}

std::optional<CodeObject> CodeSpace::find_stored(u32 offset) const {
  const std::span<const StoredFunction> all = stored_->all();
  auto at = std::lower_bound(all.begin(), all.end(), offset,
                             [](const StoredFunction& f, u32 o) { return f.end < o; });
  if (at == all.end() || at->begin > offset) return std::nullopt;
  return stored_object(static_cast<size_t>(at - all.begin()));
}

CodeObject CodeSpace::stored_object(size_t i) const {
  const StoredFunction& f = stored_->functions[i];
  const StoredFunction& next = stored_->functions[i + 1];
  const CodeTablesView& t = stored_->tables;
  CodeObject object;
  object.begin = f.begin;
  object.end = f.end;
  object.frame_bytes = f.frame_bytes;
  object.func = reinterpret_cast<FuncCode*>(data() + size_t{f.func_index - stored_->first_func} *
                                                         stored_->func_bytes);
  object.tables.traps = t.traps.subspan(f.traps, next.traps - f.traps);
  object.tables.calls = t.calls.subspan(f.calls, next.calls - f.calls);
  object.tables.roots = t.roots.subspan(f.roots, next.roots - f.roots);
  object.tables.tries = t.tries.subspan(f.tries, next.tries - f.tries);
  object.tables.clauses = t.clauses.subspan(f.clauses, next.clauses - f.clauses);
  object.tables.inlined = t.inlined.subspan(f.inlined, next.inlined - f.inlined);
  return object;
}

std::vector<CodeSpace::Copied> CodeSpace::functions() const {
  std::vector<Copied> all;
  if (!keep_relocations_) return all;
  const size_t stored = stored_ == nullptr ? 0 : stored_->all().size();
  for (size_t i = 0; i < stored; ++i) {
    const u32 begin = stored_->functions[i].relocations;
    const u32 end = stored_->functions[i + 1].relocations;
    const auto offsets = stored_->relocations.subspan(begin, end - begin);
    all.push_back({stored_object(i), {offsets.begin(), offsets.end()}});
  }
  const u32 count = count_.load(std::memory_order_acquire);
  for (u32 i = 0; i < count; ++i) {
    Copied copied{objects_[i]->object, {}};
    for (const Relocation& r : objects_[i]->relocations) copied.relocations.push_back(r.offset);
    all.push_back(std::move(copied));
  }
  return all;
}

}  // namespace wazuka
