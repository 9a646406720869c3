// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <string>
#include <thread>
#include <vector>

#include "tests/app/serve_fixture.h"

namespace sightline::app {
namespace {

using testing::HttpClient;

namespace fs = std::filesystem;

// OpenMP knows a limit for each thread that starts work, and every one has a team of its own from then on. So the
// server has no thread more where new threads would have many, once all kinds of its workers have computed.
TEST_F(ServeIntegrationTest, ThreadsLimitOpenMpInEveryWorker) {
  const auto threads_of_server = [this] {
    const auto count = [this] {
      const fs::directory_iterator tasks("/proc/" + std::to_string(server_->pid()) + "/task");
      return std::distance(begin(tasks), end(tasks));
    };
    std::vector<std::ptrdiff_t> counts;  // Of commands and jobs that have just ended some may be left.
    do {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      counts.push_back(count());
    } while (counts.size() < 10 ||
             std::any_of(counts.end() - 10, counts.end(), [&](std::ptrdiff_t each) { return each != counts.back(); }));
    return counts.back();
  };
  const auto threads_after_work = [&](const std::string& openmp) {
    Start({"--threads", "1"}, {"OMP_NUM_THREADS=" + openmp});
    const std::string name = "threads" + openmp;
    EXPECT_EQ(Run({"index", name, photos(), "--index-kind", "ivfpq", "--index-seal-rows", "4"}).exit_code, 0);
    EXPECT_EQ(Run({"search", name, "a dog"}).exit_code, 0);
    HttpClient client(port_);
    const std::string collection = "/v1/collections/" + name;
    EXPECT_EQ(client.PostJson(collection + "/search", R"({"query": {"text": "a dog"}})").status, 200);
    EXPECT_EQ(Upload(name, Photo("photo-012.jpg") + openmp).status, 201);
    EXPECT_EQ(client.PostJson("/v1/embeddings", R"({"input": "a dog", "model": "any"})").status, 200);
    EXPECT_EQ(Run({"remove", name, "1"}).exit_code, 0);
    EXPECT_EQ(Run({"verify", name}).exit_code, 0);
    client.Close();
    const auto threads = threads_of_server();
    Stop();
    return threads;
  };
  EXPECT_EQ(threads_after_work("6"), threads_after_work("1"));
}

}  // namespace
}  // namespace sightline::app
