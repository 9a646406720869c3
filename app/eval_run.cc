// SPDX-License-Identifier: BSD-3-Clause
#include "app/eval_run.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/eval_output.h"
#include "app/interrupt.h"
#include "app/patch_names.h"
#include "app/progress_view.h"
#include "app/scratch_folder.h"
#include "eval/collection_protocol.h"
#include "eval/gallery.h"
#include "eval/live_protocol.h"

namespace sightline::app {
namespace {

// What both protocols measure.
struct Measured {
  const EvalFlags& flags;
  const eval::RetrievalSet& set;
  const eval::Gallery& gallery;
  storage::Collection& collection;
  encoder::Encoder& encoder;
  size_t patch_cache_bytes;
  std::stop_token stop;
  std::FILE* err;
};

Result<std::unique_ptr<storage::Collection>> OpenGallery(const std::filesystem::path& folder, const EvalFlags& flags,
                                                         const encoder::EncoderInfo& info) {
  const storage::CollectionConfig config = {
      .model_name = info.config.name,
      .model_fingerprint = info.fingerprint,
      .dim = static_cast<uint32_t>(info.config.embed_dim),
      .patch_storage = PatchStorageFromName(flags.patches),
  };
  auto opened = storage::Collection::Open(folder);
  if (opened) {
    SL_RETURN_IF_ERROR(CheckModelOf(folder.string(), (*opened)->config(), info));
    if ((*opened)->config() == config) return opened;
    return Fail(ErrorCode::kInvalidArgument, folder.string() + " keeps its patches in another way than --patches says");
  }
  if (opened.error().code != ErrorCode::kNotFound) return opened;
  SL_RETURN_IF_ERROR(MakeFolders(folder.parent_path()));
  return storage::Collection::Create(folder, config);
}

void ShowSearched(std::FILE* err, size_t done, size_t total) {
  if (!IsTerminal(err)) return;
  fmt::print(err, "\r\033[K{}/{} queries searched{}", done, total, done == total ? "\r\033[K" : "");
  std::fflush(err);
}

Result<eval::LiveReport> RunDirection(const query::Searcher& searcher, const Measured& measured, size_t depth,
                                      eval::Direction direction) {
  return eval::RunLiveProtocol(
      searcher, measured.set, measured.gallery,
      {.direction = direction,
       .rerank_depth = depth,
       .stop = measured.stop,
       .on_progress = [&measured](size_t done, size_t total) { ShowSearched(measured.err, done, total); }});
}

double QueriesPerSecond(const eval::LiveReport& report) {
  return static_cast<double>(report.queries) / std::max(report.seconds, 1e-9);
}

Status RunLive(const Measured& measured, EvalOutput& output) {
  const query::Searcher searcher(measured.collection, &measured.encoder,
                                 {.patch_cache_bytes = measured.patch_cache_bytes});
  for (const size_t depth : measured.flags.depths) {
    SL_ASSIGN_OR_RETURN(const auto img, RunDirection(searcher, measured, depth, eval::Direction::kTextToImage));
    SL_ASSIGN_OR_RETURN(const auto txt, RunDirection(searcher, measured, depth, eval::Direction::kImageToText));
    if (output.rows.empty()) output.rows.push_back({.name = "coarse", .img = img.coarse, .txt = txt.coarse});
    if (depth > 0 && measured.flags.rank != "logit") {
      output.rows.push_back({.name = fmt::format("rerank_{}", depth), .img = img.rank_score, .txt = txt.rank_score});
    }
    if (depth > 0 && measured.flags.rank != "score") {
      output.rows.push_back(
          {.name = fmt::format("rerank_{}_logit_only", depth), .img = img.match_logit, .txt = txt.match_logit});
    }
    output.rows.back().img_queries_per_second = QueriesPerSecond(img);
    output.rows.back().txt_queries_per_second = QueriesPerSecond(txt);
    output.captions_asked = img.queries;
    output.images_asked = txt.queries;
  }
  return {};
}

Status RunMatrix(const Measured& measured, EvalOutput& output) {
  for (const size_t k_test : measured.flags.depths) {
    SL_ASSIGN_OR_RETURN(const eval::MatrixReport report,
                        eval::RunCollectionProtocol(measured.collection, measured.encoder, measured.set,
                                                    measured.gallery, k_test, measured.stop));
    if (output.rows.empty()) {
      output.rows.push_back({.name = "coarse", .img = report.coarse.img, .txt = report.coarse.txt});
    }
    if (report.reranked) {
      output.rows.push_back(
          {.name = fmt::format("k_test_{}", k_test), .img = report.reranked->img, .txt = report.reranked->txt});
    }
    output.captions_asked = report.captions;
    output.images_asked = report.images;
  }
  return {};
}

EvalOutput DescribeSet(const Measured& measured) {
  return {.set = measured.flags.set,
          .has_videos = measured.set.has_videos,
          .model = measured.encoder.info().config.name,
          .precision = {},  // of the session
          .patches = measured.flags.patches,
          .images = measured.set.images.size(),
          .captions = measured.set.captions.size() + measured.set.left_out.size(),
          .missing = measured.gallery.missing,
          .left_out = measured.set.left_out,
          .duplicates = measured.gallery.duplicates,
          .without_captions = measured.set.without_captions};
}

}  // namespace

void AddEvalOptions(CLI::App& command, EvalFlags& flags) {
  command.add_option("--depth", flags.depths, "Rerank depths (matrix protocol: k_test); several: 16,32; 0: coarse")
      ->delimiter(',')
      ->check(CLI::Range(0, 1024));
  command.add_option("--protocol", flags.protocol, "live: as search answers; matrix: as the reference computes")
      ->check(CLI::IsMember({"live", "matrix"}));
  command.add_option("--rank", flags.rank, "score: as search does; logit: by the match logit alone; both")
      ->check(CLI::IsMember({"score", "logit", "both"}));
  command.add_option("--frames", flags.frames, "Frames of a video (default: the model's)")->check(CLI::Range(1, 64));
  command.add_option("--patches", flags.patches, "int8, fp16 or none")->check(CLI::IsMember({"int8", "fp16", "none"}));
  command.add_option("--folder", flags.keep, "Keep the indexed set here for the next run");
  command.add_option("--model", flags.model.model, "Model directory (default: sightline-small)");
  command.add_option("--precision", flags.model.precision, "fp32 or bf16")->check(CLI::IsMember({"fp32", "bf16"}));
  command.add_flag("--json", flags.json, "Print one JSON object");
}

Result<ExitCode> RunEval(const Session& session, const EvalFlags& flags, const eval::RetrievalSet& set) {
  const ThreadBudget budget = MakeThreadBudget(session.globals.threads, 0);
  SL_ASSIGN_OR_RETURN(const auto encoder, OpenModel(session, flags.model, budget, ModelUse::kSearch));
  SL_ASSIGN_OR_RETURN(const ScratchFolder scratch, ScratchFolder::Make());
  const std::filesystem::path keep = flags.keep.empty() ? scratch.path() : std::filesystem::path(flags.keep);
  SL_ASSIGN_OR_RETURN(const auto collection, OpenGallery(keep / "collection", flags, encoder->info()));

  const InterruptHandler interrupt(session, "stopping");
  const auto view = MakeProgressView(session.io, ProgressStyle::kAuto);
  const eval::GalleryOptions options = {
      .image_folder = flags.folder,
      .captions_file = flags.protocol == "live" ? keep / "captions.jsonl" : std::filesystem::path(),
      .frames = flags.frames.value_or(encoder->info().config.frame_len),
      .index = {.decode_threads = budget.decode, .thumbnail_side = 0}};
  SL_ASSIGN_OR_RETURN(const eval::Gallery gallery,
                      eval::IndexGallery(set, *collection, *encoder, options, view.get(), interrupt.token()));
  const Measured measured = {.flags = flags,
                             .set = set,
                             .gallery = gallery,
                             .collection = *collection,
                             .encoder = *encoder,
                             .patch_cache_bytes = session.globals.patch_cache_bytes(),
                             .stop = interrupt.token(),
                             .err = session.io.err};
  EvalOutput output = DescribeSet(measured);
  output.precision = PrecisionOf(session, flags.model);
  SL_RETURN_IF_ERROR(flags.protocol == "live" ? RunLive(measured, output) : RunMatrix(measured, output));
  fmt::print(session.io.out, "{}", flags.json ? EvalJson(output) : EvalTable(output));
  return output.captions_asked == 0 ? ExitCode::kNoResult : ExitCode::kOk;
}

}  // namespace sightline::app
