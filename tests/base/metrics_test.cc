// SPDX-License-Identifier: BSD-3-Clause
#include "base/metrics.h"

#include <thread>

#include "tests/support/test_support.h"

namespace sightline {
namespace {

using ::testing::HasSubstr;

TEST(MetricsTest, CountersAndGaugesAreWritten) {
  MetricsRegistry registry;
  registry.GetCounter("requests_total", "Requests.", {{"route", "a"}}).Add();
  registry.GetCounter("requests_total", "Requests.", {{"route", "a"}}).Add(2);
  registry.GetCounter("requests_total", "Requests.", {{"route", "b\"\n"}}).Add();
  registry.GetGauge("open", "Open ones.").Set(4);
  registry.GetGauge("open", "Open ones.").Set(2.5);
  const std::string text = registry.Serialize();
  EXPECT_THAT(text, HasSubstr("# HELP requests_total Requests.\n# TYPE requests_total counter\n"));
  EXPECT_THAT(text, HasSubstr("requests_total{route=\"a\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("requests_total{route=\"b\\\"\\n\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE open gauge\nopen 2.5\n"));
}

TEST(MetricsTest, HistogramsAreCumulative) {
  MetricsRegistry registry;
  Histogram& seconds = registry.GetHistogram("seconds", "Durations.", {}, {0.1, 1});
  for (const double value : {0.05, 0.5, 0.6, 5.0}) seconds.Observe(value);
  const std::string text = registry.Serialize();
  EXPECT_THAT(text, HasSubstr("seconds_count 4\n"));
  EXPECT_THAT(text, HasSubstr("seconds_bucket{le=\"0.1\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("seconds_bucket{le=\"1\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("seconds_bucket{le=\"+Inf\"} 4\n"));
}

TEST(MetricsTest, GaugesAreRefreshedWhenTheyAreRead) {
  MetricsRegistry registry;
  int reads = 0;
  registry.OnSerialize([&] { registry.GetGauge("reads", "Reads.").Set(++reads); });
  EXPECT_THAT(registry.Serialize(), HasSubstr("reads 1\n"));
  EXPECT_THAT(registry.Serialize(), HasSubstr("reads 2\n"));
}

TEST(MetricsTest, ForgottenMetricsAreGoneUntilTheyAreAskedForAgain) {
  MetricsRegistry registry;
  Counter& old = registry.GetCounter("steps_total", "Steps.", {{"collection", "a"}});
  old.Add(5);
  registry.GetCounter("steps_total", "Steps.", {{"collection", "b"}}).Add(7);
  registry.GetGauge("size", "Size.", {{"collection", "a"}, {"kind", "x"}}).Set(1);
  registry.GetHistogram("seconds", "Durations.", {{"collection", "a"}}, {1}).Observe(0.5);
  EXPECT_EQ(registry.LabelValues("collection"), (std::set<std::string>{"a", "b"}));
  registry.Forget("collection", "a");
  EXPECT_EQ(registry.LabelValues("collection"), (std::set<std::string>{"b"}));
  old.Add();
  EXPECT_THAT(registry.Serialize(), ::testing::Not(HasSubstr("\"a\"")));
  EXPECT_THAT(registry.Serialize(), HasSubstr("steps_total{collection=\"b\"} 7\n"));
  registry.GetCounter("steps_total", "Steps.", {{"collection", "a"}}).Add(2);
  EXPECT_THAT(registry.Serialize(), HasSubstr("steps_total{collection=\"a\"} 2\n"));
}

TEST(MetricsTest, ThreadsCountTogether) {
  MetricsRegistry registry;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&registry] {
        for (int i = 0; i < 1000; ++i) registry.GetCounter("steps_total", "Steps.").Add();
      });
    }
  }
  EXPECT_THAT(registry.Serialize(), HasSubstr("steps_total 4000\n"));
}

TEST(MetricsDeathTest, OneNameHasOneKind) {
  MetricsRegistry registry;
  registry.GetCounter("a", "A.");
  EXPECT_DEATH(registry.GetGauge("a", "A."), "another kind");
  EXPECT_DEATH(registry.GetCounter("a-b", "A."), "broken name");
}

}  // namespace
}  // namespace sightline
