// SPDX-License-Identifier: BSD-3-Clause
#include "app/config.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/text.h"

namespace sightline::app {
namespace {

constexpr double kMegabytes = 1'000'000'000;

tl::unexpected<Error> Wrong(std::string what) { return Fail(ErrorCode::kInvalidArgument, std::move(what)); }

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string> SplitAtCommas(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    std::string_view part = text.substr(0, comma);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

// Takes what a variable says.
struct FromText {
  const std::string& text;

  Status operator()(bool* value) const {
    if (text != "true" && text != "false" && text != "1" && text != "0") return Wrong("is true or false");
    *value = text == "true" || text == "1";
    return {};
  }
  Status operator()(int64_t* value) const {
    const auto number = ParseNumber<int64_t>(text);
    if (!number) return Wrong("is a whole number");
    *value = *number;
    return {};
  }
  Status operator()(double* value) const {
    const auto number = ParseNumber<double>(text);
    if (!number) return Wrong("is a number");
    *value = *number;
    return {};
  }
  Status operator()(std::string* value) const {
    *value = text;
    return {};
  }
  Status operator()(std::vector<std::string>* value) const {
    *value = SplitAtCommas(text);
    return {};
  }
};

struct ToToml {
  std::string operator()(const bool* value) const { return *value ? "true" : "false"; }
  std::string operator()(const int64_t* value) const { return fmt::format("{}", *value); }
  std::string operator()(const double* value) const { return fmt::format("{}", *value); }
  std::string operator()(const std::string* value) const { return TomlString(*value); }
  std::string operator()(const std::vector<std::string>* value) const {
    std::vector<std::string> quoted;
    for (const std::string& text : *value) quoted.push_back(TomlString(text));
    return fmt::format("[{}]", fmt::join(quoted, ", "));
  }
};

Setting Path(std::string_view section, std::string_view key, std::string& value, std::string_view variable = {}) {
  return {.section = section, .key = key, .target = &value, .is_path = true, .variable = variable};
}
Setting Choice(std::string_view section, std::string_view key, std::string& value,
               std::vector<std::string_view> one_of) {
  return {.section = section, .key = key, .target = &value, .one_of = std::move(one_of)};
}
template <typename Number>
Setting Between(std::string_view section, std::string_view key, Number& value, double min, double max) {
  return {.section = section, .key = key, .target = &value, .min = min, .max = max};
}
Setting Flag(std::string_view section, std::string_view key, bool& value) {
  return {.section = section, .key = key, .target = &value};
}
Setting List(std::string_view section, std::string_view key, std::vector<std::string>& value, bool is_path = false) {
  return {.section = section, .key = key, .target = &value, .is_path = is_path};
}

}  // namespace

std::string Setting::name() const { return fmt::format("{}.{}", section, key); }

std::string Setting::variable_name() const {
  if (!variable.empty()) return std::string(variable);
  std::string out = fmt::format("SIGHTLINE_{}_{}", section, key);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return out;
}

std::vector<Setting> SettingsOf(Config& config) {
  Config::Data& data = config.data;
  Config::Server& server = config.server;
  Config::Search& search = config.search;
  Config::ImageUrl& image_url = config.image_url;
  return {
      Path("data", "dir", data.dir, "SIGHTLINE_DATA"),
      Path("data", "model", data.model, "SIGHTLINE_MODEL"),
      Choice("data", "precision", data.precision, {"fp32", "bf16"}),
      Between("data", "threads", data.threads, 0, 1024),
      Between("data", "min_free_mb", data.min_free_mb, 0, kMegabytes),
      Between("data", "patch_cache_mb", data.patch_cache_mb, 0, 1'000'000),
      List("server", "listen", server.listen),
      Flag("server", "insecure", server.insecure),
      Path("server", "tls_cert", server.tls_cert),
      Path("server", "tls_key", server.tls_key),
      Between("server", "io_threads", server.io_threads, 1, 64),
      Between("server", "workers", server.workers, 1, 256),
      Between("server", "max_connections", server.max_connections, 1, 1'000'000),
      Between("server", "max_body_mb", server.max_body_mb, 1, 100'000),
      Between("server", "request_timeout_s", server.request_timeout_s, 0.01, 3600),
      Between("server", "stop_grace_s", server.stop_grace_s, 0, 3600),
      List("server", "cors_origins", server.cors_origins),
      List("server", "host_names", server.host_names),
      Between("search", "gather_ms", search.gather_ms, 0, 1000),
      Between("search", "queue", search.queue, 1, 1'000'000),
      Between("search", "max_batch", search.max_batch, 1, 1024),
      Between("search", "max_pairs", search.max_pairs, 1, 1'000'000),
      Between("search", "patience", search.patience, 0.01, 1),
      List("media", "roots", config.media.roots, /*is_path=*/true),
      Flag("image_url", "enabled", image_url.enabled),
      List("image_url", "allow", image_url.allow),
      List("image_url", "networks", image_url.networks),
      Between("image_url", "max_mb", image_url.max_mb, 1, 1000),
      Between("image_url", "timeout_s", image_url.timeout_s, 0.1, 300),
      Choice("log", "level", config.log.level, {"debug", "info", "warning", "error"}),
      Choice("log", "format", config.log.format, {"text", "logfmt", "json"}),
  };
}

Status CheckSetting(const Setting& setting) {
  const auto in_range = [&](double value) -> Status {
    if (value >= setting.min && value <= setting.max) return {};
    return Wrong(fmt::format("{} is not between {} and {}", value, setting.min, setting.max));
  };
  if (const auto* const number = std::get_if<int64_t*>(&setting.target)) return in_range(static_cast<double>(**number));
  if (const auto* const number = std::get_if<double*>(&setting.target)) return in_range(**number);
  const auto* const text = std::get_if<std::string*>(&setting.target);
  if (text == nullptr || setting.one_of.empty()) return {};
  if (std::find(setting.one_of.begin(), setting.one_of.end(), **text) != setting.one_of.end()) return {};
  return Wrong(fmt::format("\"{}\" is none of {}", OneLine(**text), fmt::join(setting.one_of, ", ")));
}

Status ReadConfigVariables(const Environment& environment, Config& config) {
  for (const Setting& setting : SettingsOf(config)) {
    const std::string variable = setting.variable_name();
    const std::string text = environment.Get(variable);
    if (text.empty()) continue;
    if (const Status read = std::visit(FromText{text}, setting.target); !read) {
      return Wrong(fmt::format("{}: {} {}, not \"{}\"", variable, setting.name(), read.error().message, OneLine(text)));
    }
    if (const Status checked = CheckSetting(setting); !checked) {
      return Wrong(fmt::format("{}: {}", variable, checked.error().message));
    }
  }
  return {};
}

Result<Config> LoadConfig(const std::string& flag, const Environment& environment) {
  Config config;
  const std::string file = flag.empty() ? environment.Get("SIGHTLINE_CONFIG") : flag;
  if (!file.empty()) SL_RETURN_IF_ERROR(ReadConfigFile(file, config));
  SL_RETURN_IF_ERROR(ReadConfigVariables(environment, config));
  return config;
}

std::string ConfigToml(Config config) {
  std::string out;
  std::string_view section;
  for (const Setting& setting : SettingsOf(config)) {
    if (setting.section != section) out += fmt::format("{}[{}]\n", out.empty() ? "" : "\n", setting.section);
    section = setting.section;
    out += fmt::format("{} = {}\n", setting.key, std::visit(ToToml(), setting.target));
  }
  return out;
}

}  // namespace sightline::app
