// SPDX-License-Identifier: BSD-3-Clause
#include <filesystem>
#include <string>

#include "tests/app/app_fixture.h"

namespace sightline::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A data folder without collections.
class KeyIntegrationTest : public ::testing::Test {
 protected:
  RunResult Run(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"--data-dir", dir_ / "data"});
    return RunProgram(arguments);
  }
  testing::TempDir dir_;
};

TEST_F(KeyIntegrationTest, AKeyIsShownOnceListedAndRevoked) {
  const RunResult added = Run({"key", "add", "laptop", "--admin", "-c", "photos", "-c", "films"});
  ASSERT_EQ(added.exit_code, 0) << added.err;
  const std::string key = added.out.substr(0, added.out.find('\n'));
  EXPECT_EQ(added.out, key + "\n");
  EXPECT_EQ(key.size(), 46U);
  const auto listed = boost::json::parse(Run({"key", "list", "--json"}).out);
  EXPECT_EQ(listed.at("name"), "laptop");
  EXPECT_EQ(listed.at("scope"), "admin");
  EXPECT_EQ(listed.at("collections"), (boost::json::array{"photos", "films"}));
  const RunResult table = Run({"key", "list"});
  EXPECT_THAT(table.out, HasSubstr("laptop"));
  EXPECT_THAT(table.out, HasSubstr(key.substr(0, 9) + "..."));
  EXPECT_THAT(table.out, Not(HasSubstr(key)));
  const RunResult revoked = Run({"key", "revoke", "laptop"});
  EXPECT_EQ(revoked.exit_code, 0);
  EXPECT_THAT(revoked.err, HasSubstr("lets nobody in"));
  EXPECT_EQ(Run({"key", "list"}).out, "");
}

TEST_F(KeyIntegrationTest, WithoutKeysTheListSaysWhatThatMeans) {
  const RunResult listed = Run({"key", "list"});
  EXPECT_EQ(listed.exit_code, 0);
  EXPECT_EQ(listed.out, "");
  EXPECT_THAT(listed.err, HasSubstr("this machine only"));
}

TEST_F(KeyIntegrationTest, WrongNamesAreRefused) {
  ASSERT_EQ(Run({"key", "add", "a"}).exit_code, 0);
  EXPECT_EQ(Run({"key", "add", "a"}).exit_code, 2);
  EXPECT_EQ(Run({"key", "add", "a b"}).exit_code, 2);
  EXPECT_EQ(Run({"key", "add", "c", "-c", "no/name"}).exit_code, 2);
  EXPECT_EQ(Run({"key", "revoke", "b"}).exit_code, 2);
  EXPECT_EQ(Run({"key"}).exit_code, 2);
}

}  // namespace
}  // namespace sightline::app
