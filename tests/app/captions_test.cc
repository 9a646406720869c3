// SPDX-License-Identifier: BSD-3-Clause
#include <filesystem>

#include "tests/app/app_fixture.h"

namespace sightline::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// The eight photos once more, with captions of three of them.
class CaptionsIntegrationTest : public AppIntegration {
 protected:
  static void SetUpTestSuite() {
    AppIntegration::SetUpTestSuite();
    testing::WriteTestFile(captions(),
                           "{\"id\": \"1\", \"text\": \"Three meerkats stand on red ground.\"}\n"
                           "{\"id\": \"2\", \"text\": \"A tabby cat lies on the pavement.\"}\n"
                           "{\"id\": \"3\", \"text\": \"Two white fluffy dogs.\"}\n");
    const RunResult index = Run({"index", "told", photos(), "--captions", captions()});
    ASSERT_EQ(index.exit_code, 0) << index.err;
  }

  static std::filesystem::path captions() { return *shared_ / "captions.jsonl"; }
};

TEST_F(CaptionsIntegrationTest, APictureFindsItsCaptionWithAProbability) {
  const boost::json::value json =
      Json(Run({"search", "told", "--image", photos() / "photo-002.jpg", "--type", "text", "--json"}));
  EXPECT_EQ(json.at("reranked"), 3);
  const boost::json::value& hit = json.at("hits").as_array().at(0);
  EXPECT_EQ(hit.at("type"), "text");
  EXPECT_EQ(hit.at("metadata").at("text").at(0), "A tabby cat lies on the pavement.");
  EXPECT_TRUE(hit.at("match_probability").is_double());
  EXPECT_TRUE(hit.at("start_ms").is_null());
  const RunResult table = Run({"search", "told", "--image", photos() / "photo-002.jpg", "--type", "text"});
  EXPECT_THAT(table.out, HasSubstr("3 searched, 3 reranked"));
  EXPECT_THAT(table.out, HasSubstr("\"A tabby cat lies on the pavement.\""));
  EXPECT_EQ(
      Run({"search", "told", "--image", photos() / "photo-002.jpg", "--type", "text", "--min-match", "0"}).exit_code,
      0);
}

TEST_F(CaptionsIntegrationTest, WordsFindPicturesUnlessCaptionsAreAskedFor) {
  const RunResult seen = Run({"search", "told", "a", "cat"});
  EXPECT_THAT(seen.out, HasSubstr("8 searched, 8 reranked"));
  EXPECT_THAT(seen.out, Not(HasSubstr("captions.jsonl")));
  const RunResult told = Run({"search", "told", "a", "cat", "--type", "text", "--top", "1", "--paths-only"});
  EXPECT_EQ(told.out, captions().string() + "#2\n");
}

TEST_F(CaptionsIntegrationTest, ListAndStatusTellWhatIsWhat) {
  EXPECT_THAT(Run({"status", "told"}).out, HasSubstr("items       8 pictures, 3 captions\n"));
  const RunResult list = Run({"list", "told"});
  EXPECT_THAT(list.out, HasSubstr("caption"));
  EXPECT_THAT(list.out, HasSubstr("\"Two white fluffy dogs.\""));
  const boost::json::value status = Json(Run({"status", "told", "--json"}));
  EXPECT_EQ(status.at("captions"), 3);
  EXPECT_EQ(status.at("videos"), 0);
}

TEST_F(CaptionsIntegrationTest, ACaptionsFileIsRemovedAsOne) {
  ASSERT_EQ(Run({"index", "leaving", photos() / "photo-001.jpg", "--captions", captions()}).exit_code, 0);
  const RunResult planned = Run({"remove", "leaving", captions(), "--dry-run"});
  EXPECT_EQ(std::count(planned.out.begin(), planned.out.end(), '\n'), 3) << planned.out;
  const RunResult one = Run({"remove", "leaving", captions().string() + "#2"});
  EXPECT_THAT(one.out, HasSubstr("(caption)"));
  const RunResult rest = Run({"remove", "leaving", captions()});
  EXPECT_EQ(rest.exit_code, 0) << rest.err;
  EXPECT_EQ(std::count(rest.out.begin(), rest.out.end(), '\n'), 2) << rest.out;
  EXPECT_THAT(Run({"status", "leaving"}).out, HasSubstr("items       1 picture\n"));
  EXPECT_EQ(Run({"remove", "leaving", captions()}).exit_code, 1);
}

TEST_F(CaptionsIntegrationTest, CaptionsAreCardsOnThePage) {
  const std::string file = *shared_ / "captions.html";
  const RunResult result =
      Run({"search", "told", "--image", photos() / "photo-003.jpg", "--type", "text", "--html", file});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(testing::ReadTestFile(file), HasSubstr("<span class=\"words\">Two white fluffy dogs.</span>"));
}

}  // namespace
}  // namespace sightline::app
