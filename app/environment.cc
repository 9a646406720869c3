// SPDX-License-Identifier: BSD-3-Clause
#include "app/environment.h"

#include <stdlib.h>
#include <unistd.h>

namespace sightline::app {

std::string Environment::Get(std::string_view name) const {
  if (!variables_) {
    const char* const value = ::getenv(std::string(name).c_str());
    return value == nullptr ? std::string() : std::string(value);
  }
  const auto found = variables_->find(name);
  return found == variables_->end() ? std::string() : found->second;
}

Environment::Variables Environment::StartingWith(std::string_view prefix) const {
  Variables found;
  const auto add = [&](std::string_view name, std::string_view value) {
    if (name.starts_with(prefix) && !value.empty()) found.emplace(name, value);
  };
  if (variables_) {
    for (const auto& [name, value] : *variables_) add(name, value);
    return found;
  }
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const size_t equals = text.find('=');
    if (equals != std::string_view::npos) add(text.substr(0, equals), text.substr(equals + 1));
  }
  return found;
}

}  // namespace sightline::app
