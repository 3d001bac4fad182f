// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A small in-memory resolver of paths, written from POSIX's text (XBD 4.16): what the real
// resolvers are compared with.
#pragma once

#include <algorithm>
#include <expected>
#include <map>
#include <memory>
#include <string>

#include "wasi/core/errno.h"

namespace wazuka::wasi::test {

struct Node {
  enum class Kind { kDirectory, kFile, kLink } kind = Kind::kDirectory;
  Node* parent = nullptr;
  std::string target;  // kLink
  std::map<std::string, std::unique_ptr<Node>> children;
  u64 inode = 0;
};

using Resolved = std::expected<const Node*, Errno>;

/// Resolves `path` below `root`. Every ".." at the root, and every absolute path, is an escape.
class Model {
 public:
  explicit Model(const Node& root) : root_(root) {}

  Resolved resolve(const std::string& path, bool follow) {
    links_ = 0;
    return walk(&root_, path, follow);
  }

 private:
  Resolved walk(const Node* at, const std::string& path, bool follow) {
    if (path.empty()) return std::unexpected(Errno::kNoent);
    if (path[0] == '/') return std::unexpected(Errno::kPerm);
    size_t i = 0;
    while (i < path.size()) {
      size_t end = std::min(path.find('/', i), path.size());
      std::string name = path.substr(i, end - i);
      size_t next = std::min(path.find_first_not_of('/', end), path.size());
      bool last = next == path.size();
      bool slash = end < path.size();
      if (at->kind != Node::Kind::kDirectory) return std::unexpected(Errno::kNotdir);
      if (name == "..") {
        if (at == &root_) return std::unexpected(Errno::kPerm);
        at = at->parent;
      } else if (name != ".") {
        auto found = at->children.find(name);
        if (found == at->children.end()) return std::unexpected(Errno::kNoent);
        const Node* child = found->second.get();
        if (child->kind == Node::Kind::kLink && (!last || slash || follow)) {
          if (++links_ > 40) return std::unexpected(Errno::kLoop);
          Resolved target = walk(at, child->target, /*follow=*/true);
          if (!target) return target;
          child = *target;
        }
        at = child;
      }
      if (slash && at->kind != Node::Kind::kDirectory) return std::unexpected(Errno::kNotdir);
      i = next;
    }
    return at;
  }

  const Node& root_;
  int links_ = 0;
};

}  // namespace wazuka::wasi::test
