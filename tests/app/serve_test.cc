// SPDX-License-Identifier: BSD-3-Clause
#include <signal.h>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "storage/lock_file.h"
#include "tests/app/serve_fixture.h"

namespace sightline::app {
namespace {

using ::testing::HasSubstr;
using testing::HttpClient;

namespace fs = std::filesystem;

TEST_F(ServeIntegrationTest, SearchListAndStatusThroughTheServerAreTheSameAsWithout) {
  const std::vector<std::vector<std::string>> searches = {{"a dog"},
                                                          {"people on a beach", "--top", "3", "--rerank", "4"},
                                                          {"--item", "3"},
                                                          {"--image", photos() / "photo-002.jpg"}};
  const std::vector<std::vector<std::string>> others = {{"list", "photos"},
                                                        {"list", "photos", "--json"},
                                                        {"search", "photos", "a dog", "--paths-only"},
                                                        {"search", "nothing", "a dog"},
                                                        {"search", "photos", "a dog", "--filter", "{"},
                                                        {"remove", "photos", "no-such-file.jpg"},
                                                        {"verify", "photos"}};
  std::vector<boost::json::value> direct_searches;
  for (const auto& arguments : searches) direct_searches.push_back(SearchJson(arguments));
  std::vector<RunResult> direct;
  for (const auto& arguments : others) direct.push_back(Run(arguments));
  const auto status = Json(Run({"status", "photos", "--json"}));

  Start();
  for (size_t i = 0; i < searches.size(); ++i) EXPECT_EQ(SearchJson(searches[i]), direct_searches[i]) << searches[i][0];
  for (size_t i = 0; i < others.size(); ++i) {
    const RunResult served = Run(others[i]);
    EXPECT_EQ(served.exit_code, direct[i].exit_code) << others[i][0];
    EXPECT_EQ(served.out, direct[i].out) << others[i][0];
    EXPECT_EQ(served.err, direct[i].err) << others[i][0];
  }
  const auto served_status = Json(Run({"status", "photos", "--json"}));
  for (const char* key : {"items", "units", "vectors", "model_fingerprint", "patch_bytes", "epoch", "jobs"}) {
    EXPECT_EQ(served_status.at(key), status.at(key)) << key;
  }
  const auto record = storage::ReadLockRecord(folder_of("photos"));
  ASSERT_TRUE(record);
  EXPECT_EQ(record->pid, server_->pid()) << "it was the server that had the collection";
  EXPECT_EQ(record->socket, (data() / "server.sock").string());
  Stop();
}

TEST_F(ServeIntegrationTest, SearchOverHttpIsThatOfTheCommandLine) {
  const auto paths = [&](const std::string& words) {
    std::vector<std::string> lines;
    const RunResult run = Run({"search", "photos", words, "--paths-only"});
    for (size_t begin = 0; begin < run.out.size();) {
      const size_t end = run.out.find('\n', begin);
      lines.push_back(run.out.substr(begin, end - begin));
      begin = end + 1;
    }
    return lines;
  };
  const std::vector<std::string> direct = paths("a dog on the grass");
  Start();
  EXPECT_EQ(PathsOfSearch("a dog on the grass"), direct);
  EXPECT_EQ(paths("a dog on the grass"), direct);
}

TEST_F(ServeIntegrationTest, CronJobIndexesBesideTheServer) {
  Start();
  EXPECT_EQ(PathsOfSearch("a dog").size(), 8U);
  const fs::path more = *shared_ / "more";
  fs::create_directories(more);
  fs::copy_file(testing::SourceTree("samples/photos/photo-009.jpg"), more / "nine.jpg");
  fs::copy_file(testing::SourceTree("samples/photos/photo-010.jpg"), more / "ten.jpg");
  // From its own folder, with relative paths, as cron jobs are written.
  const RunOptions there = {.setup = "cd '" + more.string() + "'"};
  const RunResult indexed = Run({"index", "photos", "nine.jpg"}, there);
  EXPECT_EQ(indexed.exit_code, 0) << indexed.err;
  EXPECT_THAT(indexed.out, HasSubstr("1 added"));
  EXPECT_EQ(PathsOfSearch("a dog").size(), 9U) << "seen by the very next search";

  const RunResult listed = Run({"index", "photos", "-"}, {.input = "ten.jpg\n", .setup = there.setup});
  EXPECT_THAT(listed.out, HasSubstr("1 added"));
  const RunResult removed = Run({"remove", "photos", "nine.jpg", "ten.jpg"}, there);
  EXPECT_EQ(removed.exit_code, 0) << removed.err;
  EXPECT_THAT(removed.out, HasSubstr((more / "ten.jpg").filename().string()));
  EXPECT_EQ(PathsOfSearch("a dog").size(), 8U);

  const RunResult made = Run({"index", "fresh", "nine.jpg"}, there);
  EXPECT_EQ(made.exit_code, 0) << made.err;
  EXPECT_EQ(Json(Run({"status", "fresh", "--json"})).at("items"), 1);
  Stop();
  EXPECT_EQ(Run({"verify", "photos"}).exit_code, 0);
  EXPECT_EQ(Run({"status", "fresh"}).exit_code, 0) << "without the server";
}

TEST_F(ServeIntegrationTest, AJobIsSeenRunsAloneAndStopsWithItsClient) {
  Start();
  const fs::path many = *shared_ / "many";
  const std::string photo = testing::ReadTestFile(testing::SourceTree("samples/photos/photo-001.jpg"));
  // Many more than any machine indexes while a few commands run.
  for (int i = 0; i < 600; ++i) testing::WriteTestFile(many / (std::to_string(i) + ".jpg"), photo + std::to_string(i));
  testing::ChildProcess client({SIGHTLINE_BINARY, "--data-dir", data(), "index", "stopped", many, "--json"});
  while (const auto line = client.ReadLine(kPatience)) {
    const boost::json::value event = boost::json::parse(*line);
    if (event.at("event") == "progress" && event.at("added").to_number<int>() > 0) break;
  }
  EXPECT_EQ(Json(Run({"status", "stopped", "--json"})).at("jobs").at(0).at("state"), "running");
  const RunResult second = Run({"index", "stopped", many / "1.jpg"});
  EXPECT_EQ(second.exit_code, 4) << second.out;
  EXPECT_THAT(second.err, HasSubstr("another job is running in the collection; --wait"));

  const auto waiter = [&] {
    // With what it says on standard error.
    const std::string command = fmt::format("exec '{}' --data-dir '{}' index stopped '{}' --wait 2>&1",
                                            SIGHTLINE_BINARY, data().string(), (photos() / "photo-002.jpg").string());
    return std::make_unique<testing::ChildProcess>(std::vector<std::string>{"/bin/sh", "-c", command});
  };
  const auto impatient = waiter();
  const auto patient = waiter();
  for (const auto& child : {impatient.get(), patient.get()}) {
    EXPECT_THAT(child->ReadLine(kPatience).value_or(""),
                HasSubstr("another job is running in the collection: waiting"));
  }
  ASSERT_EQ(::kill(impatient->pid(), SIGINT), 0);
  EXPECT_EQ(impatient->Wait(), 130) << "before the job has ended";
  ASSERT_EQ(::kill(client.pid(), SIGINT), 0);
  std::string last;
  while (const auto line = client.ReadLine(kPatience)) last = *line;
  EXPECT_EQ(client.Wait(), 130);
  EXPECT_EQ(boost::json::parse(last).at("stopped"), true);
  std::string told;
  while (const auto line = patient->ReadLine(kPatience)) told = *line;
  EXPECT_EQ(patient->Wait(), 0);
  EXPECT_THAT(told, HasSubstr("1 added"));
  EXPECT_EQ(PathsOfSearch("a dog").size(), 8U);
}

TEST_F(ServeIntegrationTest, ServerThatWasKilledIsNoServer) {
  Start();
  EXPECT_EQ(Run({"status", "photos"}).exit_code, 0);
  server_->Kill();
  const RunResult status = Run({"status", "photos"});
  EXPECT_EQ(status.exit_code, 0) << status.err;
  Start();
  EXPECT_EQ(Run({"status", "photos"}).exit_code, 0);
}

TEST_F(ServeIntegrationTest, OneServerHasADataFolder) {
  Start();
  const RunResult second = Run({"serve", "--listen", "127.0.0.1:0"});
  ExpectError(second, 4, "has a server already (pid " + std::to_string(server_->pid()) + ")");
}

TEST_F(ServeIntegrationTest, OtherAddressesNeedKeysOrInsistence) {
  ExpectError(Run({"serve", "--listen", "0.0.0.0:0"}), 4, "sightline key add");
  ExpectError(Run({"serve", "--listen", "nowhere"}), 2, "nowhere");
  ExpectError(Run({"serve", "--tls-cert", "x.pem"}), 2, "--tls-key");
}

TEST_F(ServeIntegrationTest, PrintConfigShowsFileVariablesAndFlags) {
  testing::WriteTestFile(*shared_ / "s.toml", "[server]\nio_threads = 7\nworkers = 9\n");
  const RunResult printed = Run({"serve", "--config", *shared_ / "s.toml", "--listen", "127.0.0.1:4", "--print-config"},
                                {.variables = {"SIGHTLINE_SERVER_WORKERS=3"}});
  EXPECT_EQ(printed.exit_code, 0) << printed.err;
  EXPECT_THAT(printed.out, HasSubstr("io_threads = 7\n"));
  EXPECT_THAT(printed.out, HasSubstr("workers = 3\n"));
  EXPECT_THAT(printed.out, HasSubstr("listen = [\"127.0.0.1:4\"]\n"));
  EXPECT_THAT(printed.out, HasSubstr("dir = \"" + data().string() + "\""));
  ExpectError(Run({"serve", "--config", *shared_ / "missing.toml"}), 2, "missing.toml");
}

TEST_F(ServeIntegrationTest, ProbesMetricsAndPageAnswer) {
  Start();
  PathsOfSearch("a dog");
  HttpClient client(port_);
  EXPECT_EQ(client.Get("/healthz").status, 200);
  EXPECT_EQ(client.Get("/readyz").status, 200);
  EXPECT_THAT(client.Get("/").body, HasSubstr("<!doctype html>"));
  const std::string metrics = client.Get("/metrics").body;
  EXPECT_THAT(metrics, HasSubstr("sightline_collection_items{collection=\"photos\"} 8"));
  EXPECT_THAT(metrics, HasSubstr("sightline_gathered_searches_total{collection=\"photos\"} 1"));
}

}  // namespace
}  // namespace sightline::app
