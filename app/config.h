// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/environment.h"
#include "base/result.h"

namespace sightline::app {

/// The settings of the program: defaults, overridden by a TOML file, by SIGHTLINE_ variables, and by flags. What each
/// means is told in deploy/sightline.toml, which is tested against this list.
struct Config {
  struct Data {
    std::string dir;    ///< Empty: $XDG_DATA_HOME/sightline, else ~/.local/share/sightline.
    std::string model;  ///< Empty: sightline-small beside the program.
    std::string precision = "fp32";
    int64_t threads = 0;  ///< 0: one per core.
    int64_t min_free_mb = 256;
    int64_t patch_cache_mb = 256;
  };
  struct Server {
    std::vector<std::string> listen = {"127.0.0.1:8080"};
    bool insecure = false;
    std::string tls_cert;
    std::string tls_key;
    int64_t io_threads = 2;
    int64_t workers = 4;
    int64_t max_connections = 1024;
    int64_t max_body_mb = 64;
    double request_timeout_s = 5;
    double stop_grace_s = 10;
    std::vector<std::string> cors_origins;
    std::vector<std::string> host_names;
  };
  struct Search {
    double gather_ms = 2;
    int64_t queue = 256;
    int64_t max_batch = 64;
    int64_t max_pairs = 256;
    double patience = 0.25;
  };
  struct Media {
    std::vector<std::string> roots;
  };
  struct ImageUrl {
    bool enabled = false;
    std::vector<std::string> allow;
    std::vector<std::string> networks;
    int64_t max_mb = 32;
    double timeout_s = 10;
  };
  struct LogSettings {
    std::string level = "info";
    std::string format = "text";
  };

  Data data;
  Server server;
  Search search;
  Media media;
  ImageUrl image_url;
  LogSettings log;
};

/// One setting: where it is in a Config, and what it may be.
struct Setting {
  using Target = std::variant<bool*, int64_t*, double*, std::string*, std::vector<std::string>*>;

  std::string_view section;
  std::string_view key;
  Target target;
  double min = 0;  ///< Of numbers.
  double max = 0;
  std::vector<std::string_view> one_of{};  ///< Of texts; empty: any.
  bool is_path = false;                    ///< In a file, relative to the file's folder.
  std::string_view variable{};             ///< When it is not SIGHTLINE_SECTION_KEY.

  std::string name() const;           ///< "server.listen"
  std::string variable_name() const;  ///< "SIGHTLINE_SERVER_LISTEN"
};

/// Errors: kInvalidArgument (what it points to is out of range, or none of `one_of`).
Status CheckSetting(const Setting& setting);

/// All of them, in the order of the file. They point into `config`.
std::vector<Setting> SettingsOf(Config& config);

/// Takes what a TOML file says. Errors: kNotFound, kInvalidArgument (no TOML, a setting that does not exist, a value of
/// another type or out of range: the message has file and line), read errors.
Status ReadConfigFile(const std::filesystem::path& file, Config& config);

/// Takes what variables say. Lists have commas in between; booleans are true, false, 1 or 0. Errors: kInvalidArgument
/// (the message has the variable).
Status ReadConfigVariables(const Environment& environment, Config& config);

/// Defaults, the file (`flag`, else $SIGHTLINE_CONFIG, else none) and variables. Errors: those of both.
Result<Config> LoadConfig(const std::string& flag, const Environment& environment);

/// All settings as TOML.
std::string ConfigToml(Config config);

}  // namespace sightline::app
