// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace sightline::bench {

/// How one request went.
struct Sample {
  int status = 0;  ///< 0: no answer.
  double ms = 0;
  bool degraded = false;
};

/// How many went, and what those that were answered with 200 took.
class Figures {
 public:
  double wall_ms = 0;

  void Add(const Sample& sample) {
    ++by_status_[sample.status];
    ++count_;
    if (sample.status == 200) ok_ms_.push_back(sample.ms);
    degraded_ += sample.degraded ? 1 : 0;
  }

  double Percentile(double percent) const {
    if (ok_ms_.empty()) return 0;
    std::vector<double> sorted = ok_ms_;
    std::sort(sorted.begin(), sorted.end());
    return sorted[static_cast<size_t>(percent / 100 * static_cast<double>(sorted.size() - 1))];
  }

  /// Requests per second.
  double Rate() const { return 1000 * static_cast<double>(count_) / wall_ms; }

  std::string Text() const {
    std::string out;
    for (const auto& [status, count] : by_status_) out += fmt::format("{} x {}, ", count, status);
    return out + fmt::format("{} degraded; 200s: p50 {:.0f} ms, p99 {:.0f} ms, most {:.0f} ms; {:.1f}/s", degraded_,
                             Percentile(50), Percentile(99), Percentile(100),
                             1000 * static_cast<double>(ok_ms_.size()) / wall_ms);
  }

 private:
  std::map<int, size_t> by_status_;
  std::vector<double> ok_ms_;
  size_t count_ = 0;
  size_t degraded_ = 0;
};

/// What this process has in memory (/proc/self/statm).
inline uint64_t ResidentBytes() {
  std::ifstream file("/proc/self/statm");
  uint64_t pages = 0;
  uint64_t resident = 0;
  file >> pages >> resident;
  return resident * 4096;
}

inline double Megabytes(uint64_t bytes) { return static_cast<double>(bytes) / 1e6; }

}  // namespace sightline::bench
