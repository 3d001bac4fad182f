// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/type_registry.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <functional>
#include <mutex>
#include <unordered_map>

#include "base/arena.h"
#include "wasm/limits.h"

namespace wazuka {
namespace {

struct Group {
  u64 references = 0;
  u64 hash = 0;
  std::vector<u32> key;       // the words that identify it
  std::vector<u32> ids;       // of its types
  std::vector<u32> mentions;  // one id of each other group it holds a reference to
  Arena arena{128};           // owns the spans of its entries
};

struct Entry {
  SubType type;                  // type indices are canonical ids
  const u32* display = nullptr;  // display[d]: the supertype at depth d; display[depth]: itself
  u32 depth = 0;
  Group* group = nullptr;
};

/// Entries by id, in chunks that never move. Each chunk is twice as large as the one before, so
/// that a small program touches little memory.
class EntryTable {
 public:
  ~EntryTable() {
    for (auto& chunk : chunks_) delete[] chunk.load(std::memory_order_relaxed);
  }

  /// Precondition: ensure(id) was called.
  Entry& operator[](u32 id) const {
    Place at = place(id);
    return chunks_[at.chunk].load(std::memory_order_acquire)[at.index];
  }

  void ensure(u32 id) {
    u32 chunk = place(id).chunk;
    if (chunks_[chunk].load(std::memory_order_relaxed) == nullptr) {
      chunks_[chunk].store(new Entry[size_t{kFirst} << chunk], std::memory_order_release);
    }
  }

 private:
  struct Place {
    u32 chunk, index;
  };
  static constexpr u32 kFirst = 16;  // entries of chunk 0
  static Place place(u32 id) {
    u32 n = id / kFirst + 1;
    u32 chunk = static_cast<u32>(std::bit_width(n)) - 1;
    return {chunk, id - kFirst * ((1u << chunk) - 1)};
  }

  static constexpr u32 kChunks = std::bit_width(HeapType::kAbstractBase / kFirst);
  std::array<std::atomic<Entry*>, kChunks> chunks_{};
};

/// Marks a reference inside the group in the words; the rest of the heap type bits is the position.
constexpr u32 kLocalHeap = 0xc00000;

u64 hash_words(std::span<const u32> words, u64 seed) {
  u64 hash = seed ^ words.size();
  for (u32 word : words) {
    hash = (hash ^ word) * 0xff51afd7ed558ccd;
    hash ^= hash >> 32;
  }
  return hash;
}

/// Serialises one group. `ids` maps type indices below the group to canonical ids.
class GroupWords {
 public:
  GroupWords(RecGroup group, std::span<const u32> ids) : group_(group), ids_(ids) {}

  void add(const SubType& type) {
    words.push_back(static_cast<u32>(type.kind) | u32{type.final} << 8 | u32{type.shared} << 9);
    add_index(type.supertype);
    add_index(type.describes);
    add_index(type.descriptor);
    switch (type.kind) {
      case CompositeKind::kFunc:
        words.push_back(static_cast<u32>(type.func.params.size()));
        words.push_back(static_cast<u32>(type.func.results.size()));
        for (ValType t : type.func.params) add_type(t);
        for (ValType t : type.func.results) add_type(t);
        break;
      case CompositeKind::kStruct:
      case CompositeKind::kArray:
        words.push_back(static_cast<u32>(type.fields.size()));
        for (const FieldType& field : type.fields) {
          add_type(field.storage.val);
          words.push_back(static_cast<u32>(field.storage.packed) | u32{field.mut} << 8);
        }
        break;
      case CompositeKind::kCont: add_index(type.cont_func); break;
    }
  }

  std::vector<u32> words;
  std::vector<u32> mentioned;  // canonical ids outside the group

 private:
  u32 reference(u32 index) {
    if (index >= group_.first && index - group_.first < group_.count) {
      return kLocalHeap + (index - group_.first);
    }
    u32 id = ids_.empty() ? index : ids_[index];
    mentioned.push_back(id);
    return id;
  }
  void add_index(u32 index) { words.push_back(index == SubType::kNone ? index : reference(index)); }
  void add_type(ValType type) {
    if (type.is_ref() && type.heap().is_index()) {
      u32 heap = reference(type.heap().type_index());
      words.push_back((type.bits() & 0xff) | heap << 8);
    } else {
      words.push_back(type.bits());
    }
  }

  RecGroup group_;
  std::span<const u32> ids_;
};

}  // namespace

struct TypeRegistry::Impl {
  std::mutex mutex;
  EntryTable entries;
  std::unordered_multimap<u64, std::unique_ptr<Group>> groups;
  // A heap: the smallest are taken first, so that a module gets the same ids whenever nothing else
  // is there, which images count on.
  std::vector<u32> free_ids;
  u32 next_id = 0;
  // Differs from run to run (address space randomisation), so that no module can aim at collisions.
  u64 seed = 0x9e3779b97f4a7c15 * reinterpret_cast<uintptr_t>(this);

  Group* find(u64 hash, std::span<const u32> words) {
    auto [begin, end] = groups.equal_range(hash);
    for (auto it = begin; it != end; ++it) {
      if (std::ranges::equal(it->second->key, words)) return it->second.get();
    }
    return nullptr;
  }

  bool take_ids(u32 count, std::vector<u32>& ids) {
    size_t fresh = count - std::min<size_t>(count, free_ids.size());
    if (fresh > HeapType::kAbstractBase - next_id) return false;
    ids.reserve(count);
    for (u32 i = 0; i < count; ++i) {
      u32 id;
      if (!free_ids.empty()) {
        std::ranges::pop_heap(free_ids, std::greater<>());
        id = free_ids.back();
        free_ids.pop_back();
      } else {
        id = next_id++;
        entries.ensure(id);
      }
      ids.push_back(id);
    }
    return true;
  }

  /// Translates a group's descriptions from module indices to canonical ids.
  struct Translation {
    RecGroup group;
    std::span<const u32> outer;  // empty: indices are canonical ids already
    std::span<const u32> inner;

    u32 index(u32 i) const {
      if (i == SubType::kNone) return i;
      if (i >= group.first && i - group.first < group.count) return inner[i - group.first];
      return outer.empty() ? i : outer[i];
    }
    ValType type(ValType t) const {
      if (!t.is_ref() || !t.heap().is_index()) return t;
      return ValType::ref(HeapType::index(index(t.heap().type_index())), t.nullable(), t.exact());
    }
  };

  std::span<const ValType> translate(Arena& arena, std::span<const ValType> types,
                                     const Translation& to) {
    std::span<ValType> out = arena.allocate_span<ValType>(types.size());
    for (size_t i = 0; i < types.size(); ++i) out[i] = to.type(types[i]);
    return out;
  }

  void fill_entry(Entry& entry, u32 id, Group& group, const SubType& type, const Translation& to) {
    SubType& out = entry.type;
    out = type;
    out.supertype = to.index(type.supertype);
    out.describes = to.index(type.describes);
    out.descriptor = to.index(type.descriptor);
    out.cont_func = to.index(type.cont_func);
    out.func.params = translate(group.arena, type.func.params, to);
    out.func.results = translate(group.arena, type.func.results, to);
    std::span<FieldType> fields = group.arena.allocate_span<FieldType>(type.fields.size());
    for (size_t i = 0; i < fields.size(); ++i) {
      fields[i] = type.fields[i];
      fields[i].storage.val = to.type(type.fields[i].storage.val);
    }
    out.fields = fields;
    entry.group = &group;
    entry.depth = out.supertype == SubType::kNone ? 0 : entries[out.supertype].depth + 1;
    std::span<u32> display = group.arena.allocate_span<u32>(entry.depth + size_t{1});
    if (entry.depth > 0) std::copy_n(entries[out.supertype].display, entry.depth, display.data());
    display[entry.depth] = id;
    entry.display = display.data();
  }

  Group* add(std::span<const SubType> types, const Translation& to, GroupWords& words, u64 hash) {
    auto group = std::make_unique<Group>();
    if (!take_ids(to.group.count, group->ids)) return nullptr;
    group->hash = hash;
    group->key = std::move(words.words);
    Translation inner = to;
    inner.inner = group->ids;
    for (u32 i = 0; i < to.group.count; ++i) {
      u32 id = group->ids[i];
      fill_entry(entries[id], id, *group, types[i], inner);
    }
    hold_mentioned(*group, words.mentioned);
    return groups.emplace(hash, std::move(group))->second.get();
  }

  void hold_mentioned(Group& group, std::vector<u32>& mentioned) {
    auto by_group = [&](u32 a, u32 b) { return entries[a].group < entries[b].group; };
    auto same_group = [&](u32 a, u32 b) { return entries[a].group == entries[b].group; };
    std::ranges::sort(mentioned, by_group);
    auto tail = std::ranges::unique(mentioned, same_group);
    mentioned.erase(tail.begin(), tail.end());
    for (u32 id : mentioned) ++entries[id].group->references;
    group.mentions.assign(mentioned.begin(), mentioned.end());
  }

  /// Interns `types`, the contents of `range`, with one reference for the caller; null if there are
  /// too many types.
  Group* intern(std::span<const SubType> types, RecGroup range, std::span<const u32> ids) {
    GroupWords words(range, ids);
    words.words.push_back(range.count);
    for (u32 i = 0; i < range.count; ++i) words.add(types[i]);
    u64 hash = hash_words(words.words, seed);
    std::lock_guard lock(mutex);
    Group* group = find(hash, words.words);
    if (group == nullptr) group = add(types, {range, ids, {}}, words, hash);
    if (group != nullptr) ++group->references;
    return group;
  }

  /// Gives back one reference; what dies with it is found with a list, not by recursion.
  void release(u32 id) {
    std::lock_guard lock(mutex);
    std::vector<Group*> pending{entries[id].group};
    while (!pending.empty()) {
      Group* group = pending.back();
      pending.pop_back();
      if (--group->references > 0) continue;
      for (u32 mentioned : group->mentions) pending.push_back(entries[mentioned].group);
      for (u32 dead : group->ids) {
        entries[dead] = Entry{};
        free_ids.push_back(dead);
        std::ranges::push_heap(free_ids, std::greater<>());
      }
      erase(group);
    }
  }

  void erase(Group* group) {
    auto [begin, end] = groups.equal_range(group->hash);
    for (auto it = begin; it != end; ++it) {
      if (it->second.get() != group) continue;
      groups.erase(it);
      return;
    }
  }
};

TypeRegistry::TypeRegistry() : impl_(std::make_unique<Impl>()) {}
TypeRegistry::~TypeRegistry() = default;

bool TypeRegistry::intern(std::span<const SubType> types, RecGroup group, std::vector<u32>& ids) {
  ids.resize(size_t{group.first} + group.count);
  if (group.count == 0) return true;
  // An empty list would mean "canonical already"; the first group has no indices to map anyway.
  std::span<const u32> outer(ids.data(), group.first);
  Group* interned = impl_->intern(types.subspan(group.first, group.count), group, outer);
  if (interned == nullptr) return false;
  std::ranges::copy(interned->ids, ids.begin() + group.first);
  return true;
}

void TypeRegistry::retain(u32 id) {
  std::lock_guard lock(impl_->mutex);
  ++impl_->entries[id].group->references;
}

void TypeRegistry::release(u32 id) {
  impl_->release(id);
}

u32 TypeRegistry::intern_func(const FuncType& type) {
  SubType sub;
  sub.func = type;
  return intern_type(sub);
}

u32 TypeRegistry::intern_type(const SubType& type) {
  // No index is inside a group that starts above all ids.
  RecGroup group{HeapType::kAbstractBase, 1, false};
  Group* interned = impl_->intern({&type, 1}, group, {});
  return interned == nullptr ? SubType::kNone : interned->ids[0];
}

bool TypeRegistry::is_subtype(u32 sub, u32 super) const {
  if (sub == super) return true;
  const Entry& a = impl_->entries[sub];
  const Entry& b = impl_->entries[super];
  return b.depth < a.depth && a.display[b.depth] == super;
}

const SubType& TypeRegistry::get(u32 id) const {
  return impl_->entries[id].type;
}

}  // namespace wazuka
