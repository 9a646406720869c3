// SPDX-License-Identifier: BSD-3-Clause
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <stop_token>

#include "app/interrupt.h"
#include "tests/app/app_fixture.h"
#include "tests/support/child_process.h"

namespace sightline::app {
namespace {

using ::testing::HasSubstr;

// Copies with different content (a comment marker's worth of extra bytes).
std::filesystem::path Photo(const std::filesystem::path& folder, int number) {
  return folder / (std::to_string(10'000 + number) + ".jpg");
}
void MakeManyPhotos(const std::filesystem::path& folder, int count) {
  const std::string photo = testing::ReadTestFile(testing::SourceTree("samples/photos/photo-001.jpg"));
  for (int i = 0; i < count; ++i) testing::WriteTestFile(Photo(folder, i), photo + std::to_string(i));
}

TEST(InterruptIntegrationTest, OneSignalLeavesAJobThatTheNextRunFinishes) {
  // Many more than any machine indexes before the signal comes; most of them are taken away then.
  constexpr int kPhotos = 600;
  constexpr int kLeft = 16;
  const testing::TempDir folder;
  MakeManyPhotos(folder / "pictures", kPhotos);
  const std::vector<std::string> index = {"--data-dir", folder / "data",     "index",
                                          "photos",     folder / "pictures", "--json"};
  std::vector<std::string> arguments = {SIGHTLINE_BINARY};
  arguments.insert(arguments.end(), index.begin(), index.end());
  testing::ChildProcess child(arguments);
  // Wait until something is committed, then ask for the stop.
  while (const auto line = child.ReadLine(std::chrono::seconds(120))) {
    const boost::json::value event = boost::json::parse(*line);
    if (event.at("event") == "progress" && event.at("added").to_number<int>() > 0) break;
  }
  ASSERT_EQ(::kill(child.pid(), SIGINT), 0);
  std::string last;
  while (const auto line = child.ReadLine(std::chrono::seconds(120))) last = *line;
  EXPECT_EQ(child.Wait(), 130);
  const boost::json::value stopped = boost::json::parse(last);
  ASSERT_EQ(stopped.at("event"), "done");
  EXPECT_EQ(stopped.at("stopped"), true);
  const int added = stopped.at("added").to_number<int>();
  ASSERT_LT(added, kPhotos - kLeft);
  for (int i = added + kLeft; i < kPhotos; ++i) std::filesystem::remove(Photo(folder / "pictures", i));
  const RunResult status = RunProgram({"--data-dir", folder / "data", "status", "photos"});
  EXPECT_THAT(status.out, HasSubstr("stopped"));

  const RunResult resumed = RunProgram(index);
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_THAT(resumed.out, HasSubstr("\"added\":" + std::to_string(kLeft) + ","));
  EXPECT_EQ(RunProgram({"--data-dir", folder / "data", "verify", "photos"}).exit_code, 0);
}

TEST(InterruptHandlerTest, SessionWithAStopTokenOfItsOwnIsStoppedByThat) {
  char* text = nullptr;
  size_t size = 0;
  std::FILE* const err = ::open_memstream(&text, &size);
  std::stop_source stop;
  Session session;
  session.io.err = err;
  session.stop = stop.get_token();
  {
    const InterruptHandler one(session, "stopping one");
    const InterruptHandler other(session, "stopping the other");
    EXPECT_FALSE(one.token().stop_requested());
    stop.request_stop();
    EXPECT_TRUE(one.token().stop_requested());
    EXPECT_TRUE(other.token().stop_requested());
  }
  std::fclose(err);
  EXPECT_THAT(text, HasSubstr("\nstopping one\n"));
  EXPECT_THAT(text, HasSubstr("\nstopping the other\n"));
  ::free(text);
}

}  // namespace
}  // namespace sightline::app
