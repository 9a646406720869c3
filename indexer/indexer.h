// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "base/metadata.h"
#include "base/result.h"
#include "encoder/encoder.h"
#include "indexer/path_shard.h"
#include "media/clip_sampler.h"
#include "storage/collection.h"

namespace sightline::indexer {

struct IndexOptions {
  bool apply_exif_orientation = true;
  bool convert_icc_to_srgb = false;
  bool dry_run = false;  ///< Scan and forecast only; nothing is written.
  size_t decode_threads = 1;
  size_t encode_batch = 16;  ///< Units per encoder call and per commit.
  int thumbnail_side = 320;  ///< Pixels; 0 stores none.
  std::chrono::seconds file_timeout{30};
  uint64_t max_file_bytes = 1'000'000'000;
  uint64_t max_pixels = 256'000'000;
  media::ClipOptions clips{.frames = 0};  ///< 0 frames: as many as the model's clips have.
  bool key_frames = false;                ///< Cuts and frames from key frames only: faster, less exact.
  bool frame_vectors = true;              ///< Each frame's own embedding is searched beside the clip's.
  std::chrono::seconds video_timeout = std::chrono::hours(12);  ///< For one video from its first to its last clip.
  std::chrono::milliseconds report_every{200};                  ///< The observer hears of progress at most so often.
  /// A dry run reads pictures, and captions, for so long, and looks through videos for so long, but a few of each kind
  /// however long that takes.
  std::chrono::seconds read_sample_for{6};
  std::chrono::seconds scan_sample_for{20};
  JobId job{};  ///< The record that was made for this run (run_log.h, PrepareJob); 0: a new one.
};

/// How long the stages of a run worked, in seconds. They work at the same time, so the sum may exceed the run's.
struct IndexTimes {
  double plan_videos = 0;    ///< Opening videos and looking for scene cuts.
  double decode_videos = 0;  ///< Decoding the clips' frames, to RGB.
  double scale_videos = 0;   ///< Making model pixels of them.
  double encode = 0;         ///< Everything that goes through the model.
  double commit = 0;         ///< Writing to the collection.

  IndexTimes& operator+=(const IndexTimes& other);
};

/// How far a video is looked through for scene cuts, which is done before its first clip is made.
struct VideoScan {
  std::string path;
  double seconds = 0;         ///< Of the video, from its start.
  double length_seconds = 0;  ///< The whole video's.
};

/// Counts of one run. Every file, tar member and caption ends in exactly one of added, unchanged, duplicate, moved or
/// failed (a video when its last clip is committed); a folder that cannot be listed counts as one failed file.
struct IndexProgress {
  uint64_t files_found = 0;  ///< So far; final once `scan_done`.
  bool scan_done = false;
  uint64_t added = 0;    ///< Durably committed.
  uint64_t updated = 0;  ///< Of `added`: the content of a known path had changed.
  uint64_t unchanged = 0;
  uint64_t duplicate = 0;
  uint64_t moved = 0;
  uint64_t failed = 0;
  uint64_t clips = 0;        ///< Of videos; durably committed, also those of videos that are not complete yet.
  double video_seconds = 0;  ///< What those clips last.
  std::optional<VideoScan> video_scan;  ///< While a video is looked through; the counts may stand still then.
  IndexTimes times;
  uint64_t encoded = 0;  ///< Units that went through the encoder: pictures, clips, captions.
  double seconds = 0;    ///< Since the start.

  uint64_t done() const { return added + unchanged + duplicate + moved + failed; }
};

/// What a dry run expects the real one to cost.
struct IndexForecast {
  uint64_t files_to_encode = 0;
  uint64_t bytes_to_store = 0;
  double video_seconds = 0;  ///< Of the videos among the files.
  uint64_t clips = 0;        ///< Of those videos.
  double seconds = 0;        ///< From a timed sample on this machine.
};

/// Something about an input that a person should know, although it did not fail.
struct IndexNote {
  std::string path;
  std::string text;
};

struct IndexReport {
  IndexProgress progress;
  JobId job;                              ///< 0 after a dry run.
  bool stopped = false;                   ///< Ended early on request; run the same command again to go on.
  std::vector<storage::JobError> errors;  ///< One per failed file, at most storage::kMaxJobErrors.
  std::vector<IndexNote> notes;           ///< At most storage::kMaxJobErrors.
  IndexForecast forecast;                 ///< Dry run only.
};

/// Hears about a run. Called from the indexer's own thread, never concurrently.
class IndexObserver {
 public:
  virtual ~IndexObserver() = default;
  /// At most a few times per second, and once at the end.
  virtual void OnProgress(const IndexProgress& progress) = 0;
  /// A file failed; the job goes on.
  virtual void OnFileError(const storage::JobError& error) = 0;
  /// Something about a file that did not fail.
  virtual void OnNote(const IndexNote& note) = 0;
};

/// A file with what is said about it.
struct DescribedFile {
  std::filesystem::path path;
  /// All of it, so that what was said before and is not there any more goes (item_metadata.h). Absent: nothing is said,
  /// and what is stored stays.
  std::optional<Metadata> metadata;
};

/// A caption that is given as it is, in no captions file.
struct GivenCaption {
  std::string path;        ///< Its own name; unlike a file's: `caption://<id>`.
  std::string words;       ///< UTF-8, not blank.
  std::string caption_of;  ///< Path of the item that the words describe; empty: none.
  Metadata metadata;       ///< Beside the words and what they describe.
};

/// What to index. Folders are walked; links to folders are followed once per real folder, so loops end (scanner.h has
/// the rules). A file is known by its path with all links resolved, in whatever bytes the file system has. A named file
/// that ends in ".tar" is a shard (shard_source.h), `shard-{000..012}.tar` are thirteen (shard_pattern.h).
struct IndexInputs {
  std::vector<std::filesystem::path> paths;
  /// A path that does not exist is a failed file instead of an error of the run: for long lists of paths, whose files
  /// may have gone since the list was made.
  bool missing_is_file_error = false;
  std::vector<std::filesystem::path> manifests{};  ///< Files with metadata and captions (manifest_source.h).
  std::vector<std::filesystem::path> captions{};   ///< Captions files (caption_source.h).
  std::vector<DescribedFile> files{};              ///< Before everything else.
  std::vector<GivenCaption> texts{};               ///< After everything else.
  /// Asked about every file and folder, with all links resolved; what it refuses is a failed file. Empty: everything.
  std::function<bool(const std::filesystem::path&)> may_read{};
  PathShard shard{};  ///< Only what belongs to it (path_shard.h, Note [Shards]).
};

/// The bulk ingest pipeline: scan -> probe and hash -> skip -> decode -> encode -> commit, with a bounded queue at each
/// arrow (architecture, section 3). Confined to one thread; it starts its own.
class Indexer {
 public:
  /// Both must outlive the indexer. The encoder's fingerprint must be the collection's (kFailedPrecondition from Run).
  Indexer(storage::Collection& collection, encoder::Encoder& encoder, IndexOptions options)
      : collection_(collection), encoder_(encoder), options_(options) {}

  /// Indexes `inputs`. Running it again on the same inputs is a no-op; after a stop or a crash it goes on where it was.
  /// On a stop request the batch in hand is finished and committed. `observer` may be null.
  /// Errors: kNotFound (an input does not exist), kFailedPrecondition (model), kResourceExhausted (disk full: what was
  /// acknowledged stays), kUnavailable (also: another job runs in the collection), kInvalidArgument (clip options; a
  /// number of frames that the model cannot take). A file that fails is not an error of the run.
  Result<IndexReport> Run(const IndexInputs& inputs, IndexObserver* observer, std::stop_token stop);

  /// As Run, without a job record, so that it may run beside a job: for a few files that somebody waits for.
  Result<IndexReport> RunUnrecorded(const IndexInputs& inputs, IndexObserver* observer, std::stop_token stop);

 private:
  Result<IndexReport> RunWithLog(const IndexInputs& inputs, IndexObserver* observer, std::stop_token stop,
                                 bool recorded);

  storage::Collection& collection_;
  encoder::Encoder& encoder_;
  IndexOptions options_;
};

}  // namespace sightline::indexer
