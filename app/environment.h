// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sightline::app {

/// The environment variables of whoever gave a command: the process's own, or those that the client of a server sent.
class Environment {
 public:
  using Variables = std::map<std::string, std::string, std::less<>>;

  /// The process's own.
  Environment() = default;
  explicit Environment(Variables variables) : variables_(std::move(variables)) {}

  /// Empty when it is not set: an empty variable counts as unset, as the XDG specification has it.
  std::string Get(std::string_view name) const;

  /// All whose names begin with `prefix` and that are not empty.
  Variables StartingWith(std::string_view prefix) const;

 private:
  std::optional<Variables> variables_;  ///< nullopt: the process's own.
};

}  // namespace sightline::app
