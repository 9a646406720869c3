// SPDX-License-Identifier: BSD-3-Clause
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "app/eval_output.h"
#include "app/interrupt.h"
#include "app/open.h"
#include "app/patch_names.h"
#include "app/progress_view.h"
#include "app/scratch_folder.h"
#include "eval/collection_protocol.h"
#include "eval/gallery.h"
#include "eval/live_protocol.h"
#include "eval/retrieval_set.h"

namespace sightline::app {
namespace {

struct EvalFlags {
  std::string file;
  std::string images;
  std::vector<size_t> depths = {64};
  std::string protocol = "live";
  std::string rank = "score";
  std::string patches = "int8";
  std::string folder;  // Empty: a scratch folder.
  ModelOptions model;
  bool json = false;
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

void ShowSearched(size_t done, size_t total) {
  if (::isatty(STDERR_FILENO) != 1) return;
  fmt::print(stderr, "\r\033[K{}/{} captions searched{}", done, total, done == total ? "\r\033[K" : "");
  std::fflush(stderr);
}

Status RunLive(const query::Searcher& searcher, const eval::RetrievalSet& set, const eval::Gallery& gallery,
               const EvalFlags& flags, std::stop_token stop, EvalOutput& output) {
  for (const size_t depth : flags.depths) {
    const eval::LiveOptions options = {
        .direction = eval::Direction::kTextToImage, .rerank_depth = depth, .stop = stop, .on_progress = ShowSearched};
    SL_ASSIGN_OR_RETURN(const eval::LiveReport report, eval::RunLiveProtocol(searcher, set, gallery, options));
    if (output.rows.empty()) output.rows.push_back({.name = "coarse", .img = report.coarse});
    if (depth > 0 && flags.rank != "logit") {
      output.rows.push_back({.name = fmt::format("rerank_{}", depth), .img = report.rank_score});
    }
    if (depth > 0 && flags.rank != "score") {
      output.rows.push_back({.name = fmt::format("rerank_{}_logit_only", depth), .img = report.match_logit});
    }
    output.rows.back().queries_per_second = static_cast<double>(report.queries) / std::max(report.seconds, 1e-9);
    output.queries = report.queries;
    output.skipped = report.skipped + set.left_out.size();
  }
  return {};
}

Status RunMatrix(const storage::Collection& collection, encoder::Encoder& encoder, const eval::RetrievalSet& set,
                 const eval::Gallery& gallery, const EvalFlags& flags, std::stop_token stop, EvalOutput& output) {
  for (const size_t k_test : flags.depths) {
    SL_ASSIGN_OR_RETURN(const eval::MatrixReport report,
                        eval::RunCollectionProtocol(collection, encoder, set, gallery, k_test, stop));
    if (output.rows.empty())
      output.rows.push_back({.name = "coarse", .img = report.coarse.img, .txt = report.coarse.txt});
    if (report.reranked) {
      output.rows.push_back(
          {.name = fmt::format("k_test_{}", k_test), .img = report.reranked->img, .txt = report.reranked->txt});
    }
    output.queries = report.captions;
    output.skipped = set.captions.size() - report.captions + set.left_out.size();
  }
  return {};
}

Result<ExitCode> RunEval(const Session& session, const EvalFlags& flags) {
  auto set = eval::ReadRetrievalJson(flags.file);
  if (!set) return InputError(std::move(set).error());
  const ThreadBudget budget = MakeThreadBudget(session.globals.threads, 0);
  SL_ASSIGN_OR_RETURN(const auto encoder, OpenModel(flags.model, budget));
  SL_ASSIGN_OR_RETURN(const ScratchFolder scratch, ScratchFolder::Make());
  const std::filesystem::path folder =
      flags.folder.empty() ? scratch.path() / "eval" : std::filesystem::path(flags.folder);
  SL_ASSIGN_OR_RETURN(const auto collection, OpenGallery(folder, flags, encoder->info()));

  const InterruptHandler interrupt("stopping");
  const auto view = MakeProgressView(ProgressStyle::kAuto);
  SL_ASSIGN_OR_RETURN(const eval::Gallery gallery,
                      eval::IndexGallery(*set, *collection, *encoder,
                                         {.image_folder = flags.images,
                                          .frames = encoder->info().config.frame_len,
                                          .index = {.decode_threads = budget.decode, .thumbnail_side = 0}},
                                         view.get(), interrupt.token()));
  EvalOutput output = {.set = flags.file,
                       .model = encoder->info().config.name,
                       .precision = flags.model.precision,
                       .patches = flags.patches,
                       .pictures = set->images.size(),
                       .missing = gallery.missing,
                       .left_out = set->left_out};
  if (flags.protocol == "matrix") {
    SL_RETURN_IF_ERROR(RunMatrix(*collection, *encoder, *set, gallery, flags, interrupt.token(), output));
  } else {
    const query::Searcher searcher(*collection, encoder.get());
    SL_RETURN_IF_ERROR(RunLive(searcher, *set, gallery, flags, interrupt.token(), output));
  }
  fmt::print("{}", flags.json ? EvalJson(output) : EvalTable(output));
  return output.queries == 0 ? ExitCode::kNoResult : ExitCode::kOk;
}

void AddJson(CLI::App& eval, Session& session) {
  auto flags = std::make_shared<EvalFlags>();
  CLI::App* command = eval.add_subcommand("json", "Recall on a set in the JSON form of X2-VLM and ALBEF");
  command->add_option("file", flags->file, "The set: [{\"image\": path, \"caption\": [text, ...]}, ...]")->required();
  command->add_option("--images", flags->images, "Folder that the set's paths start from")->required();
  command->add_option("--depth", flags->depths, "Rerank depths (matrix protocol: k_test); several: 16,32; 0: coarse")
      ->delimiter(',')
      ->check(CLI::Range(0, 1024));
  command
      ->add_option("--protocol", flags->protocol, "live: as search answers; matrix: the reference's, both directions")
      ->check(CLI::IsMember({"live", "matrix"}));
  command->add_option("--rank", flags->rank, "score: as search does; logit: by the match logit alone; both")
      ->check(CLI::IsMember({"score", "logit", "both"}));
  command->add_option("--patches", flags->patches, "int8, fp16 or none")
      ->check(CLI::IsMember({"int8", "fp16", "none"}));
  command->add_option("--folder", flags->folder, "Keep the indexed pictures here for the next run");
  command->add_option("--model", flags->model.model, "Model directory (default: sightline-small)");
  command->add_option("--precision", flags->model.precision, "fp32 or bf16")->check(CLI::IsMember({"fp32", "bf16"}));
  command->add_flag("--json", flags->json, "Print one JSON object");
  command->callback([flags, &session] { session.run = [flags, &session] { return RunEval(session, *flags); }; });
}

}  // namespace

void AddEvalCommand(CLI::App& app, Session& session) {
  CLI::App* eval = app.add_subcommand("eval", "Measure recall through the code that serves search");
  eval->require_subcommand(1);
  AddJson(*eval, session);
}

}  // namespace sightline::app
