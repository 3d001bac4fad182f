// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where paths meet. Names (Value::id) are a partition of registers and slots into those that are
// equal. Of both states, what is in one class in each is in one class of the result. A class is
// named by its first member, so that nothing changes when nothing is less; and since no name of
// before is kept, it does not matter which iteration of a loop they were of.
#include "verify/state.h"

namespace wazuka::verify {

namespace {

// Names of classes at a meeting; those of copies have the bit.
constexpr u32 kCopy = u32{1} << 31;
// More would only cost time: who needs them has spilled hundreds of addresses.
constexpr size_t kMaxClasses = 256;

class Classes {
 public:
  u32 name(u32 a, u32 b, u32 place) {
    if (a == 0 || b == 0) return 0;
    for (Class& c : classes_) {
      if (c.a != a || c.b != b) continue;
      ++c.members;
      return c.name;
    }
    if (classes_.size() == kMaxClasses) return 0;
    classes_.push_back({a, b, place, 1});
    return place;
  }
  /// The name of what is called a and b before.
  u32 find(u32 a, u32 b) const {
    for (const Class& c : classes_) {
      if (c.a == a && c.b == b) return c.name;
    }
    return 0;
  }
  void use(u32 name) {
    for (Class& c : classes_) {
      if (c.name == name) ++c.members;
    }
  }
  /// Names that are of use.
  u32 shared(u32 name) const {
    for (const Class& c : classes_) {
      if (c.name == name) return c.members > 1 ? name : 0;
    }
    return 0;
  }

 private:
  struct Class {
    u32 a, b, name, members;
  };
  std::vector<Class> classes_;
};

u32 name_of_register(u32 reg) {
  return 1 + reg;
}
u32 name_of_slot(i64 at) {
  return 17 + static_cast<u32>(at < 0 ? -at / 8 * 2 + 1 : at / 8 * 2);
}

}  // namespace

void State::set_least(bool is_table, u32 index, u64 size) {
  for (Least& l : least) {
    if (l.is_table != is_table || l.index != index) continue;
    l.size = std::max(l.size, size);
    return;
  }
  if (size != 0) least.push_back({is_table, index, size});
}

void State::name(Value& v, u32 place) {
  if (v.id != 0 || !v.can_have_name() || slots.size() > 16 * kMaxClasses) return;
  const u32 id = kCopy | place;
  // Of the same copy in the iteration before.
  auto forget = [&](Value& old) {
    if (old.id == id) old.id = 0;
    if (old.eighth == id) old.eighth = 0;
  };
  for (Value& r : gpr) forget(r);
  for (Slot& s : slots) forget(s.value);
  forget(flags.left.value);
  forget(flags.right.value);
  v.id = id;
}

void State::rename() {
  const State same = *this;
  meet(same);
}

bool State::meet(const State& other) {
  const State before = *this;
  Classes classes;
  struct Eighth {
    u32 ours, theirs;
  };
  std::vector<Eighth> eighths;  // of values, in their order; `eighth` is 1 + index until then
  auto both = [&](const Value& a, const Value& b, u32 place) {
    Value v = join(a, b);
    if (v.can_have_name()) v.id = classes.name(a.id, b.id, place);
    if (a.eighth != 0 && b.eighth != 0 && v.kind == Kind::kNumber) {
      eighths.push_back({a.eighth, b.eighth});
      v.eighth = static_cast<u32>(eighths.size());
    }
    return v;
  };
  for (u32 i = 0; i < 16; ++i) gpr[i] = both(gpr[i], other.gpr[i], name_of_register(i));
  auto theirs = other.slots.begin();
  for (Slot& s : slots) {
    while (theirs != other.slots.end() && theirs->at < s.at) ++theirs;
    const bool has = theirs != other.slots.end() && theirs->at == s.at;
    s.value = both(s.value, has ? theirs->value : Value::any(), name_of_slot(s.at));
  }
  auto find_eighth = [&](Value& v) {
    if (v.eighth == 0) return;
    const Eighth& e = eighths[v.eighth - 1];
    v.eighth = classes.find(e.ours, e.theirs);
    classes.use(v.eighth);
  };
  for (Value& v : gpr) find_eighth(v);
  for (Slot& s : slots) find_eighth(s.value);
  for (Value& v : gpr) v.id = classes.shared(v.id);
  std::erase_if(slots, [&](Slot& s) {
    s.value.id = classes.shared(s.value.id);
    return !s.value.matters();
  });
  zero_xmms &= other.zero_xmms;
  room = std::max(room, other.room);
  std::erase_if(least, [&](Least& l) {
    l.size = std::min(l.size, other.least_of(l.is_table, l.index));
    return l.size == 0;
  });
  auto nameless = [](Flags f) {
    f.left.value = f.left.value.nameless();
    f.right.value = f.right.value.nameless();
    return f;
  };
  const Flags ours = nameless(flags);
  flags = ours == nameless(other.flags) ? ours : Flags{};
  return *this != before;
}

}  // namespace wazuka::verify
