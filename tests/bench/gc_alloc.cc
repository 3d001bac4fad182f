// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Measures the heap alone: how fast it allocates garbage, and how much collections cost when much
// lives (binary trees: a long-lived tree of the greatest depth, and short-lived ones of all
// depths, as in the benchmark game). Usage: gc_bench [depth [initial KiB]].
#include <chrono>
#include <cstdlib>
#include <fmt/format.h>

#include "runtime/gc/objects.h"

namespace wazuka {
namespace {

struct Frame final : RootSource {
  std::vector<Cell> cells;
  void visit_roots(RootVisitor& visitor) override { visitor.visit(cells); }
};

class Bench {
 public:
  Bench(TypeRegistry& registry, u64 initial_bytes) {
    FieldType edge{{ValType::ref(HeapType::kEq, true), StorageType::kNotPacked}, true};
    FieldType fields[] = {edge, edge};
    SubType node;
    node.kind = CompositeKind::kStruct;
    node.fields = fields;
    std::vector<u32> ids;
    if (!registry.intern({&node, 1}, {0, 1, false}, ids)) std::abort();
    auto made = GcHeap::create(vm_, registry, {.initial_bytes = initial_bytes});
    if (!made) std::abort();
    heap_ = *std::move(made);
    heap_->add_root_source(&frame_);
    type_ = &heap_->type(ids[0]);
  }

  /// Leaves a new node with two operands from the top of the frame in their place.
  void node() {
    Cell fields[2];
    size_t n = frame_.cells.size();
    fields[0] = frame_.cells[n - 2];
    fields[1] = frame_.cells[n - 1];
    frame_.cells.resize(n - 2);
    Cell ref = 0;
    if (gc_struct_new(*heap_, *type_, fields, &ref) != kNoTrap) {
      fmt::print("{}\n", heap_->error().message);
      std::exit(1);
    }
    ++nodes_;
    frame_.cells.push_back(ref);
  }

  /// Pushes a full tree. The recursion is as deep as the tree.
  void tree(u32 depth) {
    if (depth == 0) {
      frame_.cells.push_back(0);
      frame_.cells.push_back(0);
    } else {
      tree(depth - 1);
      tree(depth - 1);
    }
    node();
  }
  void pop() { frame_.cells.pop_back(); }

  template <class F>
  void measure(const char* what, F run) {
    GcStats before = heap_->stats();
    u64 nodes = nodes_;
    auto start = std::chrono::steady_clock::now();
    run();
    std::chrono::duration<double> time = std::chrono::steady_clock::now() - start;
    const GcStats& after = heap_->stats();
    double count = static_cast<double>(nodes_ - nodes);
    fmt::print(
        "{:28} {:9.0f} nodes {:7.3f} s {:6.1f} ns/node {:5} collections {:8} KiB copied, half {} "
        "KiB\n",
        what, count, time.count(), time.count() * 1e9 / count,
        after.collections - before.collections, (after.copied_bytes - before.copied_bytes) >> 10,
        heap_->space_bytes() >> 10);
  }

 private:
  VMGcHeap vm_;
  Frame frame_;
  std::unique_ptr<GcHeap> heap_;
  const GcType* type_ = nullptr;
  u64 nodes_ = 0;
};

void run(u32 depth, u64 initial_bytes) {
  TypeRegistry registry;
  Bench bench(registry, initial_bytes);
  bench.measure("garbage", [&] {
    for (u32 i = 0; i < 10'000'000; ++i) {
      bench.tree(0);
      bench.pop();
    }
  });
  bench.measure("build one tree", [&] { bench.tree(depth); });
  bench.measure("short-lived beside it", [&] {
    for (u32 d = 4; d <= depth; d += 4) {
      for (u32 i = 0; i < 1u << (depth - d + 4); ++i) {
        bench.tree(d);
        bench.pop();
      }
    }
  });
}

}  // namespace
}  // namespace wazuka

int main(int argc, char** argv) {
  unsigned depth = argc > 1 ? static_cast<unsigned>(std::atoi(argv[1])) : 16;
  unsigned kib = argc > 2 ? static_cast<unsigned>(std::atoi(argv[2])) : 4096;
  wazuka::run(depth, wazuka::u64{kib} << 10);
}
