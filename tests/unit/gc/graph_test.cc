// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Random mutation of a graph in the heap and of the same graph in a model; the shapes must stay
// equal through any number of collections.
#include <map>

#include "fixture.h"

namespace wazuka::gc_test {
namespace {

struct Node {
  u32 type = 0;
  u64 payload = 0;
  std::vector<Node*> edges;
};

/// Objects of different shapes, each with a payload by which it is told apart.
class GcGraphTest : public GcTest {
 protected:
  static constexpr u32 kRoots = 20;

  u32 small_ = add_struct({field(kI64), field(kAnyRef)});
  u32 mixed_ = add_struct({packed(StorageType::kI8), field(kI64), field(kAnyRef), field(kV128),
                           field(kEqRef), packed(StorageType::kI16), field(kExternRef)});
  u32 array_ = add_array(field(kAnyRef));  // element 0: a `small` with the payload

  Random random_{42};
  std::deque<Node> nodes_;
  std::vector<Node*> model_ = std::vector<Node*>(kRoots);

  std::vector<u32> ref_fields(u32 type) {
    return type == small_ ? std::vector<u32>{1} : std::vector<u32>{2, 4, 6};
  }

  Cell pick(Node** node) {
    u32 i = random_() % kRoots;
    *node = model_[i];
    return roots.cells[i];
  }

  void allocate() {
    Node& n = nodes_.emplace_back();
    n.payload = nodes_.size();
    u32 slot = random_() % kRoots;
    u32 what = random_() % 4;
    Cell ref = 0;
    if (what == 0) {
      n.type = array_;
      n.edges.resize(random_() % 50);
      roots.cells[slot] = new_struct(small_, {n.payload, 0});
      ref = new_array(array_, 0, static_cast<u32>(n.edges.size() + 1));
      put(array_, ref, 0, roots.cells[slot]);
    } else if (what == 1) {
      n.type = mixed_;
      n.edges.resize(3);
      Cell value[3];
      for (u32 i = 0; i < 3; ++i) value[i] = pick(&n.edges[i]);
      ref = new_struct(mixed_, {n.payload, n.payload, value[0], n.payload, ~n.payload, value[1],
                                n.payload, value[2]});
    } else {
      n.type = small_;
      n.edges.resize(1);
      Cell value = pick(&n.edges[0]);
      ref = new_struct(small_, {n.payload, value});
    }
    roots.cells[slot] = ref;
    model_[slot] = &n;
  }

  void mutate() {
    Node *from = nullptr, *to = nullptr;
    Cell a = pick(&from), b = pick(&to);
    if (from == nullptr || from->edges.empty()) return;
    u32 edge = random_() % static_cast<u32>(from->edges.size());
    from->edges[edge] = to;
    if (from->type == array_) {
      put(array_, a, edge + 1, b);
    } else {
      set(from->type, ref_fields(from->type)[edge], a, b);
    }
  }

  void check_node(const Node& n, Cell ref) {
    ASSERT_TRUE(gc_is_instance(heap(), ref, this->ref(n.type)));
    if (n.type == array_) {
      EXPECT_EQ(get(small_, 0, at(array_, ref, 0)), n.payload);
    } else if (n.type == small_) {
      EXPECT_EQ(get(small_, 0, ref), n.payload);
    } else {
      Cell v[2];
      ASSERT_EQ(gc_struct_get(heap(), type(mixed_), 3, ref, false, v), kNoTrap);
      EXPECT_EQ(v[0], n.payload);
      EXPECT_EQ(v[1], ~n.payload);
      EXPECT_EQ(get(mixed_, 0, ref), n.payload & 0xff);
      EXPECT_EQ(get(mixed_, 5, ref), n.payload & 0xffff);
    }
  }

  Cell edge_of(const Node& n, Cell ref, u32 i) {
    return n.type == array_ ? at(array_, ref, i + 1) : get(n.type, ref_fields(n.type)[i], ref);
  }

  void check() {
    std::map<const Node*, Cell> seen;
    std::vector<std::pair<const Node*, Cell>> queue;
    auto meet = [&](const Node* n, Cell ref) {
      ASSERT_EQ(n == nullptr, ref == 0);
      if (n == nullptr) return;
      auto [it, is_new] = seen.try_emplace(n, ref);
      ASSERT_EQ(it->second, ref) << "one node, one object";
      if (is_new) queue.emplace_back(n, ref);
    };
    for (u32 i = 0; i < kRoots; ++i) meet(model_[i], roots.cells[i]);
    while (!queue.empty() && !HasFatalFailure()) {
      auto [n, ref] = queue.back();
      queue.pop_back();
      check_node(*n, ref);
      for (u32 i = 0; i < n->edges.size(); ++i) meet(n->edges[i], edge_of(*n, ref, i));
    }
  }

  void run(GcOptions options, u32 steps, u32 check_every) {
    make_heap(options);
    roots.cells.assign(kRoots, 0);
    for (u32 i = 1; i <= steps && !HasFatalFailure(); ++i) {
      if (random_() % 3 == 0) {
        mutate();
      } else {
        allocate();
      }
      if (random_() % 1000 == 0) {  // or all that ever lived would live on
        u32 slot = random_() % kRoots;
        roots.cells[slot] = 0;
        model_[slot] = nullptr;
      }
      if (i % check_every == 0) check();
    }
  }
};

TEST_F(GcGraphTest, KeepsItsShape) {
  run({.initial_bytes = 128 << 10}, 60'000, 5'000);
  EXPECT_GT(heap().stats().collections, 5u);
}

TEST_F(GcGraphTest, KeepsItsShapeUnderStress) {
  run({.stress_interval = 1}, 3'000, 100);
  EXPECT_GT(heap().stats().collections, 1'500u);
}

TEST_F(GcGraphTest, KeepsItsShapeWithTheNullCollector) {
  run({.collector = GcCollector::kNull}, 20'000, 5'000);
  EXPECT_EQ(heap().stats().collections, 0u);
}

}  // namespace
}  // namespace wazuka::gc_test
