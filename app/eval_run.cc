// SPDX-License-Identifier: BSD-3-Clause
#include "app/eval_run.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <limits>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "app/eval_cache.h"
#include "app/eval_output.h"
#include "app/eval_page.h"
#include "app/eval_progress.h"
#include "app/gallery_collection.h"
#include "app/interrupt.h"
#include "app/output_file.h"
#include "app/patch_names.h"
#include "app/progress_view.h"
#include "app/version.h"
#include "base/file_io.h"
#include "base/sha256.h"
#include "eval/collection_protocol.h"
#include "eval/folds.h"
#include "eval/gallery.h"
#include "eval/stages.h"

namespace sightline::app {
namespace {

namespace fs = std::filesystem;

// One evaluation. All must outlive it.
struct Evaluation {
  const Session& session;
  const EvalFlags& flags;
  const eval::RetrievalSet& set;
  encoder::Encoder& encoder;
  ThreadBudget budget;
  std::stop_token stop;

  bool is_live() const { return flags.protocol == "live"; }
};

struct OpenedGallery {
  std::unique_ptr<storage::Collection> collection;
  eval::StageGallery stage;
};

Status SayWhatIsKept(const Session& session, const fs::path& folder, const GalleryCollection& kept) {
  SL_ASSIGN_OR_RETURN(const storage::CollectionStats stats, kept.collection->Stats());
  if (stats.items == 0) return {};
  const bool is_of_another = !kept.made_by.empty() && kept.made_by != BuildVersion();
  fmt::print(session.io.err, "{} pictures, videos and captions are in {} already{}\n", stats.items, folder.string(),
             is_of_another ? ", indexed by sightline " + kept.made_by : "");
  return {};
}

Result<OpenedGallery> IndexFold(const Evaluation& evaluation, eval::Fold fold, const fs::path& folder, bool stays) {
  const Session& session = evaluation.session;
  const int frames = evaluation.flags.frames.value_or(evaluation.encoder.info().config.frame_len);
  const GalleryMaking making = {.precision = PrecisionOf(session, evaluation.flags.model),
                                .patches = PatchStorageFromName(evaluation.flags.patches),
                                .frames = evaluation.set.has_videos ? std::optional(frames) : std::nullopt};
  SL_ASSIGN_OR_RETURN(GalleryCollection kept, OpenGalleryCollection(folder, making, evaluation.encoder.info()));
  if (stays) SL_RETURN_IF_ERROR(SayWhatIsKept(session, folder, kept));
  const auto view = MakeProgressView(session.io, ProgressStyle::kAuto);
  const eval::GalleryOptions options = {.image_folder = evaluation.flags.folder,
                                        .captions_file = folder / "captions.jsonl",
                                        .frames = frames,
                                        .index = {.decode_threads = evaluation.budget.decode, .thumbnail_side = 0}};
  SL_ASSIGN_OR_RETURN(eval::Gallery gallery, eval::IndexGallery(fold.set, *kept.collection, evaluation.encoder, options,
                                                                view.get(), evaluation.stop));
  OpenedGallery opened;
  opened.stage = {
      .fold = std::move(fold), .gallery = std::move(gallery), .collection = kept.collection.get(), .folder = folder};
  opened.collection = std::move(kept.collection);
  return opened;
}

Result<std::vector<OpenedGallery>> IndexFolds(const Evaluation& evaluation, const EvalFolder& folder) {
  SL_ASSIGN_OR_RETURN(std::vector<eval::Fold> folds, eval::CutIntoFolds(evaluation.set, evaluation.flags.folds));
  std::vector<OpenedGallery> galleries;
  for (size_t i = 0; i < folds.size(); ++i) {
    const fs::path own =
        folds.size() == 1 ? folder.path : folder.path / fmt::format("fold-{}-of-{}", i + 1, folds.size());
    SL_ASSIGN_OR_RETURN(galleries.emplace_back(), IndexFold(evaluation, std::move(folds[i]), own, folder.stays()));
  }
  return galleries;
}

// How many hits a search of a gallery can have in one direction at least (the matrix protocol), or at most.
size_t RoomOf(const eval::StageGallery& gallery, bool is_live) {
  const auto is_there = [](const std::optional<ItemId>& item) { return item.has_value(); };
  const auto& images = gallery.gallery.images;
  const auto& captions = gallery.gallery.captions;
  const auto images_there = static_cast<size_t>(std::count_if(images.begin(), images.end(), is_there));
  if (is_live) {
    return std::max(images_there, static_cast<size_t>(std::count_if(captions.begin(), captions.end(), is_there)));
  }
  const auto& of_set = gallery.fold.set.captions;
  const auto asked = std::count_if(of_set.begin(), of_set.end(),
                                   [&](const eval::EvalCaption& caption) { return is_there(images[caption.image]); });
  return std::min(images_there, static_cast<size_t>(asked));
}

// The depths asked for, or those that all galleries have room for, ascending.
std::vector<size_t> DepthsOf(const Evaluation& evaluation, const std::vector<OpenedGallery>& galleries) {
  size_t room = std::numeric_limits<size_t>::max();
  for (const OpenedGallery& gallery : galleries) room = std::min(room, RoomOf(gallery.stage, evaluation.is_live()));
  std::vector<size_t> depths = evaluation.flags.depths;
  if (depths.empty()) {
    for (const size_t depth : std::to_array<size_t>({0, 16, 64, 128, 256})) depths.push_back(std::min(depth, room));
  }
  std::sort(depths.begin(), depths.end());
  depths.erase(std::unique(depths.begin(), depths.end()), depths.end());
  return depths;
}

std::vector<std::optional<storage::IndexKind>> KindsOf(const EvalFlags& flags) {
  using storage::IndexKind;
  std::vector<std::optional<IndexKind>> kinds;
  const auto is_asked = [&flags](std::string_view name) {
    return std::any_of(flags.kinds.begin(), flags.kinds.end(),
                       [name](const std::string& kind) { return kind == name || kind == "all"; });
  };
  if (is_asked("exact")) kinds.emplace_back();
  for (const IndexKind kind : {IndexKind::kFlat, IndexKind::kIvfPq, IndexKind::kIvfPqFastScan, IndexKind::kHnsw}) {
    if (is_asked(storage::NameOf(kind))) kinds.emplace_back(kind);
  }
  return kinds;
}

Status RunLive(const Evaluation& evaluation, const std::vector<OpenedGallery>& galleries, EvalOutput& output) {
  std::vector<eval::StageGallery> stages;
  for (const OpenedGallery& gallery : galleries) stages.push_back(gallery.stage);
  const eval::StageOptions options = {
      .kinds = KindsOf(evaluation.flags),
      .depths = DepthsOf(evaluation, galleries),
      .patch_cache_bytes = evaluation.session.globals.patch_cache_bytes(),
      .conditions = fmt::format("{} {} {}", output.version, output.precision, output.threads),
      .stop = evaluation.stop};
  EvalProgressView view(evaluation.session.io, evaluation.set.has_videos);
  SL_ASSIGN_OR_RETURN(output.stages,
                      eval::RunStages(stages, evaluation.encoder, options,
                                      [&view](const eval::StageProgress& progress) { view.Show(progress); }));
  SL_ASSIGN_OR_RETURN(output.rows, RowsOf(output.stages, evaluation.flags.rank));
  for (const eval::StageResult& stage : output.stages) {
    output.captions_asked = output.images_asked = 0;
    for (const auto& fold : stage.img) output.captions_asked += fold.size();
    for (const auto& fold : stage.txt) output.images_asked += fold.size();
  }
  return {};
}

EvalRow MatrixRow(std::string name, const std::vector<eval::RetrievalMetrics>& folds) {
  std::vector<eval::RankMetrics> img;
  std::vector<eval::RankMetrics> txt;
  for (const eval::RetrievalMetrics& fold : folds) {
    img.push_back(fold.img);
    txt.push_back(fold.txt);
  }
  EvalRow row = {.name = std::move(name)};
  row.img.metrics = eval::AverageOf(img);
  row.txt.metrics = eval::AverageOf(txt);
  return row;
}

Status RunMatrix(const Evaluation& evaluation, const std::vector<OpenedGallery>& galleries, EvalOutput& output) {
  eval::MatrixOptions options = {.k_tests = DepthsOf(evaluation, galleries), .stop = evaluation.stop};
  MatrixProgressView view(evaluation.session.io, galleries.size());
  std::vector<eval::RetrievalMetrics> coarse;
  std::vector<std::vector<eval::RetrievalMetrics>> reranked;
  for (size_t fold = 0; fold < galleries.size(); ++fold) {
    const OpenedGallery& gallery = galleries[fold];
    options.on_progress = [&view, fold](size_t done, size_t total) { view.Show(fold, done, total); };
    SL_ASSIGN_OR_RETURN(const eval::MatrixReport report,
                        eval::RunCollectionProtocol(*gallery.collection, evaluation.encoder, gallery.stage.fold.set,
                                                    gallery.stage.gallery, options));
    coarse.push_back(report.coarse);
    reranked.resize(report.reranked.size());
    for (size_t i = 0; i < reranked.size(); ++i) reranked[i].push_back(report.reranked[i]);
    output.captions_asked += report.captions;
    output.images_asked += report.images;
  }
  output.rows.push_back(MatrixRow("coarse", coarse));
  std::erase(options.k_tests, 0U);
  for (size_t i = 0; i < reranked.size(); ++i) {
    output.rows.push_back(MatrixRow(fmt::format("k_test_{}", options.k_tests[i]), reranked[i]));
  }
  return {};
}

// What decides which queries there are, and in which order.
std::string HashOf(const eval::RetrievalSet& set, size_t folds) {
  Sha256 hash;
  hash.Update(fmt::format("{}\n", folds));
  for (const std::string& image : set.images) hash.Update(fmt::format("{}\n", image));
  for (const eval::EvalCaption& caption : set.captions)
    hash.Update(fmt::format("{} {}\n", caption.image, caption.text));
  return ToHex(hash.Finish());
}

EvalOutput Describe(const Evaluation& evaluation, const std::vector<OpenedGallery>& galleries) {
  const encoder::EncoderInfo& info = evaluation.encoder.info();
  EvalOutput output = {.set = evaluation.flags.set,
                       .set_hash = HashOf(evaluation.set, evaluation.flags.folds),
                       .has_videos = evaluation.set.has_videos,
                       .model = info.config.name,
                       .fingerprint = info.fingerprint,
                       .precision = PrecisionOf(evaluation.session, evaluation.flags.model),
                       .patches = evaluation.flags.patches,
                       .threads = evaluation.budget.total,
                       .version = BuildVersion(),
                       .folds = evaluation.flags.folds,
                       .images = evaluation.set.images.size(),
                       .captions = evaluation.set.captions.size() + evaluation.set.left_out.size(),
                       .missing = {},
                       .left_out = evaluation.set.left_out,
                       .duplicates = {},
                       .without_captions = evaluation.set.without_captions};
  for (const OpenedGallery& gallery : galleries) {
    const eval::Gallery& indexed = gallery.stage.gallery;
    output.missing.insert(output.missing.end(), indexed.missing.begin(), indexed.missing.end());
    output.duplicates.insert(output.duplicates.end(), indexed.duplicates.begin(), indexed.duplicates.end());
  }
  return output;
}

Status Print(const Evaluation& evaluation, const EvalOutput& output) {
  const EvalFlags& flags = evaluation.flags;
  if (!flags.csv.empty()) SL_RETURN_IF_ERROR(WriteFileAtomically(flags.csv, EvalCsv(output)));
  if (!flags.html.empty()) SL_RETURN_IF_ERROR(WriteFileAtomically(flags.html, EvalPage(output)));
  fmt::print(evaluation.session.io.out, "{}", flags.json ? EvalJson(output, flags.ranks) : EvalTable(output));
  return {};
}

}  // namespace

Result<ExitCode> RunEval(const Session& session, const EvalFlags& flags, const eval::RetrievalSet& set) {
  for (const std::string& file : {flags.csv, flags.html}) SL_RETURN_IF_ERROR(CheckOutputFile(file));
  const ThreadBudget budget = MakeThreadBudget(session.globals.threads, 0);
  SL_ASSIGN_OR_RETURN(const auto encoder, OpenModel(session, flags.model, budget, ModelUse::kSearch));
  SL_ASSIGN_OR_RETURN(const EvalFolder folder, FindEvalFolder(session, flags, set, encoder->info()));
  const InterruptHandler interrupt(
      session, folder.stays() ? "stopping: the same command goes on from here" : "stopping: nothing is kept");
  const Evaluation evaluation = {
      .session = session, .flags = flags, .set = set, .encoder = *encoder, .budget = budget, .stop = interrupt.token()};
  SL_ASSIGN_OR_RETURN(const std::vector<OpenedGallery> galleries, IndexFolds(evaluation, folder));
  EvalOutput output = Describe(evaluation, galleries);
  SL_RETURN_IF_ERROR(evaluation.is_live() ? RunLive(evaluation, galleries, output)
                                          : RunMatrix(evaluation, galleries, output));
  SL_RETURN_IF_ERROR(Print(evaluation, output));
  return output.captions_asked == 0 ? ExitCode::kNoResult : ExitCode::kOk;
}

}  // namespace sightline::app
