// SPDX-License-Identifier: BSD-3-Clause
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "app/html_page.h"
#include "app/item_reference.h"
#include "app/open.h"
#include "app/search_output.h"
#include "app/vector_argument.h"
#include "app/video_frame.h"
#include "base/file_io.h"
#include "media/image.h"
#include "query/filter_parser.h"
#include "query/searcher.h"
#include "query/stills.h"

namespace sightline::app {
namespace {

constexpr int kQueryThumbnailSide = 192;
constexpr int kThumbnailQuality = 85;

struct SearchFlags {
  std::string collection;
  std::vector<std::string> words;  // Empty: none were given.
  std::string image;
  std::string item;
  std::string vector;
  size_t top = 10;
  std::optional<size_t> rerank;  // Absent: as the collection has it.
  std::optional<double> min_match;
  std::vector<std::string> types;
  std::string filter;  // JSON; empty: none.
  std::string group_by;
  size_t group_size = 5;
  bool no_merge = false;
  double timeout_s = 0;  // 0: none.
  ModelOptions model;
  std::string html;
  bool paths_only = false;
  bool null_separated = false;
  bool json = false;
  bool explain = false;
};

Result<ImageRgb8> ReadQueryPicture(const Session& session, const std::string& reference) {
  auto picture = ReadPictureOrFrame(reference, MakeThreadBudget(session.globals.threads, 0).total);
  if (!picture) return InputError(std::move(picture).error());
  return picture;
}

std::string WordsOf(const SearchFlags& flags) { return fmt::format("{}", fmt::join(flags.words, " ")); }

Result<Filter> MakeFilter(const SearchFlags& flags) {
  Filter filter;
  if (!flags.filter.empty()) {
    SL_ASSIGN_OR_RETURN(filter, query::ParseFilter(flags.filter));
  }
  if (!filter.types.empty() && !flags.types.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "say which types in --type or in the filter, not in both");
  }
  for (const std::string& type : flags.types) filter.types.push_back(*UnitTypeFromName(type));
  return filter;
}

Result<query::SearchRequest> MakeRequest(const Session& session, const storage::Collection& collection,
                                         const SearchFlags& flags) {
  query::SearchRequest request;
  if (!flags.words.empty()) request.query.text = WordsOf(flags);
  if (!flags.image.empty()) {
    SL_ASSIGN_OR_RETURN(request.query.picture, ReadQueryPicture(session, flags.image));
  }
  if (!flags.item.empty()) {
    SL_ASSIGN_OR_RETURN(request.query.item, ResolveItem(collection.records(), flags.item));
  }
  SL_ASSIGN_OR_RETURN(request.filter, MakeFilter(flags));
  if (!flags.vector.empty()) {
    SL_ASSIGN_OR_RETURN(request.query.vector, ReadVectorArgument(flags.vector));
  }
  request.top_k = flags.top;
  request.rerank_depth = flags.rerank.value_or(query::DefaultRerankDepth(collection));
  request.min_match = flags.min_match;
  request.join_clips = !flags.no_merge;
  if (flags.group_by == "video") request.group_by = query::GroupBy::kVideo;
  request.group_size = flags.group_size;
  request.limits.stop = session.stop;
  if (flags.timeout_s > 0) {
    request.limits = Limits::After(std::chrono::microseconds(std::llround(flags.timeout_s * 1e6)), session.stop);
  }
  return request;
}

SearchSubject SubjectOf(const SearchFlags& flags, const query::SearchRequest& request, uint64_t units) {
  return {.collection = flags.collection,
          .words = WordsOf(flags),
          .picture = flags.image,
          .vector = flags.vector,
          .item = request.query.item ? request.query.item->value : 0,
          .units = units,
          .min_match = flags.min_match,
          .types = request.filter.types,
          .has_filter = !flags.filter.empty(),
          .explain = flags.explain};
}

Status WriteHtml(const std::string& path, const storage::Collection& collection, const SearchSubject& subject,
                 const query::SearchRequest& request, const query::SearchAnswer& answer, int decoder_threads) {
  query::StillOptions options;
  options.decoder_threads = decoder_threads;
  SL_ASSIGN_OR_RETURN(const auto stills, query::MakeStills(answer.hits, collection.records(), options));
  std::vector<std::byte> query_thumbnail;
  if (request.query.picture) {
    SL_ASSIGN_OR_RETURN(query_thumbnail,
                        media::MakeThumbnailJpeg(*request.query.picture, kQueryThumbnailSide, kThumbnailQuality));
  }
  auto written = WriteFileAtomically(path, HtmlPage(subject, answer, stills, query_thumbnail));
  if (written) return {};
  // A folder that is not there, a name that is too long: all of it is where the user wants the page.
  written.error().code = ErrorCode::kUnavailable;
  return written;
}

// Each path once, where its best hit stands: several moments of one video are one file.
void PrintPaths(std::FILE* out, const query::SearchAnswer& answer, char end) {
  std::unordered_set<std::string_view> seen;
  for (const query::Hit& hit : answer.hits) {
    if (!seen.insert(hit.path).second) continue;
    std::fwrite(hit.path.data(), 1, hit.path.size(), out);
    std::fputc(end, out);
  }
}

void PrintAnswer(const Streams& io, const SearchFlags& flags, const SearchSubject& subject,
                 const query::SearchAnswer& answer) {
  if (flags.json) {
    fmt::print(io.out, "{}\n", AnswerJson(subject, answer));
  } else if (flags.paths_only) {
    PrintPaths(io.out, answer, flags.null_separated ? '\0' : '\n');
    if (answer.hits.empty()) fmt::print(io.err, "{}\n", NoMatchSentence(subject, answer));
    if (answer.degraded) fmt::print(io.err, "degraded: {}\n", answer.degraded_reason);
  } else {
    fmt::print(io.out, "{}", AnswerTable(subject, answer));
  }
}

Result<ExitCode> RunSearch(const Session& session, const SearchFlags& flags) {
  SL_ASSIGN_OR_RETURN(const auto collection, OpenCollection(session, flags.collection));
  SL_ASSIGN_OR_RETURN(const query::SearchRequest request, MakeRequest(session, *collection, flags));
  const ThreadBudget budget = MakeThreadBudget(session.globals.threads, 0);
  EncoderLease encoder;
  const bool reads_captions = request.filter.types == std::vector{UnitType::kText} && request.query.item;
  // Without a model there is nothing to load: the searcher says what such a collection cannot do.
  const bool has_model = !collection->config().model_fingerprint.empty();
  if (has_model && (request.query.text || request.query.picture || reads_captions)) {
    SL_ASSIGN_OR_RETURN(encoder, OpenModel(session, flags.model, budget, ModelUse::kSearch));
    SL_RETURN_IF_ERROR(CheckModelOf(flags.collection, collection->config(), encoder->info()));
  }
  const auto searcher = SearcherFor(session, collection, encoder);
  auto answers = searcher->Search(std::span(&request, 1));
  SL_ASSIGN_OR_RETURN(const query::SearchAnswer answer, std::move(answers[0]));
  const SearchSubject subject = SubjectOf(flags, request, collection->View()->unit_count());
  if (!flags.html.empty())
    SL_RETURN_IF_ERROR(WriteHtml(flags.html, *collection, subject, request, answer, budget.total));
  PrintAnswer(session.io, flags, subject, answer);
  return answer.hits.empty() ? ExitCode::kNoResult : ExitCode::kOk;
}

void AddOutputFlags(CLI::App& command, SearchFlags& flags) {
  command.add_option("--html", flags.html, "Also write a page with thumbnails to this file");
  CLI::Option* paths_only = command.add_flag("--paths-only", flags.paths_only, "Print nothing but the paths");
  command.add_flag("--null", flags.null_separated, "With --paths-only: end paths with a zero byte")->needs(paths_only);
  command.add_flag("--json", flags.json, "Print one JSON object")->excludes(paths_only);
  command.add_flag("--explain", flags.explain, "Say what was done: filter, coarse search, times, scores")
      ->excludes(paths_only);
}

void AddMomentFlags(CLI::App& command, SearchFlags& flags) {
  CLI::Option* group_by =
      command.add_option("--group-by", flags.group_by, "video: one hit per video, its best moments inside")
          ->check(CLI::IsMember({"video"}));
  command.add_option("--group-size", flags.group_size, "Moments listed per video (default: 5)")
      ->needs(group_by)
      ->check(CLI::Range(1, 100));
  command.add_flag("--no-merge", flags.no_merge, "Keep neighbouring clips of a video apart");
}

}  // namespace

void AddSearchCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<SearchFlags>();
  CLI::App* command =
      app.add_subcommand("search", "Find pictures, moments of videos and captions by words, by a picture, or by both");
  command->add_option("collection", flags->collection, "Its name")->required();
  command->add_option("words", flags->words, "What to look for; quotes are not needed");
  CLI::Option* image =
      command->add_option("--image", flags->image, "Find pictures like this file, or this frame: clip.mp4@12.5");
  CLI::Option* item =
      command->add_option("--item", flags->item, "Find others like this item (id or path)")->excludes(image);
  command
      ->add_option("--vector", flags->vector,
                   "Find what is near this vector: FILE.npy, FILE.npy#ROW or \"[0.1, -0.2, ...]\"")
      ->excludes(image)
      ->excludes(item);
  command->add_option("--top", flags->top, "Hits to show")->check(CLI::Range(1, 1000));
  command
      ->add_option("--rerank", flags->rerank,
                   "Candidates that words are read against; 0: none (default: the collection's, else 64)")
      ->check(CLI::Range(0, 1024));
  command->add_option("--min-match", flags->min_match, "Hide hits below this match probability")
      ->check(CLI::Range(0.0, 1.0));
  command
      ->add_option("--type", flags->types,
                   "image, clip, text: several with commas or repeated (default: image,clip; everything with --item "
                   "and --vector)")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember({"image", "clip", "text"}));
  command->add_option("--filter", flags->filter,
                      R"(Only what passes: JSON, e.g. {"must": {"key": "album", "match": {"value": "Rome"}}})");
  AddMomentFlags(*command, *flags);
  command->add_option("--timeout", flags->timeout_s, "Seconds; what is not reranked by then is marked as degraded")
      ->check(CLI::PositiveNumber);
  command->add_option("--model", flags->model.model, "Model directory (default: sightline-small)");
  command->add_option("--precision", flags->model.precision, "fp32 or bf16")->check(CLI::IsMember({"fp32", "bf16"}));
  AddOutputFlags(*command, *flags);
  command->callback([flags, &session] {
    session.collections = std::vector{flags->collection};
    session.run = [flags, &session] { return RunSearch(session, *flags); };
  });
}

}  // namespace sightline::app
