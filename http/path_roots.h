// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace sightline::http {

/// The folders whose files may be named over HTTP. Immutable.
///
/// A path counts as what it is once all its links are resolved, so neither ".." nor a link leads out. The answer for a
/// path outside is the same whether there is something or not: nobody learns what this machine's disk holds.
class PathRoots {
 public:
  /// No roots: nothing may be named.
  PathRoots() = default;

  /// @param folders  must exist; links are resolved here, once.
  /// Errors: kNotFound, kInvalidArgument (not a folder; a folder of the kernel: /proc, /sys, /dev).
  static Result<PathRoots> Make(std::span<const std::filesystem::path> folders);

  /// Where `path` really is: what to open, instead of `path`, whose links may change meanwhile. Whoever may write to a
  /// root can still exchange the file for a link between this call and the opening. Blocking I/O.
  /// Errors: kInvalidArgument (not absolute, a zero byte, below no root), kNotFound (below a root, and nothing there),
  /// kUnavailable (below a root, and cannot be reached).
  Result<std::filesystem::path> Resolve(std::string_view path) const;

  /// Whether a path that has no links is a root or below one.
  bool Contains(const std::filesystem::path& canonical) const;

  bool empty() const { return roots_.empty(); }
  const std::vector<std::filesystem::path>& roots() const { return roots_; }

 private:
  explicit PathRoots(std::vector<std::filesystem::path> roots) : roots_(std::move(roots)) {}

  std::vector<std::filesystem::path> roots_;  ///< Canonical.
};

}  // namespace sightline::http
