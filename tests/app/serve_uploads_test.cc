// SPDX-License-Identifier: BSD-3-Clause
// What was uploaded to a server, through the life of its collections.
#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "tests/app/serve_fixture.h"

namespace sightline::app {
namespace {

using ::testing::HasSubstr;
using testing::HttpClient;
using ::testing::Not;

namespace fs = std::filesystem;

TEST_F(ServeIntegrationTest, RemovedItemsTakeTheirUploadsWithThem) {
  Start();
  const fs::path uploads = fs::path(data()) / "media" / "photos";
  const auto files = [&uploads] {
    const fs::recursive_directory_iterator all(uploads);
    return std::count_if(begin(all), end(all), [](const fs::directory_entry& file) { return file.is_regular_file(); });
  };
  const auto upload = [this](const std::string& photo) {
    const auto answer = Upload("photos", Photo(photo) + photo);
    EXPECT_EQ(answer.status, 201) << answer.body;
    return std::string(boost::json::parse(answer.body).at("item").at("paths").at(0).as_string());
  };
  const std::string first = upload("photo-001.jpg");
  const std::string second = upload("photo-002.jpg");
  const std::string third = upload("photo-003.jpg");
  EXPECT_EQ(files(), 3);
  EXPECT_EQ(Run({"remove", "photos", first}).exit_code, 0);
  EXPECT_EQ(files(), 2) << "through the server";
  EXPECT_EQ(Run({"remove", "photos", second, "--dry-run"}).exit_code, 0);
  EXPECT_EQ(files(), 2);
  Stop();
  EXPECT_EQ(Run({"remove", "photos", second}).exit_code, 0);
  EXPECT_EQ(files(), 1) << "without the server";
  testing::WriteTestFile(fs::path(third).parent_path() / fs::path(second).filename(), "a crash left it");
  const RunResult repaired = Run({"repair", "photos"});
  EXPECT_THAT(repaired.out, HasSubstr("removed 1 files of uploads")) << repaired.err;
  EXPECT_TRUE(fs::exists(third));
  EXPECT_EQ(Run({"remove", "photos", third}).exit_code, 0);
}

TEST_F(ServeIntegrationTest, SnapshotHasTheUploadsAndARestoreBringsThemToAnyDataFolder) {
  Start();
  const std::string content = Photo("photo-015.jpg");
  const fs::path snapshot = *shared_ / "snapshot-with-uploads";
  {
    HttpClient client(port_);
    EXPECT_EQ(client.Call(http::Method::kPut, "/v1/collections/kept").status, 201);
    EXPECT_EQ(Upload("kept", content).status, 201);
    EXPECT_EQ(Run({"snapshot", "kept", snapshot}).exit_code, 0);
    EXPECT_EQ(client.Call(http::Method::kDelete, "/v1/collections/kept").status, 204);
  }
  EXPECT_EQ(Run({"restore", snapshot, "kept"}).err, "") << "under the name that it had";
  HttpClient client(port_);
  EXPECT_EQ(client.Get("/v1/items/kept/1/media").body, content);
  Stop();

  const fs::path elsewhere = *shared_ / "another machine";
  const RunResult restored = RunProgram({"--data-dir", elsewhere, "restore", snapshot, "back"});
  EXPECT_EQ(restored.exit_code, 0);
  EXPECT_EQ(restored.err, "");
  EXPECT_FALSE(fs::exists(elsewhere / "collections" / "back" / "media"));
  const RunResult listed = RunProgram({"--data-dir", elsewhere, "list", "back", "--json"});
  const std::string path(Json(listed).at("paths").at(0).as_string());
  EXPECT_EQ(path.rfind((fs::canonical(elsewhere) / "media" / "back").string(), 0), 0U) << path;
  EXPECT_EQ(testing::ReadTestFile(path), content);
}

TEST_F(ServeIntegrationTest, CollectionsMadeOfAnotherKeepItsUploadsWhenThatIsDropped) {
  Start();
  const std::string content = Photo("photo-011.jpg");
  std::string uploaded;
  {
    HttpClient client(port_);
    EXPECT_EQ(client.Call(http::Method::kPut, "/v1/collections/first").status, 201);
    const auto answer = Upload("first", content);
    ASSERT_EQ(answer.status, 201) << answer.body;
    uploaded = boost::json::parse(answer.body).at("item").at("paths").at(0).as_string().c_str();
  }
  const fs::path away = *shared_ / "first";
  const std::vector<std::pair<std::string, std::vector<std::string>>> ways = {
      {"merged", {"merge", "merged", "first"}},
      {"imported", {"import", "imported", away / "export"}},
      {"restored", {"restore", away / "snapshot", "restored"}}};
  fs::create_directories(away);
  ASSERT_EQ(Run({"export", "first", "--out", away / "export"}).exit_code, 0);
  ASSERT_EQ(Run({"snapshot", "first", away / "snapshot"}).exit_code, 0);
  for (const auto& [name, arguments] : ways) {
    const RunResult made = Run(arguments);
    EXPECT_EQ(made.exit_code, 0) << made.err;
    EXPECT_THAT(made.err, Not(HasSubstr("warning"))) << name;
  }
  HttpClient client(port_);
  EXPECT_EQ(client.Call(http::Method::kDelete, "/v1/collections/first").status, 204);
  EXPECT_FALSE(fs::exists(uploaded));
  for (const auto& [name, arguments] : ways) {
    const auto items = boost::json::parse(client.Get("/v1/collections/" + name + "/items").body).at("items").as_array();
    ASSERT_EQ(items.size(), 1U) << name;
    const auto id = items[0].at("item_id").to_number<uint64_t>();
    EXPECT_EQ(client.Get(fmt::format("/v1/items/{}/{}/media", name, id)).body, content) << name;
    const fs::path mine(items[0].at("paths").at(0).as_string().c_str());
    EXPECT_TRUE(fs::exists(mine)) << name;
    EXPECT_EQ(client.Call(http::Method::kDelete, fmt::format("/v1/collections/{}/items/{}", name, id)).status, 204);
    EXPECT_FALSE(fs::exists(mine)) << name << ": it goes with its item";
  }
}

}  // namespace
}  // namespace sightline::app
