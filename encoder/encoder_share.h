// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>

#include "encoder/encoder.h"

namespace sightline::encoder {

struct ShareOptions {
  /// Pictures and frames of a job that are encoded at a time; 0: one pass of the vision tower on the encoder's device.
  size_t pictures_per_turn = 0;
  /// The same while searches come, because a search may have to wait for one turn; 0: two on a CPU, where a picture
  /// takes a tenth of a second, one pass on a GPU.
  size_t pictures_beside_searches = 0;
  /// How long after the last search none is expected to come.
  std::chrono::milliseconds quiet_after{10'000};
  /// A job that waits goes on after so many calls of searches, so that a busy server still indexes.
  size_t most_calls_before = 16;
};

/// One encoder for searches and for bulk jobs at once. A job's calls are split into turns, and before each turn the job
/// lets the searches go first: a search waits for one turn, never for a whole batch of a job. Thread-safe.
class EncoderShare {
 public:
  /// `encoder` must not be null.
  explicit EncoderShare(std::unique_ptr<Encoder> encoder, const ShareOptions& options = {});
  ~EncoderShare();
  EncoderShare(const EncoderShare&) = delete;
  EncoderShare& operator=(const EncoderShare&) = delete;

  /// For whoever waits for an answer. Both live as long as the share, and say and do what the encoder itself does.
  Encoder& for_searches() { return *for_searches_; }
  /// For jobs.
  Encoder& for_jobs() { return *for_jobs_; }

  /// As long as one lives, jobs wait: also between the calls of a search that calls the encoder several times.
  class Pass {
   public:
    explicit Pass(EncoderShare& share) : share_(share) { share_.Enter(); }
    ~Pass() { share_.Leave(); }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

   private:
    EncoderShare& share_;
  };

 private:
  class SearchEncoder;
  class JobEncoder;

  void Enter();
  void Leave();
  void WaitForTurn();
  size_t PicturesOfTurn();

  const std::unique_ptr<Encoder> encoder_;
  const ShareOptions options_;
  std::mutex mutex_;
  std::condition_variable may_turn_;
  size_t searches_ = 0;       ///< That run or wait for the encoder.
  uint64_t calls_ended_ = 0;  ///< Of searches.
  std::optional<std::chrono::steady_clock::time_point> last_search_;
  const std::unique_ptr<Encoder> for_searches_;
  const std::unique_ptr<Encoder> for_jobs_;
};

}  // namespace sightline::encoder
