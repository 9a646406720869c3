// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdlib>
#include <map>
#include <string>

namespace sightline::bench {

/// `--name value` pairs of a benchmark's command line.
class Arguments {
 public:
  Arguments(int argc, char** argv) {
    for (int i = 1; i + 1 < argc; i += 2) values_[argv[i]] = argv[i + 1];
  }
  std::string Text(const std::string& name, const std::string& standard = "") const {
    const auto found = values_.find("--" + name);
    return found == values_.end() ? standard : found->second;
  }
  double Number(const std::string& name, double standard) const {
    const std::string text = Text(name);
    return text.empty() ? standard : std::strtod(text.c_str(), nullptr);
  }
  size_t Count(const std::string& name, size_t standard) const {
    return static_cast<size_t>(Number(name, static_cast<double>(standard)));
  }

 private:
  std::map<std::string, std::string> values_;
};

}  // namespace sightline::bench
