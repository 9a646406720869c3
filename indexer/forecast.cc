// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/forecast.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <random>
#include <utility>
#include <vector>

#include "base/token_matrix.h"
#include "indexer/encode_stage.h"
#include "indexer/input_sources.h"
#include "indexer/preparer.h"
#include "indexer/video_cost.h"
#include "indexer/video_preparer.h"

namespace sightline::indexer {
namespace {

using Clock = std::chrono::steady_clock;
using storage::PatchStorage;

// How much a caption takes depends on its length, and encoding one costs little.
constexpr size_t kSamplePictures = 8;
constexpr size_t kSampleCaptions = 32;
constexpr size_t kSampleVideos = 3;
constexpr std::chrono::milliseconds kTellEvery{200};

// Item, unit and index records with their keys, beside paths and words: about so many bytes per unit.
constexpr uint64_t kRecordBytes = 320;

double SecondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

uint64_t PatchBytes(const encoder::EncoderInfo& info, PatchStorage patch_storage) {
  switch (patch_storage) {
    case PatchStorage::kInt8:
      return TokenMatrixBytes(info.patch_tokens(), info.patch_width(), TokenFormat::kInt8);
    case PatchStorage::kFp16:
      return TokenMatrixBytes(info.patch_tokens(), info.patch_width(), TokenFormat::kFp16);
    case PatchStorage::kNone:
      break;
  }
  return 0;
}

/// Draws entries: every one so far has the same chance to be in the sample (reservoir sampling).
class Reservoir {
 public:
  explicit Reservoir(size_t capacity) : capacity_(capacity) {}

  void Draw(InputEntry entry, uint64_t size_bytes) {
    const uint64_t seen = count_++;
    size_bytes_ += size_bytes;
    if (sample_.size() < capacity_) {
      sample_.push_back(std::move(entry));
      return;
    }
    const uint64_t slot = std::uniform_int_distribution<uint64_t>(0, seen)(random_);
    if (slot < capacity_) sample_[slot] = std::move(entry);
  }

  const std::vector<InputEntry>& sample() const { return sample_; }
  uint64_t count() const { return count_; }            ///< Of all entries.
  uint64_t size_bytes() const { return size_bytes_; }  ///< Of all entries.

 private:
  const size_t capacity_;
  std::mt19937_64 random_{20'240'501};  // fixed: the same files give the same sample
  std::vector<InputEntry> sample_;
  uint64_t count_ = 0;
  uint64_t size_bytes_ = 0;
};

/// What one picture or one caption of the sample costs on average.
struct SampleCost {
  double decode_seconds = 0;
  double encode_seconds = 0;
  double token_bytes = 0;
  double thumbnail_bytes = 0;
};

/// Scans and draws the sample.
class Survey {
 public:
  Survey(const Preparer& preparer, IndexReport& report, IndexObserver* observer)
      : preparer_(preparer), report_(report), observer_(observer) {}

  Status Scan(const IndexInputs& inputs, const std::stop_token& stop) {
    Status status;
    report_.progress.scan_done = VisitInputs(inputs, [&](InputEntry entry) {
      if (stop.stop_requested()) return false;
      status = Visit(std::move(entry));
      Tell(/*at_once=*/false);
      return status.has_value();
    });
    report_.stopped = stop.stop_requested();
    return status;
  }

  void Tell(bool at_once) {
    if (!at_once && Clock::now() - told_ < kTellEvery) return;
    report_.progress.seconds = SecondsSince(started_);
    if (observer_ != nullptr) observer_->OnProgress(report_.progress);
    told_ = Clock::now();
  }

  const Reservoir& videos() const { return videos_; }
  const Reservoir& pictures() const { return pictures_; }
  const Reservoir& captions() const { return captions_; }  ///< Their size is that of their words.
  uint64_t path_bytes() const { return path_bytes_; }

 private:
  // A caption is known only by its words, and it costs nothing to look at them.
  Result<WorkItem> Look(InputEntry entry) const {
    return entry.is_caption() ? preparer_.Prepare(std::move(entry), {}) : preparer_.Look(std::move(entry));
  }

  Status Visit(InputEntry entry) {
    ++report_.progress.files_found;
    SL_ASSIGN_OR_RETURN(WorkItem item, Look(std::move(entry)));
    switch (item.state) {
      case WorkState::kFailed:
        Fail(std::move(item));
        break;
      case WorkState::kUnchanged:
      case WorkState::kKnownContent:
        ++report_.progress.unchanged;
        break;
      case WorkState::kSkipped:
      case WorkState::kNewContent:
        ++report_.forecast.files_to_encode;
        path_bytes_ += item.location.path.size();
        Draw(std::move(item));
        break;
    }
    return {};
  }

  void Fail(WorkItem item) {
    ++report_.progress.failed;
    if (report_.errors.size() < storage::kMaxJobErrors) {
      report_.errors.push_back({std::move(item.location.path), std::move(item.reason)});
      if (observer_ != nullptr) observer_->OnFileError(report_.errors.back());
    }
  }

  void Draw(WorkItem item) {
    Reservoir& kind = item.input.is_caption() ? captions_ : IsVideo(item.input) ? videos_ : pictures_;
    kind.Draw(std::move(item.input), item.location.size_bytes);
  }

  const Preparer& preparer_;
  IndexReport& report_;
  IndexObserver* observer_;
  Clock::time_point started_ = Clock::now();
  Clock::time_point told_ = started_;
  Reservoir videos_{kSampleVideos};
  Reservoir pictures_{kSamplePictures};
  Reservoir captions_{kSampleCaptions};
  uint64_t path_bytes_ = 0;
};

SampleCost Measure(const std::vector<InputEntry>& inputs, const Preparer& preparer, encoder::Encoder& encoder,
                   PatchStorage patch_storage, const std::stop_token& stop) {
  SampleCost cost;
  std::vector<WorkItem> items;
  const auto decode_start = Clock::now();
  for (const InputEntry& input : inputs) items.push_back(preparer.PrepareAnew(input, stop));
  cost.decode_seconds = SecondsSince(decode_start) / static_cast<double>(std::max<size_t>(1, inputs.size()));
  std::erase_if(items, [](const WorkItem& item) { return item.state != WorkState::kNewContent; });
  if (items.empty() || stop.stop_requested()) return cost;
  std::vector<WorkItem> first = items;
  EncodeItems(encoder, patch_storage, first);  // the first call of this size is slower than those of a long run
  const auto encode_start = Clock::now();
  EncodeItems(encoder, patch_storage, items);
  cost.encode_seconds = SecondsSince(encode_start) / static_cast<double>(items.size());
  for (const WorkItem& item : items) {
    for (const WorkUnit& unit : item.units) {
      if (const auto& tokens = unit.stored.tokens) cost.token_bytes += static_cast<double>(tokens->size_bytes());
      cost.thumbnail_bytes += static_cast<double>(unit.stored.thumbnail.size());
    }
  }
  cost.token_bytes /= static_cast<double>(items.size());
  cost.thumbnail_bytes /= static_cast<double>(items.size());
  return cost;
}

}  // namespace

Result<IndexReport> MakeForecast(const storage::Collection& collection, encoder::Encoder& encoder,
                                 const IndexOptions& options, const IndexInputs& inputs, IndexObserver* observer,
                                 std::stop_token stop) {
  IndexReport report;
  const encoder::EncoderInfo& info = encoder.info();
  const PatchStorage patch_storage = collection.config().patch_storage;
  const Preparer preparer(collection.records(), info.config.vision.image_res, options);
  Survey survey(preparer, report, observer);
  SL_RETURN_IF_ERROR(survey.Scan(inputs, stop));
  const SampleCost picture = Measure(survey.pictures().sample(), preparer, encoder, patch_storage, stop);
  const SampleCost caption = Measure(survey.captions().sample(), preparer, encoder, patch_storage, stop);
  const VideoCost video =
      MeasureVideos(survey.videos().sample(), preparer, encoder, patch_storage, options, std::move(stop));
  // All videos are taken to cost as much as the sampled ones, byte for byte.
  const double like_sample =
      video.file_bytes == 0 ? 0
                            : static_cast<double>(survey.videos().size_bytes()) / static_cast<double>(video.file_bytes);
  const auto pictures = static_cast<double>(survey.pictures().count());
  const auto captions = static_cast<double>(survey.captions().count());
  // Of a video the decoder itself works in parallel.
  const double decode = (pictures * picture.decode_seconds + captions * caption.decode_seconds) /
                            static_cast<double>(options.decode_threads) +
                        like_sample * video.decode_seconds;
  const double encode =
      pictures * picture.encode_seconds + captions * caption.encode_seconds + like_sample * video.encode_seconds;
  // On a GPU decoding and encoding go side by side; on a CPU they share the cores.
  const bool side_by_side = info.device.starts_with("cuda");
  IndexForecast& forecast = report.forecast;
  forecast.seconds = side_by_side ? std::max(decode, encode) : decode + encode;
  forecast.video_seconds = like_sample * video.video_seconds;
  forecast.clips = static_cast<uint64_t>(std::llround(like_sample * video.clips));
  const uint64_t vector_bytes = collection.config().dim * sizeof(float);
  const uint64_t unit_bytes = vector_bytes + kRecordBytes;
  const uint64_t patch_bytes = PatchBytes(info, patch_storage);
  const uint64_t frame_bytes = options.frame_vectors ? static_cast<uint64_t>(options.clips.frames) * vector_bytes : 0;
  // A path is stored with its item and as the key that finds the item, a caption's words with its item.
  forecast.bytes_to_store =
      survey.pictures().count() * (unit_bytes + patch_bytes + static_cast<uint64_t>(picture.thumbnail_bytes)) +
      survey.captions().count() * unit_bytes + static_cast<uint64_t>(captions * caption.token_bytes) +
      survey.captions().size_bytes() + forecast.clips * (unit_bytes + patch_bytes + frame_bytes) +
      2 * survey.path_bytes();
  survey.Tell(/*at_once=*/true);
  return report;
}

}  // namespace sightline::indexer
