// SPDX-License-Identifier: BSD-3-Clause
#include "http/page_routes.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sightline::http {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

const std::filesystem::path kFolder = SIGHTLINE_PAGE_FOLDER;

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

std::string BodyOf(const Response& response) {
  const auto* shared = std::get_if<std::shared_ptr<const std::string>>(&response.body);
  return shared != nullptr ? **shared : std::get<std::string>(response.body);
}

std::string HeaderOf(const Response& response, std::string_view name) {
  return std::string(response.headers.Find(name).value_or(""));
}

std::vector<std::string> AllMatches(const std::string& text, const std::string& pattern) {
  const std::regex expression(pattern);
  std::vector<std::string> out;
  for (std::sregex_iterator at(text.begin(), text.end(), expression), end; at != end; ++at) out.push_back((*at)[1]);
  return out;
}

class PageRoutesTest : public ::testing::Test {
 protected:
  PageRoutesTest() { AddPageRoutes(router_); }

  Response Get(const std::string& path) const {
    const Match match = router_.Find(Method::kGet, path);
    if (match.route == nullptr) return {.status = 404, .headers = {}, .body = std::string()};
    auto request = std::make_shared<Request>();
    request->path = path;
    request->parameters = match.parameters;
    std::optional<Response> answer;
    match.route->handler(std::move(request), [&answer](Response response) { answer = std::move(response); });
    return *std::move(answer);
  }

  Router router_;
};

TEST_F(PageRoutesTest, EveryFileOfTheFolderIsServedAsItIs) {
  size_t count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    const std::string name = entry.path().filename().string();
    const Response response = Get(name == "index.html" ? "/" : "/page/" + name);
    EXPECT_EQ(response.status, 200) << name;
    EXPECT_EQ(BodyOf(response), ReadFile(entry.path())) << name;
    ++count;
  }
  EXPECT_GT(count, 10U);
}

TEST_F(PageRoutesTest, FilesHaveTheirMediaTypes) {
  EXPECT_EQ(HeaderOf(Get("/"), "Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(HeaderOf(Get("/page/app.js"), "Content-Type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(HeaderOf(Get("/page/style.css"), "Content-Type"), "text/css; charset=utf-8");
  EXPECT_EQ(HeaderOf(Get("/page/icon.svg"), "Content-Type"), "image/svg+xml");
}

TEST_F(PageRoutesTest, UnknownFilesAreNotFound) {
  EXPECT_EQ(Get("/page/nothing.js").status, 404);
  EXPECT_EQ(Get("/page/index.html").status, 404) << "the page has one address";
  EXPECT_EQ(Get("/page/../secret").status, 404);
}

TEST_F(PageRoutesTest, ThePageNeedsNoKey) {
  for (const Route& route : router_.routes()) EXPECT_EQ(route.access, Access::kOpen) << route.pattern;
}

TEST_F(PageRoutesTest, EntityTagsAreStrongAndThoseOfTheContent) {
  std::set<std::string> tags;
  for (const char* path : {"/", "/page/app.js", "/page/style.css", "/page/icon.svg"}) {
    const std::string tag = HeaderOf(Get(path), "ETag");
    EXPECT_THAT(tag, ContainsRegex("^\"[0-9a-f]{32}\"$")) << path;
    EXPECT_EQ(tag, HeaderOf(Get(path), "ETag"));
    EXPECT_EQ(HeaderOf(Get(path), "Cache-Control"), "no-cache") << path;
    tags.insert(tag);
  }
  EXPECT_EQ(tags.size(), 4U);
}

TEST_F(PageRoutesTest, ThePolicyAllowsNothingInlineAndNothingFromElsewhere) {
  for (const char* path : {"/", "/page/app.js"}) {
    const std::string policy = HeaderOf(Get(path), "Content-Security-Policy");
    EXPECT_THAT(policy, StartsWith("default-src 'none'"));
    EXPECT_THAT(policy, HasSubstr("script-src 'self';"));
    EXPECT_THAT(policy, HasSubstr("style-src 'self';"));
    EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'"));
    EXPECT_THAT(policy, Not(HasSubstr("unsafe")));
    EXPECT_THAT(policy, Not(HasSubstr("http")));
    EXPECT_THAT(policy, Not(HasSubstr("*")));
  }
}

TEST_F(PageRoutesTest, MarkupHasNothingThatThePolicyForbids) {
  const std::string html = BodyOf(Get("/"));
  EXPECT_THAT(AllMatches(html, R"((<style|\sstyle=|\son[a-z]+=|javascript:|https?://))"), IsEmpty());
  EXPECT_THAT(AllMatches(html, R"(<script(?![^>]*\ssrc=)([^>]*)>)"), IsEmpty()) << "scripts have a source";
}

TEST_F(PageRoutesTest, ScriptsMakeNoMarkupOutOfText) {
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() != ".js") continue;
    EXPECT_THAT(AllMatches(ReadFile(entry.path()),
                           R"((innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function))"),
                IsEmpty())
        << entry.path();
  }
}

TEST_F(PageRoutesTest, EveryFileThatIsNamedIsThere) {
  std::vector<std::string> names = AllMatches(BodyOf(Get("/")), R"re((?:src|href)="page/([^"]+)")re");
  EXPECT_GT(names.size(), 4U);
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    if (entry.path().extension() != ".js") continue;
    for (std::string& name : AllMatches(ReadFile(entry.path()), R"re(from "\./([^"]+)";)re")) {
      names.push_back(std::move(name));
    }
  }
  for (const std::string& name : names) EXPECT_EQ(Get("/page/" + name).status, 200) << name;
}

TEST_F(PageRoutesTest, EveryIconIsKnown) {
  const std::string dom = ReadFile(kFolder / "dom.js");
  std::vector<std::string> used = AllMatches(BodyOf(Get("/")), R"re(data-icon="([a-z]+)")re");
  for (const auto& entry : std::filesystem::directory_iterator(kFolder)) {
    for (std::string& name : AllMatches(ReadFile(entry.path()), R"re(icon\("([a-z]+)"\))re")) {
      used.push_back(std::move(name));
    }
  }
  EXPECT_GT(used.size(), 8U);
  for (const std::string& name : used) EXPECT_THAT(dom, HasSubstr("\n  " + name + ": \"M")) << name;
}

}  // namespace
}  // namespace sightline::http
