// SPDX-License-Identifier: BSD-3-Clause
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "app/config.h"
#include "app/text.h"
#include "base/file_io.h"

namespace sightline::app {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostBytes = 1 << 20;

// Where in the file something is, for messages.
struct Place {
  const fs::path& file;

  tl::unexpected<Error> Wrong(const toml::source_region& where, const std::string& what) const {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{}:{}: {}", OneLine(file.string()), where.begin.line, OneLine(what)));
  }
};

// Takes what a file says; false for a value of another type.
struct FromToml {
  const toml::node& node;

  bool operator()(bool* value) const { return Take<bool>(value); }
  bool operator()(int64_t* value) const { return Take<int64_t>(value); }
  bool operator()(std::string* value) const { return Take<std::string>(value); }
  bool operator()(double* value) const {
    if (!node.is_number()) return false;
    *value = *node.value<double>();
    return true;
  }
  bool operator()(std::vector<std::string>* value) const {
    const toml::array* const array = node.as_array();
    if (array == nullptr) return false;
    value->clear();
    for (const toml::node& element : *array) {
      const auto text = element.value_exact<std::string>();
      if (!text) return false;
      value->push_back(*text);
    }
    return true;
  }

 private:
  template <typename T>
  bool Take(T* value) const {
    const auto found = node.value_exact<T>();
    if (found) *value = *found;
    return found.has_value();
  }
};

std::string_view TypeOf(const Setting::Target& target) {
  struct Name {
    std::string_view operator()(const bool*) const { return "true or false"; }
    std::string_view operator()(const int64_t*) const { return "a whole number"; }
    std::string_view operator()(const double*) const { return "a number"; }
    std::string_view operator()(const std::string*) const { return "a text in quotes"; }
    std::string_view operator()(const std::vector<std::string>*) const { return "a list of texts"; }
  };
  return std::visit(Name(), target);
}

void MakeAbsolute(const fs::path& folder, std::string& path) {
  if (!path.empty()) path = (folder / path).lexically_normal().string();
}

Status TakeNode(const Setting& setting, const toml::node& node, const Place& place) {
  if (!std::visit(FromToml{node}, setting.target)) {
    return place.Wrong(node.source(), fmt::format("{} is {}", setting.name(), TypeOf(setting.target)));
  }
  if (const Status checked = CheckSetting(setting); !checked) {
    return place.Wrong(node.source(), fmt::format("{}: {}", setting.name(), checked.error().message));
  }
  if (!setting.is_path) return {};
  std::error_code ignored;
  const fs::path folder = fs::absolute(place.file, ignored).parent_path();
  if (auto* const text = std::get_if<std::string*>(&setting.target)) MakeAbsolute(folder, **text);
  if (auto* const list = std::get_if<std::vector<std::string>*>(&setting.target)) {
    for (std::string& path : **list) MakeAbsolute(folder, path);
  }
  return {};
}

Status TakeTable(const toml::table& root, const std::vector<Setting>& settings, const Place& place) {
  for (const auto& [section, node] : root) {
    const toml::table* const table = node.as_table();
    const auto in_section = [&](const Setting& setting) { return setting.section == section.str(); };
    if (table == nullptr || std::none_of(settings.begin(), settings.end(), in_section)) {
      return place.Wrong(node.source(), fmt::format("there is no section [{}]", section.str()));
    }
    for (const auto& [key, value] : *table) {
      const auto found = std::find_if(settings.begin(), settings.end(), [&](const Setting& setting) {
        return in_section(setting) && setting.key == key.str();
      });
      if (found == settings.end()) {
        return place.Wrong(value.source(), fmt::format("there is no setting {}.{}", section.str(), key.str()));
      }
      SL_RETURN_IF_ERROR(TakeNode(*found, value, place));
    }
  }
  return {};
}

}  // namespace

Status ReadConfigFile(const fs::path& file, Config& config) {
  SL_ASSIGN_OR_RETURN(const std::string text, ReadFile(file, kMostBytes));
  const Place place{file};
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) return place.Wrong(parsed.error().source(), std::string(parsed.error().description()));
  return TakeTable(parsed.table(), SettingsOf(config), place);
}

}  // namespace sightline::app
