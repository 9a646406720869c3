// SPDX-License-Identifier: BSD-3-Clause
#include "app/config.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>

#include "tests/support/test_support.h"

namespace sightline::app {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;

class ConfigTest : public ::testing::Test {
 protected:
  std::filesystem::path Write(const std::string& text) {
    const std::filesystem::path file = folder_ / "sightline.toml";
    testing::WriteTestFile(file, text);
    return file;
  }
  Status Read(const std::string& text) {
    Config config;
    return ReadConfigFile(Write(text), config);
  }
  const testing::TempDir folder_;
};

TEST_F(ConfigTest, FileIsOverriddenByVariables) {
  const std::string file =
      Write("[server]\nlisten = ['0.0.0.0:1', '[::]:2']\nio_threads = 3\n[log]\nlevel = 'debug'\n");
  const Environment environment({{"SIGHTLINE_CONFIG", file},
                                 {"SIGHTLINE_SERVER_IO_THREADS", "5"},
                                 {"SIGHTLINE_SERVER_CORS_ORIGINS", "https://a.org, https://b.org"},
                                 {"SIGHTLINE_IMAGE_URL_ENABLED", "true"},
                                 {"SIGHTLINE_SEARCH_GATHER_MS", "0.5"},
                                 {"SIGHTLINE_LOG_FORMAT", ""},
                                 {"SIGHTLINE_DATA", "/d"}});
  const auto config = LoadConfig("", environment);
  ASSERT_THAT(config, IsOk());
  EXPECT_THAT(config->server.listen, ElementsAre("0.0.0.0:1", "[::]:2"));
  EXPECT_EQ(config->server.io_threads, 5);
  EXPECT_THAT(config->server.cors_origins, ElementsAre("https://a.org", "https://b.org"));
  EXPECT_TRUE(config->image_url.enabled);
  EXPECT_EQ(config->search.gather_ms, 0.5);
  EXPECT_EQ(config->log.level, "debug");
  EXPECT_EQ(config->log.format, "text");
  EXPECT_EQ(config->data.dir, "/d");
}

TEST_F(ConfigTest, WhatIsPrintedReadsAsTheSameSettings) {
  Config config;
  config.server.listen = {"127.0.0.1:1", "odd \"quotes\" \\ and \x01"};
  config.server.insecure = true;
  config.search.patience = 0.125;
  config.search.gather_ms = 3;
  config.data.dir = "/data/ä";
  config.image_url.allow = {"example.org"};
  Config again;
  ASSERT_THAT(ReadConfigFile(Write(ConfigToml(config)), again), IsOk());
  EXPECT_EQ(ConfigToml(again), ConfigToml(config));
  EXPECT_EQ(again.server.listen, config.server.listen);
}

TEST_F(ConfigTest, PathsInAFileStartAtItsFolder) {
  Config config;
  const auto file =
      Write("[data]\ndir = 'data'\n[server]\ntls_key = '/abs/key.pem'\n[media]\nroots = ['../nas', '/x/']\n");
  ASSERT_THAT(ReadConfigFile(file, config), IsOk());
  EXPECT_EQ(config.data.dir, (folder_.path() / "data").string());
  EXPECT_EQ(config.server.tls_key, "/abs/key.pem");
  EXPECT_THAT(config.media.roots, ElementsAre((folder_.path().parent_path() / "nas").string(), "/x/"));
}

TEST_F(ConfigTest, MistakesInAFileAreToldWithTheirLine) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"[server]\n\nlisten = [", "sightline.toml:3"},
      {"[server]\nlisen = []", "sightline.toml:2: there is no setting server.lisen"},
      {"[sever]\nlisten = []", "sightline.toml:1: there is no section [sever]"},
      {"listen = []", "sightline.toml:1: there is no section [listen]"},
      {"[server]\nlisten = '127.0.0.1:1'", "server.listen is a list of texts"},
      {"[server]\nlisten = [1]", "server.listen is a list of texts"},
      {"[server]\nio_threads = '2'", "server.io_threads is a whole number"},
      {"[server]\nio_threads = 1.5", "server.io_threads is a whole number"},
      {"[server]\nio_threads = 0", "0 is not between 1 and 64"},
      {"[server]\ninsecure = 1", "server.insecure is true or false"},
      {"[search]\ngather_ms = nan", "is not between 0 and 1000"},
      {"[log]\nlevel = 'loud'", "\"loud\" is none of debug, info, warning, error"},
      {"[server]\nio_threads = 1\nio_threads = 2", "sightline.toml:3"},
  };
  for (const auto& [text, message] : cases) {
    EXPECT_THAT(Read(text), IsErrorWith(ErrorCode::kInvalidArgument, message)) << text;
  }
  Config config;
  EXPECT_THAT(ReadConfigFile(folder_ / "missing.toml", config), IsError(ErrorCode::kNotFound));
}

TEST_F(ConfigTest, MistakesInVariablesAreToldWithTheirName) {
  const std::vector<std::pair<std::string, std::string>> cases = {{"SIGHTLINE_SERVER_IO_THREADS", "many"},
                                                                  {"SIGHTLINE_SERVER_IO_THREADS", "65"},
                                                                  {"SIGHTLINE_SERVER_INSECURE", "yes"},
                                                                  {"SIGHTLINE_SEARCH_GATHER_MS", "2 ms"},
                                                                  {"SIGHTLINE_LOG_LEVEL", "loud"}};
  for (const auto& [name, value] : cases) {
    Config config;
    EXPECT_THAT(ReadConfigVariables(Environment(Environment::Variables{{name, value}}), config),
                IsErrorWith(ErrorCode::kInvalidArgument, name))
        << value;
  }
}

TEST_F(ConfigTest, SampleFileHasEverySettingWithItsDefault) {
  const std::filesystem::path sample = testing::SourceTree("deploy/sightline.toml");
  Config config;
  ASSERT_THAT(ReadConfigFile(sample, config), IsOk());
  EXPECT_EQ(ConfigToml(config), ConfigToml(Config()));
  const std::string text = testing::ReadTestFile(sample);
  for (const Setting& setting : SettingsOf(config)) {
    const size_t section = text.find("\n[" + std::string(setting.section) + "]");
    ASSERT_NE(section, std::string::npos) << setting.name();
    const size_t end = std::min(text.find("\n[", section + 1), text.size());
    EXPECT_THAT(text.substr(section, end - section), HasSubstr("\n" + std::string(setting.key) + " = "));
  }
}

}  // namespace
}  // namespace sightline::app
