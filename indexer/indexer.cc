// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/indexer.h"

#include <algorithm>
#include <string>
#include <system_error>
#include <utility>

#include "base/guard.h"
#include "indexer/forecast.h"
#include "indexer/job_inputs.h"
#include "indexer/pipeline.h"
#include "indexer/run_log.h"
#include "indexer/shard_pattern.h"

namespace sightline::indexer {
namespace {

Status CheckModel(const storage::CollectionConfig& config, const encoder::EncoderInfo& info) {
  if (config.model_fingerprint == info.fingerprint) return {};
  return Fail(ErrorCode::kFailedPrecondition, "the collection was made with the model " + config.model_name + " (" +
                                                  config.model_fingerprint.substr(0, 12) + "), not with " +
                                                  info.config.name + " (" + info.fingerprint.substr(0, 12) + ")");
}

Status CheckExist(const std::vector<std::filesystem::path>& paths) {
  for (const auto& path : paths) {
    std::error_code ignored;
    if (std::filesystem::symlink_status(path, ignored).type() == std::filesystem::file_type::not_found) {
      return Fail(ErrorCode::kNotFound, path.string() + ": no such file or folder");
    }
  }
  return {};
}

Status CheckInputs(const IndexInputs& inputs) {
  SL_RETURN_IF_ERROR(CheckExist(inputs.manifests));
  SL_RETURN_IF_ERROR(CheckExist(inputs.captions));
  if (inputs.missing_is_file_error) return {};
  return CheckExist(inputs.paths);
}

// With the names that patterns stand for. A file that has such a name itself is meant itself.
Result<IndexInputs> WithPatternsExpanded(IndexInputs inputs) {
  std::vector<std::filesystem::path> paths;
  for (auto& path : inputs.paths) {
    std::error_code ignored;
    if (path.native().find('{') == std::string::npos || std::filesystem::exists(path, ignored)) {
      paths.push_back(std::move(path));
      continue;
    }
    SL_ASSIGN_OR_RETURN(const auto names, ExpandShardPattern(path.native()));
    paths.insert(paths.end(), names.begin(), names.end());
  }
  inputs.paths = std::move(paths);
  return inputs;
}

// The options with what is left to the model filled in.
Result<IndexOptions> Completed(IndexOptions options, const encoder::ModelConfig& model,
                               storage::PatchStorage patch_storage) {
  options.decode_threads = std::max<size_t>(1, options.decode_threads);
  options.encode_batch = std::max<size_t>(1, options.encode_batch);
  if (options.clips.frames == 0) options.clips.frames = std::max(1, model.frame_len);
  SL_RETURN_IF_ERROR(media::CheckClipOptions(options.clips));
  if (model.add_frame_pos && options.clips.frames != model.frame_len) {
    return Fail(ErrorCode::kInvalidArgument, "the model " + model.name + " takes clips of " +
                                                 std::to_string(model.frame_len) + " frames, not of " +
                                                 std::to_string(options.clips.frames));
  }
  if (patch_storage == storage::PatchStorage::kNone && !options.frame_vectors) {
    return Fail(ErrorCode::kInvalidArgument,
                "a collection without stored patches decodes the frames of its clips again at rerank time; it finds "
                "them by their frame vectors, which can therefore not be left out");
  }
  return options;
}

Result<IndexReport> RunPipeline(storage::Collection& collection, encoder::Encoder& encoder, const IndexOptions& options,
                                const IndexInputs& inputs, RunLog& log, std::stop_token stop) {
  Pipeline pipeline(collection, encoder, options, log);
  const Status ran = pipeline.Run(inputs, stop);
  return EndRun(log, ran ? Result<bool>(pipeline.finished()) : tl::unexpected<Error>(ran.error()));
}

}  // namespace

IndexTimes& IndexTimes::operator+=(const IndexTimes& other) {
  plan_videos += other.plan_videos;
  decode_videos += other.decode_videos;
  scale_videos += other.scale_videos;
  encode += other.encode;
  commit += other.commit;
  return *this;
}

Result<IndexReport> Indexer::Run(const IndexInputs& inputs, IndexObserver* observer, std::stop_token stop) {
  return RunWithLog(inputs, observer, std::move(stop), true);
}

Result<IndexReport> Indexer::RunUnrecorded(const IndexInputs& inputs, IndexObserver* observer, std::stop_token stop) {
  return RunWithLog(inputs, observer, std::move(stop), false);
}

Result<IndexReport> Indexer::RunWithLog(const IndexInputs& given, IndexObserver* observer, std::stop_token stop,
                                        bool recorded) {
  return Guard("index", [&]() -> Result<IndexReport> {
    SL_RETURN_IF_ERROR(CheckModel(collection_.config(), encoder_.info()));
    SL_ASSIGN_OR_RETURN(const IndexInputs inputs, WithPatternsExpanded(given));
    SL_RETURN_IF_ERROR(CheckInputs(inputs));
    SL_ASSIGN_OR_RETURN(const IndexOptions options,
                        Completed(options_, encoder_.info().config, collection_.config().patch_storage));
    if (options.dry_run) return MakeForecast(collection_, encoder_, options, inputs, observer, stop);
    if (!recorded) {
      RunLog log = RunLog::Unrecorded(collection_, observer, options.report_every);
      return RunPipeline(collection_, encoder_, options, inputs, log, stop);
    }
    SL_ASSIGN_OR_RETURN(RunLog log, RunLog::Start(collection_, JobInputs(given, options_), observer,
                                                  options.report_every, options.job));
    return RunPipeline(collection_, encoder_, options, inputs, log, stop);
  });
}

}  // namespace sightline::indexer
