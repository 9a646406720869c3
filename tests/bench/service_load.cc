// SPDX-License-Identifier: BSD-3-Clause
//
// The search route under load, with a real model, over real connections to a server in this process:
//   service_load DATA_FOLDER COLLECTION MODEL_FOLDER [--callers 64] [--seconds 30] [--overload-callers 512]
// 1. one search after the other, and as many at once, with rerank;
// 2. callers that ask again and again, without rerank;
// 3. twice as many searches as can be answered with rerank, and twice as many as can be answered without.
// The collection: sightline --data-dir DATA_FOLDER index COLLECTION PICTURES
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/check.h"
#include "http/host.h"
#include "http/image_fetcher.h"
#include "http/search_route.h"
#include "http/server.h"
#include "http/task_pool.h"
#include "tests/bench/bench_arguments.h"
#include "tests/bench/bench_collection.h"
#include "tests/bench/load_figures.h"
#include "tests/http/http_client.h"

namespace sightline::bench {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::duration;

double MsSince(Clock::time_point start) { return duration<double, std::milli>(Clock::now() - start).count(); }

// Different words every time, as people ask them.
std::string Words(size_t i) {
  static constexpr const char* kWho[] = {"a dog",  "two children", "a man",        "a woman in red",
                                         "a bird", "a boy",        "three people", "a brown horse"};
  static constexpr const char* kWhat[] = {"running", "jumping", "sitting", "climbing", "playing", "standing", "eating"};
  static constexpr const char* kWhere[] = {"in the snow", "on the grass", "at the beach", "in the city", "by a lake"};
  return fmt::format("{} {} {}", kWho[i % std::size(kWho)], kWhat[i % std::size(kWhat)], kWhere[i % std::size(kWhere)]);
}

struct Target {
  uint16_t port = 0;
  std::string path;
};

struct Load {
  size_t depth = 64;
  double timeout_s = 5;
};

/// One search over a connection; an answer that does not come counts as status 0.
Sample Ask(testing::HttpClient& client, const Target& target, const Load& load, size_t i) {
  const std::string body =
      fmt::format(R"({{"query": {{"text": "{}"}}, "rerank": {{"depth": {}}}}})", Words(i), load.depth);
  const auto start = Clock::now();
  const testing::ClientResponse response =
      client.PostJson(target.path, body, {{"X-Request-Timeout", fmt::format("{}", load.timeout_s)}});
  Sample sample{.status = response.status, .ms = MsSince(start)};
  if (response.status == 200) sample.degraded = boost::json::parse(response.body).at("degraded").as_bool();
  return sample;
}

Figures OneAfterTheOther(const Target& target, const Load& load, size_t count) {
  testing::HttpClient client(target.port);
  Figures figures;
  const auto start = Clock::now();
  for (size_t i = 0; i < count; ++i) figures.Add(Ask(client, target, load, i));
  figures.wall_ms = MsSince(start);
  return figures;
}

/// `callers` connections; each asks while `wanted` of what is asked so far is true.
template <typename Wanted>
Figures Concurrently(const Target& target, const Load& load, size_t callers, const Wanted& wanted) {
  Figures figures;
  std::mutex mutex;
  std::atomic<size_t> asked{0};
  const auto start = Clock::now();
  {
    std::vector<std::jthread> threads;
    for (size_t c = 0; c < callers; ++c) {
      threads.emplace_back([&, c] {
        testing::HttpClient client(target.port);
        std::vector<Sample> samples;
        while (wanted(asked++)) samples.push_back(Ask(client, target, load, c + callers * samples.size()));
        const std::lock_guard lock(mutex);
        for (const Sample& sample : samples) figures.Add(sample);
      });
    }
  }
  figures.wall_ms = MsSince(start);
  return figures;
}

Figures AtOnce(const Target& target, const Load& load, size_t count) {
  return Concurrently(target, load, count, [count](size_t i) { return i < count; });
}

Figures For(const Target& target, const Load& load, size_t callers, double seconds) {
  const auto end = Clock::now() + duration<double>(seconds);
  return Concurrently(target, load, callers, [end](size_t) { return Clock::now() < end; });
}

/// `rate` searches per second, whether they are answered or not; callers that are behind do not catch up.
Figures AtRate(const Target& target, const Load& load, size_t callers, double rate, double seconds) {
  const auto start = Clock::now();
  const auto end = start + duration<double>(seconds);
  return Concurrently(target, load, callers, [=](size_t i) {
    const auto due =
        start + std::chrono::duration_cast<Clock::duration>(duration<double>(static_cast<double>(i) / rate));
    if (due >= end) return false;
    std::this_thread::sleep_until(due);
    return true;
  });
}

/// Milliseconds until a search is answered whole again and within twice the time that it takes on an idle server.
double Recovery(const Target& target, const Load& load, double idle_ms) {
  testing::HttpClient client(target.port);
  const auto start = Clock::now();
  while (MsSince(start) < 20'000) {
    const Sample sample = Ask(client, target, load, 1);
    if (sample.status == 200 && !sample.degraded && sample.ms < 2 * idle_ms) return MsSince(start) - sample.ms;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return 20'000;
}

/// The most that this process has in memory, looked at every tenth of a second, in two spans of time.
struct Memory {
  uint64_t first_third = 0;
  uint64_t rest = 0;

  void Watch(Clock::time_point start, Clock::time_point end) {
    while (Clock::now() < end) {
      uint64_t& most = Clock::now() - start < (end - start) / 3 ? first_third : rest;
      most = std::max(most, ResidentBytes());
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
};

void Overload(const Target& target, double rate, const Arguments& arguments, double idle_ms) {
  const Load load = {.depth = 64};
  const double seconds = arguments.Number("seconds", 30);
  const auto start = Clock::now();
  const auto end = start + std::chrono::duration_cast<Clock::duration>(duration<double>(seconds));
  Memory memory;
  double recovery_ms = 0;
  std::jthread after([&] {
    memory.Watch(start, end);
    recovery_ms = Recovery(target, load, idle_ms);
  });
  const Figures figures = AtRate(target, load, arguments.Count("overload-callers", 512), rate, seconds);
  after.join();
  fmt::print("  {}\n", figures.Text());
  fmt::print(
      "  asked {:.0f}/s; recovered {:.0f} ms after the last; memory {:.0f} MB at most in the first third, {:.0f} MB "
      "in the rest\n",
      figures.Rate(), recovery_ms, Megabytes(memory.first_third), Megabytes(memory.rest));
}

void RunAll(const Target& target, const Arguments& arguments) {
  const size_t callers = arguments.Count("callers", 64);
  const double seconds = arguments.Number("seconds", 30);
  // Enough time for all of them, so that nothing is left out.
  const Load patient = {.depth = 64, .timeout_s = 120};
  OneAfterTheOther(target, patient, callers);
  const Figures alone = OneAfterTheOther(target, patient, callers);
  fmt::print("{} searches with rerank, one after the other\n  {}\n", callers, alone.Text());
  const Figures together = AtOnce(target, patient, callers);
  fmt::print("{} at once\n  {}\n  median {:.2f} x the {:.0f} ms of all one after the other (at most 1.3)\n", callers,
             together.Text(), together.Percentile(50) / alone.wall_ms, alone.wall_ms);
  fmt::print("{} at once, 5 s each\n  {}\n", callers, AtOnce(target, {.depth = 64}, callers).Text());
  const Figures coarse = For(target, {.depth = 0}, callers, seconds / 3);
  fmt::print("{} callers without rerank\n  {}\n  p99 is {:.1f} x p50 (at most 6)\n", callers, coarse.Text(),
             coarse.Percentile(99) / coarse.Percentile(50));
  const double with_rerank = 1000.0 * static_cast<double>(callers) / together.wall_ms;
  fmt::print("twice the {:.0f}/s that can be answered with rerank\n", with_rerank);
  Overload(target, 2 * with_rerank, arguments, alone.Percentile(50));
  fmt::print("twice the {:.0f}/s that can be answered without\n", coarse.Rate());
  Overload(target, 2 * coarse.Rate(), arguments, alone.Percentile(50));
}

int Run(const std::string& data, const std::string& collection, const std::string& model, const Arguments& arguments) {
  const auto threads = static_cast<int>(std::thread::hardware_concurrency());
  http::HostOptions options = {.data_dir = data, .encoder = Must(encoder::OpenEncoder(model, {.threads = threads}))};
  const std::unique_ptr<http::Host> host = Must(http::Host::Open(std::move(options)));
  const std::unique_ptr<http::ImageFetcher> fetcher = Must(http::ImageFetcher::Make({}));
  http::TaskPool pool(2, 256);
  http::Router router;
  http::AddSearchRoute(router, {.host = *host, .pool = pool, .fetcher = *fetcher});
  const auto server = testing::StartServer(std::move(router), {.listen = {{"127.0.0.1", 0}}});
  RunAll({.port = server->port(), .path = fmt::format("/v1/collections/{}/search", collection)}, arguments);
  server->Stop(std::chrono::seconds(1));
  return 0;
}

}  // namespace
}  // namespace sightline::bench

int main(int argc, char** argv) {
  if (argc < 4) {
    std::fputs("usage: service_load DATA_FOLDER COLLECTION MODEL_FOLDER [--callers N] [--seconds S]\n", stderr);
    return 2;
  }
  return sightline::bench::Run(argv[1], argv[2], argv[3], sightline::bench::Arguments(argc - 3, argv + 3));
}
