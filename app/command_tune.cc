// SPDX-License-Identifier: BSD-3-Clause
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "app/index_flags.h"
#include "app/interrupt.h"
#include "app/open.h"
#include "app/tune_output.h"
#include "eval/tuning.h"

namespace sightline::app {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  sightline tune holidays                              (with the captions that are stored)\n"
    "  sightline tune holidays --queries asked.txt          (one query per line)\n"
    "  sightline tune vectors --target 0.99 --queries q.npy --dry-run";

struct TuneFlags {
  std::string collection;
  double target = 0.95;
  size_t k = 10;
  std::string queries;  // Empty: made from the collection.
  size_t sample = 400;
  size_t max_depth = 256;
  bool index_only = false;
  bool best = false;
  bool dry_run = false;
  bool json = false;
  ModelOptions model;
};

// What takes part beside the collection.
struct TunedWith {
  EncoderLease encoder;                             // Null: the collection has no model, or none is needed.
  std::shared_ptr<const query::Searcher> searcher;  // Null: the rerank is left alone.
  eval::TuningQueries queries;
  std::string no_rerank;
};

Result<EncoderLease> ModelFor(const Session& session, const TuneFlags& flags, const storage::CollectionConfig& config,
                              const ThreadBudget& budget) {
  SL_ASSIGN_OR_RETURN(EncoderLease encoder, OpenModel(session, flags.model, budget, ModelUse::kSearch));
  SL_RETURN_IF_ERROR(CheckModelOf(flags.collection, config, encoder->info()));
  return encoder;
}

// What is wrong with the content of the queries, not with the model or the collection.
tl::unexpected<Error> QueriesError(Error error) {
  if (error.code != ErrorCode::kInvalidArgument) return tl::unexpected(std::move(error));
  return InputError(std::move(error));
}

Result<eval::TuningQueries> QueriesFromWords(const Session& session, const storage::Collection& collection,
                                             const TuneFlags& flags, const ThreadBudget& budget, const Limits& limits,
                                             EncoderLease& encoder) {
  auto words = eval::ReadQueryWords(flags.queries, flags.sample);
  if (!words) return InputError(std::move(words).error());
  if (collection.config().model_fingerprint.empty()) {
    return Fail(ErrorCode::kFailedPrecondition,
                fmt::format("{}: words need the model of the collection, and it has none: give rows of an npy file",
                            flags.queries));
  }
  SL_ASSIGN_OR_RETURN(encoder, ModelFor(session, flags, collection.config(), budget));
  auto queries = eval::EncodeQueryWords(*std::move(words), collection, *encoder, limits);
  if (!queries) return QueriesError(std::move(queries).error());
  return queries;
}

// A wrong file is said before anything else is done. `encoder` is set where the queries need it.
Result<eval::TuningQueries> QueriesFor(const Session& session, const storage::Collection& collection,
                                       const TuneFlags& flags, const ThreadBudget& budget, const Limits& limits,
                                       EncoderLease& encoder) {
  if (flags.queries.ends_with(".npy")) {
    auto rows = eval::ReadQueryRows(flags.queries, collection.config().dim, flags.sample, limits);
    if (!rows) return InputError(std::move(rows).error());
    return rows;
  }
  if (!flags.queries.empty()) return QueriesFromWords(session, collection, flags, budget, limits, encoder);
  SL_ASSIGN_OR_RETURN(eval::TuningQueries queries, eval::QueriesFromCaptions(collection, flags.sample, limits));
  if (queries.queries.size() >= 2) return queries;
  return eval::QueriesFromRows(collection, flags.sample, limits);
}

std::string WhyNoRerank(const TuneFlags& flags, const storage::CollectionConfig& config,
                        const eval::TuningQueries& queries) {
  if (config.model_fingerprint.empty()) return "the collection has no model, so nothing is reranked";
  if (flags.index_only) return "left alone (--index-only)";
  if (queries.are_words) return {};
  return "left alone: it needs words, and the collection has no captions; give some with --queries";
}

Result<TunedWith> Prepare(const Session& session, const CollectionLease& collection, const TuneFlags& flags,
                          const ThreadBudget& budget, const Limits& limits) {
  const storage::CollectionConfig& config = collection->config();
  TunedWith with;
  SL_ASSIGN_OR_RETURN(with.queries, QueriesFor(session, *collection, flags, budget, limits, with.encoder));
  with.no_rerank = WhyNoRerank(flags, config, with.queries);
  if (!with.no_rerank.empty()) return with;
  if (!with.encoder) {
    SL_ASSIGN_OR_RETURN(with.encoder, ModelFor(session, flags, config, budget));
  }
  with.searcher = SearcherFor(session, collection, with.encoder);
  return with;
}

void ShowProgress(std::FILE* err, std::string_view stage, size_t done, size_t total) {
  if (!IsTerminal(err)) return;
  fmt::print(err, "\r\033[K{}: {}{}", stage, done, total == 0 ? std::string() : fmt::format(" of {}", total));
  std::fflush(err);
}

Result<ExitCode> RunTune(const Session& session, const TuneFlags& flags) {
  SL_ASSIGN_OR_RETURN(const auto collection, OpenCollection(session, flags.collection));
  const ThreadBudget budget = MakeThreadBudget(session.globals.threads, 0);
  const InterruptHandler interrupt(session, "stopping; nothing was stored");
  const Limits limits = {.stop = interrupt.token()};
  SL_ASSIGN_OR_RETURN(TunedWith with, Prepare(session, collection, flags, budget, limits));
  // What is measured is the finished index.
  SL_RETURN_IF_ERROR(FinishIndex(session, *collection, limits));
  TuneOutput output{.collection = flags.collection,
                    .report = {},
                    .before = collection->index_options(),
                    .left_out = with.queries.left_out,
                    .no_rerank = with.no_rerank,
                    .dry_run = flags.dry_run};
  std::FILE* const err = session.io.err;
  SL_ASSIGN_OR_RETURN(output.report, eval::Tune(*collection, with.searcher.get(), with.queries,
                                                {.target = flags.target,
                                                 .k = flags.k,
                                                 .max_depth = flags.max_depth,
                                                 .take_best = flags.best,
                                                 .threads = static_cast<size_t>(budget.total),
                                                 .limits = limits,
                                                 .on_progress = [err](auto stage, size_t done, size_t total) {
                                                   ShowProgress(err, stage, done, total);
                                                 }}));
  if (IsTerminal(err)) fmt::print(err, "\r\033[K");
  const bool meets = output.report.index.reached;
  if (!flags.dry_run && output.report.has_choice() && (meets || flags.best)) {
    SL_RETURN_IF_ERROR(eval::StoreTuning(output.report, *collection));
    output.stored = true;
  }
  fmt::print(session.io.out, "{}", flags.json ? TuneJson(output) : TuneTable(output));
  return meets ? ExitCode::kOk : ExitCode::kNoResult;
}

}  // namespace

void AddTuneCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<TuneFlags>();
  CLI::App* command = app.add_subcommand("tune", "Choose how a collection is searched: recall against time, measured");
  command->add_option("collection", flags->collection, "Its name")->required();
  command->add_option("--target", flags->target, "Recall of the index against exact search (default: 0.95)")
      ->check(CLI::Range(0.01, 1.0));
  command->add_option("--k", flags->k, "Recall of so many nearest, and hits of a search (default: 10)")
      ->check(CLI::Range(1, 1000));
  command->add_option("--queries", flags->queries,
                      "Queries: lines of text, .jsonl or .json (text, item), or rows of a .npy file (default: stored "
                      "captions, else stored vectors moved a little)");
  command->add_option("--sample", flags->sample, "At most so many queries (default: 400)")
      ->check(CLI::Range(2, 100'000));
  command->add_option("--max-depth", flags->max_depth, "Rerank depths to compare, up to this (default: 256)")
      ->check(CLI::Range(16, 1000));
  command->add_flag("--index-only", flags->index_only, "Leave rerank depth and stop margin alone");
  command->add_flag("--best", flags->best, "Store the best there is where the target cannot be met");
  command->add_flag("--dry-run", flags->dry_run, "Measure and tell, store nothing");
  command->add_flag("--json", flags->json, "Print one JSON object");
  command->add_option("--model", flags->model.model, "Model directory (default: sightline-small)");
  command->add_option("--precision", flags->model.precision, "fp32 or bf16")->check(CLI::IsMember({"fp32", "bf16"}));
  command->footer(kExamples);
  command->callback([flags, &session] {
    session.collections = std::vector{flags->collection};
    session.run = [flags, &session] { return RunTune(session, *flags); };
  });
}

}  // namespace sightline::app
