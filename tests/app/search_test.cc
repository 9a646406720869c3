// SPDX-License-Identifier: BSD-3-Clause
#include <filesystem>

#include "tests/app/app_fixture.h"

namespace sightline::app {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class SearchIntegrationTest : public AppIntegration {};

TEST_F(SearchIntegrationTest, WordsFindThePicture) {
  const RunResult cat = Run({"search", "photos", "a cat", "--paths-only", "--top", "1"});
  EXPECT_EQ(cat.exit_code, 0) << cat.err;
  EXPECT_EQ(cat.out, (photos() / "photo-002.jpg").string() + "\n");
  const RunResult rocket = Run({"search", "photos", "a rocket launch", "--paths-only", "--top", "1"});
  EXPECT_EQ(rocket.out, (photos() / "photo-004.jpg").string() + "\n");
}

TEST_F(SearchIntegrationTest, WordsNeedNoQuotes) {
  const RunResult loose = Run({"search", "photos", "a", "rocket", "launch", "--paths-only", "--top", "1"});
  EXPECT_EQ(loose.exit_code, 0) << loose.err;
  EXPECT_EQ(loose.out, (photos() / "photo-004.jpg").string() + "\n");
  // Words that are names of commands, on both sides of a flag.
  const boost::json::value json = Json(Run({"search", "photos", "a", "list", "--json", "of", "status", "search"}));
  EXPECT_EQ(json.at("query").at("text"), "a list of status search");
}

TEST_F(SearchIntegrationTest, TypesDoNotSwallowTheWords) {
  for (const std::vector<std::string>& types : std::vector<std::vector<std::string>>{
           {"--type", "image"}, {"--type", "clip,image"}, {"--type", "clip", "--type", "image"}}) {
    std::vector<std::string> arguments = {"search", "photos", "--json"};
    arguments.insert(arguments.end(), types.begin(), types.end());
    arguments.insert(arguments.end(), {"a", "cat"});
    const boost::json::value json = Json(Run(arguments));
    EXPECT_EQ(json.at("query").at("text"), "a cat");
    EXPECT_EQ(json.at("hits").as_array().size(), 8U);
  }
  EXPECT_EQ(Run({"search", "photos", "--type", "clip", "a", "cat"}).exit_code, 1);
}

TEST_F(SearchIntegrationTest, TheTableNamesHitsMatchAndTime) {
  const RunResult result = Run({"search", "photos", "a cat", "--top", "3"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.out, HasSubstr("\"a cat\" in photos: 8 searched, 8 reranked"));
  EXPECT_THAT(result.out, HasSubstr("photo-002.jpg"));
  EXPECT_EQ(result.err, "");
}

TEST_F(SearchIntegrationTest, JsonHasTheDocumentedShape) {
  const boost::json::value json = Json(Run({"search", "photos", "A cat!", "--json", "--top", "2"}));
  EXPECT_EQ(json.at("collection"), "photos");
  EXPECT_EQ(json.at("query").at("cleaned"), "a cat");
  EXPECT_EQ(json.at("degraded"), false);
  EXPECT_EQ(json.at("reranked").as_int64(), 8);
  for (const char* stage : {"encode", "coarse", "patches", "rerank", "total"}) {
    EXPECT_GE(json.at("timings_ms").at(stage).to_number<double>(), 0);
  }
  const boost::json::array& hits = json.at("hits").as_array();
  ASSERT_EQ(hits.size(), 2U);
  EXPECT_EQ(hits[0].at("path").as_string(), boost::json::string_view((photos() / "photo-002.jpg").c_str()));
  EXPECT_EQ(hits[0].at("type"), "image");
  EXPECT_GT(hits[0].at("item_id").to_number<uint64_t>(), 0U);
  EXPECT_TRUE(hits[0].at("start_ms").is_null());
  const double first = hits[0].at("match_probability").to_number<double>();
  const double second = hits[1].at("match_probability").to_number<double>();
  EXPECT_GE(first, second);
  EXPECT_LE(first, 1);
}

TEST_F(SearchIntegrationTest, APictureHasNoProbabilityAndFindsItself) {
  const boost::json::value json = Json(Run({"search", "photos", "--image", photos() / "photo-003.jpg", "--json"}));
  const boost::json::value& hit = json.at("hits").as_array().at(0);
  EXPECT_EQ(hit.at("path").as_string(), boost::json::string_view((photos() / "photo-003.jpg").c_str()));
  EXPECT_TRUE(hit.at("match_probability").is_null());
  EXPECT_NEAR(hit.at("coarse_score").to_number<double>(), 1, 1e-3);
}

TEST_F(SearchIntegrationTest, AnItemByIdOrPathFindsOthers) {
  const std::string path = photos() / "photo-003.jpg";
  const RunResult by_path = Run({"search", "photos", "--item", path, "--paths-only"});
  EXPECT_EQ(by_path.exit_code, 0) << by_path.err;
  EXPECT_THAT(by_path.out, Not(HasSubstr(path)));
  EXPECT_EQ(std::count(by_path.out.begin(), by_path.out.end(), '\n'), 7);
  const RunResult by_id = Run({"search", "photos", "--item", "1", "--paths-only", "--null", "--top", "2"});
  EXPECT_EQ(std::count(by_id.out.begin(), by_id.out.end(), '\0'), 2);
}

TEST_F(SearchIntegrationTest, APictureWithWordsIsReranked) {
  const boost::json::value json =
      Json(Run({"search", "photos", "a dog", "--image", photos() / "photo-003.jpg", "--json"}));
  EXPECT_EQ(json.at("reranked").as_int64(), 8);
  EXPECT_TRUE(json.at("hits").as_array().at(0).at("match_probability").is_double());
}

TEST_F(SearchIntegrationTest, MinMatchThatNothingReachesIsAnHonestEmptyAnswer) {
  const RunResult table = Run({"search", "photos", "a submarine", "--min-match", "0.999"});
  EXPECT_EQ(table.exit_code, 1);
  EXPECT_THAT(table.out, HasSubstr("no match for \"a submarine\" in photos: all 8 candidates are below"));
  const RunResult paths = Run({"search", "photos", "a submarine", "--min-match", "0.999", "--paths-only"});
  EXPECT_EQ(paths.exit_code, 1);
  EXPECT_EQ(paths.out, "");
  EXPECT_THAT(paths.err, HasSubstr("no match"));
}

TEST_F(SearchIntegrationTest, HtmlIsSelfContainedAndEscaped) {
  const testing::TempDir folder;
  const std::string file = folder / "out.html";
  const RunResult result = Run({"search", "photos", "<b>cat</b> & \"dog\"", "--html", file});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const std::string html = testing::ReadTestFile(file);
  EXPECT_THAT(html, HasSubstr("&lt;b&gt;cat&lt;/b&gt; &amp; &quot;dog&quot;"));
  EXPECT_THAT(html, Not(HasSubstr("<b>cat")));
  EXPECT_THAT(html, HasSubstr("src=\"data:image/jpeg;base64,/9j/"));
  EXPECT_THAT(html, HasSubstr("prefers-color-scheme: dark"));
  EXPECT_THAT(html, HasSubstr("photo-002.jpg"));
  EXPECT_THAT(html, HasSubstr("rerank"));
  EXPECT_THAT(html, Not(HasSubstr("http")));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
}

TEST_F(SearchIntegrationTest, AFilterLimitsWhatIsFound) {
  const std::string prefix = (photos() / "photo-003").string();
  const std::string filter = R"({"must": [{"path": ")" + prefix + R"("}]})";
  const RunResult one = Run({"search", "photos", "a cat", "--filter", filter, "--paths-only"});
  EXPECT_EQ(one.exit_code, 0) << one.err;
  EXPECT_EQ(one.out, prefix + ".jpg\n");
  const RunResult others =
      Run({"search", "photos", "a cat", "--filter", R"({"must_not": {"path": ")" + prefix + R"("}})", "--paths-only"});
  EXPECT_EQ(std::count(others.out.begin(), others.out.end(), '\n'), 7);
  EXPECT_THAT(others.out, Not(HasSubstr(prefix)));
  const RunResult none = Run({"search", "photos", "a cat", "--filter", R"({"must": {"path": "/nowhere/"}})"});
  EXPECT_EQ(none.exit_code, 1);
  EXPECT_THAT(none.out, HasSubstr("nothing passes the filter"));
}

TEST_F(SearchIntegrationTest, ExplainSaysWhatWasDone) {
  const std::string filter = R"({"must": {"path": ")" + (photos() / "photo-003").string() + R"("}})";
  const boost::json::value json = Json(Run({"search", "photos", "a cat", "--filter", filter, "--explain", "--json"}));
  const boost::json::value& explain = json.at("explain");
  EXPECT_EQ(explain.at("filter").at("strategy"), "direct scan");
  EXPECT_EQ(explain.at("filter").at("items_possible").to_number<int>(), 1);
  EXPECT_EQ(explain.at("filter").at("items").to_number<int>(), 8);
  EXPECT_EQ(explain.at("filter").at("exact"), true);
  EXPECT_EQ(explain.at("filter").at("records_read").to_number<int>(), 0);
  EXPECT_EQ(explain.at("coarse").at("units_found").to_number<int>(), 1);
  EXPECT_EQ(explain.at("coarse").at("vectors_scored").to_number<int>(), 1);
  EXPECT_EQ(explain.at("rerank").at("read").to_number<int>(), 1);
  EXPECT_TRUE(explain.at("rerank").at("stopped_at").is_null());
  const RunResult text = Run({"search", "photos", "a cat", "--explain"});
  EXPECT_THAT(text.out, HasSubstr("\n  filter  none\n  coarse  8 vectors scored, 0 units left out"));
  EXPECT_THAT(text.out, HasSubstr("\n  rerank  8 of 8 candidates read"));
  EXPECT_THAT(text.out, HasSubstr("\n  scores    #     match     logit"));
}

TEST_F(SearchIntegrationTest, AListCanBeFiltered) {
  const std::string path = (photos() / "photo-003.jpg").string();
  const boost::json::value item =
      Json(Run({"list", "photos", "--json", "--filter", R"({"must": {"path": ")" + path + R"("}})"}));
  EXPECT_EQ(item.at("paths").at(0).as_string(), boost::json::string_view(path));
  EXPECT_EQ(Run({"list", "photos", "--filter", R"({"type": "text"})"}).out, "");
  const RunResult all = Run({"list", "photos", "--filter", R"({"type": "image"})"});
  EXPECT_EQ(std::count(all.out.begin(), all.out.end(), '\n'), 8);
}

TEST_F(SearchIntegrationTest, ATimeoutThatLeavesNoTimeIsAnError) {
  ExpectError(Run({"search", "photos", "a cat", "--timeout", "0.000001"}), 4, "deadline");
}

class BadSearchIntegrationTest : public AppIntegration {};

TEST_F(BadSearchIntegrationTest, NothingToSearchFor) {
  ExpectError(Run({"search", "photos"}), 2, "nothing to search for");
  ExpectError(Run({"search", "photos", ""}), 2, "no words");
  ExpectError(Run({"search", "photos", "?! ..."}), 2, "no words");
}

TEST_F(BadSearchIntegrationTest, InvalidUtf8) { ExpectError(Run({"search", "photos", "a \xC3\x28 cat"}), 2, "UTF-8"); }

TEST_F(BadSearchIntegrationTest, TenThousandWordsAreCutAndSaidSo) {
  std::string words;
  for (int i = 0; i < 10'000; ++i) words += "cat ";
  const RunResult result = Run({"search", "photos", words});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("the query was too long"));
  EXPECT_THAT(result.out, HasSubstr("photo-002.jpg"));
}

TEST_F(BadSearchIntegrationTest, MinMatchOnAPictureAlone) {
  ExpectError(Run({"search", "photos", "--image", photos() / "photo-001.jpg", "--min-match", "0.5"}), 2,
              "min_match needs words");
}

TEST_F(BadSearchIntegrationTest, TypesAndGroupsThatDoNotExist) {
  ExpectError(Run({"search", "photos", "cat", "--type", "film"}), 2, "film");
  ExpectError(Run({"search", "photos", "cat", "--type", "image,film"}), 2, "film");
  ExpectError(Run({"search", "photos", "cat", "--group-by", "year"}), 2, "year");
  ExpectError(Run({"search", "photos", "cat", "--group-size", "3"}), 2, "--group-by");
}

TEST_F(BadSearchIntegrationTest, FiltersThatAreNone) {
  ExpectError(Run({"search", "photos", "cat", "--filter", "{must"}), 2, "not JSON at byte 2");
  ExpectError(Run({"search", "photos", "cat", "--filter", R"({"must": [{"key": "a"}]})"}), 2, "must[0]");
  ExpectError(Run({"search", "photos", "cat", "--type", "image", "--filter", R"({"type": "clip"})"}), 2, "not in both");
  ExpectError(Run({"list", "photos", "--filter", "[]"}), 2, "not an object");
  ExpectError(Run({"remove", "photos", "--filter", "[]"}), 2, "not an object");
  ExpectError(Run({"remove", "photos", "--filter", "{}"}), 2, "lets everything through");
}

TEST_F(BadSearchIntegrationTest, APictureThatIsNoneOrNotThere) {
  ExpectError(Run({"search", "photos", "--image", "/nowhere.jpg"}), 3, "/nowhere.jpg");
  ExpectError(Run({"search", "photos", "--image", testing::SourceTree("README.md")}), 3, "README.md");
}

TEST_F(BadSearchIntegrationTest, UnknownItemsAndFlags) {
  ExpectError(Run({"search", "photos", "--item", "4711"}), 2, "4711");
  ExpectError(Run({"search", "photos", "--item", "/nowhere.jpg"}), 2, "/nowhere.jpg");
  ExpectError(Run({"search", "photos", "cat", "--bogus"}), 2, "--bogus");
  ExpectError(Run({"search", "photos", "cat", "--top", "0"}), 2, "--top");
  ExpectError(Run({"search", "photos", "cat", "--min-match", "1.5"}), 2, "--min-match");
}

TEST_F(BadSearchIntegrationTest, AnHtmlFileThatCannotBeWritten) {
  ExpectError(Run({"search", "photos", "cat", "--html", "/nowhere/out.html"}), 4, "/nowhere/out.html");
}

}  // namespace
}  // namespace sightline::app
