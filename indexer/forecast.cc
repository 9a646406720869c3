// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/forecast.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>
#include <vector>

#include "base/token_matrix.h"
#include "indexer/input_sources.h"
#include "indexer/preparer.h"
#include "indexer/reservoir.h"
#include "indexer/sample_cost.h"
#include "indexer/video_cost.h"
#include "indexer/video_preparer.h"
#include "storage/disk_estimate.h"

namespace sightline::indexer {
namespace {

using Clock = std::chrono::steady_clock;
using storage::PatchStorage;

// As many as may be read; how many are depends on the time that takes.
constexpr size_t kSamplePictures = 256;
constexpr size_t kSampleCaptions = 256;
constexpr size_t kSampleVideos = 32;
constexpr std::chrono::milliseconds kTellEvery{200};

// The first table of each family, and what RocksDB writes down about them.
constexpr uint64_t kFirstFiles = 11'000;

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
  uint64_t count() const { return count_; }                ///< Of all inputs that may have to be encoded.
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
        ++count_;
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
  uint64_t count_ = 0;
  uint64_t path_bytes_ = 0;
};

/// What the inputs of each kind cost: of pictures and captions one, of videos all.
struct Costs {
  SampleCost picture;
  SampleCost caption;
  VideoCost videos;
};

uint64_t Rounded(double value) { return static_cast<uint64_t>(std::llround(value)); }

double ExpectedSeconds(const Survey& survey, const Costs& costs, const encoder::EncoderInfo& info,
                       const IndexOptions& options) {
  const auto pictures = static_cast<double>(survey.pictures().count());
  const auto captions = static_cast<double>(survey.captions().count());
  // Of a video the decoder itself works in parallel.
  const double decode = (pictures * costs.picture.decode_seconds + captions * costs.caption.decode_seconds) /
                            static_cast<double>(options.decode_threads) +
                        costs.videos.decode_seconds;
  const double encode =
      pictures * costs.picture.encode_seconds + captions * costs.caption.encode_seconds + costs.videos.encode_seconds;
  // On a GPU decoding and encoding go side by side; on a CPU they share the cores.
  return info.device.starts_with("cuda") ? std::max(decode, encode) : decode + encode;
}

storage::PlannedRecords ExpectedRecords(const Survey& survey, const Costs& costs, uint64_t patch_bytes,
                                        const IndexOptions& options) {
  const double pictures = static_cast<double>(survey.pictures().count()) * costs.picture.new_share;
  const double captions = static_cast<double>(survey.captions().count()) * costs.caption.new_share;
  const double frames = options.frame_vectors ? costs.videos.clips * options.clips.frames : 0;
  const double items = pictures + captions + costs.videos.videos;
  const auto inputs = static_cast<double>(survey.count());
  return {.items = Rounded(items),
          .units = Rounded(pictures + captions + costs.videos.clips),
          .vectors = Rounded(pictures + captions + costs.videos.clips + frames),
          .path_bytes = Rounded(static_cast<double>(survey.path_bytes()) * (inputs > 0 ? items / inputs : 0)),
          .metadata_bytes = Rounded(static_cast<double>(survey.captions().size_bytes()) * costs.caption.new_share),
          .token_bytes = Rounded((pictures + costs.videos.clips) * static_cast<double>(patch_bytes) +
                                 static_cast<double>(survey.captions().count()) * costs.caption.token_bytes),
          .thumbnail_bytes = Rounded(static_cast<double>(survey.pictures().count()) * costs.picture.thumbnail_bytes)};
}

// Fills in the forecast. A new collection also takes what its files take while they are empty.
Status Conclude(const Survey& survey, const Costs& costs, const storage::Collection& collection,
                const encoder::EncoderInfo& info, const IndexOptions& options, IndexForecast& forecast) {
  const storage::CollectionConfig& config = collection.config();
  const storage::PlannedRecords records =
      ExpectedRecords(survey, costs, PatchBytes(info, config.patch_storage), options);
  SL_ASSIGN_OR_RETURN(const storage::CollectionStats stats, collection.Stats());
  forecast.files_to_encode = records.items;
  const auto segments = [&](uint64_t units, uint64_t vectors) {
    return storage::EstimateSegmentBytes(collection.index_options(), units, vectors, config.dim);
  };
  forecast.bytes_to_store = storage::EstimateDiskBytes(records, config.dim) +
                            segments(stats.units + records.units, stats.vectors + records.vectors) -
                            segments(stats.units, stats.vectors) +
                            (stats.items == 0 ? stats.disk_bytes + kFirstFiles : 0);
  forecast.video_seconds = costs.videos.video_seconds;
  forecast.clips = Rounded(costs.videos.clips);
  forecast.seconds = ExpectedSeconds(survey, costs, info, options);
  return {};
}

}  // namespace

Result<IndexReport> MakeForecast(const storage::Collection& collection, encoder::Encoder& encoder,
                                 const IndexOptions& options, const IndexInputs& inputs, IndexObserver* observer,
                                 std::stop_token stop) {
  IndexReport report;
  const PatchStorage patch_storage = collection.config().patch_storage;
  const Preparer preparer(collection.records(), encoder.info().config.vision.image_res, options);
  Survey survey(preparer, report, observer);
  SL_RETURN_IF_ERROR(survey.Scan(inputs, stop));
  Costs costs;
  const auto measure = [&](const Reservoir& drawn) {
    return MeasureSample(drawn, preparer, encoder, patch_storage, options.read_sample_for, stop);
  };
  SL_ASSIGN_OR_RETURN(costs.picture, measure(survey.pictures()));
  SL_ASSIGN_OR_RETURN(costs.caption, measure(survey.captions()));
  SL_ASSIGN_OR_RETURN(costs.videos, MeasureVideos(survey.videos(), preparer, encoder, patch_storage, options, stop));
  SL_RETURN_IF_ERROR(Conclude(survey, costs, collection, encoder.info(), options, report.forecast));
  survey.Tell(/*at_once=*/true);
  return report;
}

}  // namespace sightline::indexer
