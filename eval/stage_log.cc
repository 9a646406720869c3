// SPDX-License-Identifier: BSD-3-Clause
#include "eval/stage_log.h"

#include <errno.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace sightline::eval {
namespace {

constexpr std::string_view kFormat = "sightline-eval-stage/1";
constexpr std::string_view kFinished = "finished ";
constexpr uint64_t kMaxLogBytes = 1u << 30;

std::string HeadOf(std::string_view key) { return fmt::format("{} {}\n", kFormat, key); }

std::string RankText(size_t rank) { return rank == kNotRanked ? "-" : fmt::format("{}", rank); }

// Numbers as they are read back: the shortest text that gives the same double.
std::string LineOf(const QueryOutcome& outcome) {
  const std::string probability = outcome.first_probability ? fmt::format("{}", *outcome.first_probability) : "-";
  return fmt::format("{} {} {} {} {} {} {} {} {}\n", outcome.asked, outcome.image, RankText(outcome.coarse_rank),
                     RankText(outcome.rank), RankText(outcome.logit_rank), probability, outcome.first_right ? 1 : 0,
                     outcome.ms, outcome.reranked);
}

template <typename Number>
bool ReadNumber(std::string_view text, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc() && end == text.data() + text.size();
}

bool ReadRank(std::string_view text, size_t& rank) {
  rank = kNotRanked;
  return text == "-" || ReadNumber(text, rank);
}

bool ReadProbability(std::string_view text, std::optional<double>& probability) {
  if (text == "-") return true;
  return ReadNumber(text, probability.emplace());
}

std::optional<QueryOutcome> OutcomeFrom(std::string_view line) {
  std::array<std::string_view, 9> words;
  for (size_t i = 0; i < words.size(); ++i) {
    const size_t end = line.find(' ');
    if ((end == std::string_view::npos) != (i + 1 == words.size())) return std::nullopt;
    words[i] = line.substr(0, end);
    if (end != std::string_view::npos) line.remove_prefix(end + 1);
  }
  QueryOutcome outcome;
  size_t right = 0;
  const bool reads = ReadNumber(words[0], outcome.asked) && ReadNumber(words[1], outcome.image) &&
                     ReadRank(words[2], outcome.coarse_rank) && ReadRank(words[3], outcome.rank) &&
                     ReadRank(words[4], outcome.logit_rank) && ReadProbability(words[5], outcome.first_probability) &&
                     ReadNumber(words[6], right) && right <= 1 && ReadNumber(words[7], outcome.ms) &&
                     ReadNumber(words[8], outcome.reranked);
  if (!reads) return std::nullopt;
  outcome.first_right = right == 1;
  return outcome;
}

Status MakeFolderOf(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path.parent_path(), error);
  if (error) return tl::unexpected<Error>(ErrnoError(error.value(), "make the folder of", path));
  return {};
}

}  // namespace

Result<StageLog> StageLog::Open(const std::filesystem::path& path, std::string_view key) {
  StageLog log;
  log.path_ = path;
  const auto content = ReadFile(path, kMaxLogBytes);
  if (content) log.Read(*content, key);
  SL_RETURN_IF_ERROR(MakeFolderOf(path));
  if (log.kept_bytes_ == 0) SL_RETURN_IF_ERROR(WriteFileAtomically(path, HeadOf(key)));
  std::error_code error;
  if (log.kept_bytes_ > 0) std::filesystem::resize_file(path, log.kept_bytes_, error);
  if (error) return tl::unexpected<Error>(ErrnoError(error.value(), "shorten", path));
  log.file_.reset(std::fopen(path.c_str(), "ae"));
  if (log.file_ == nullptr) return tl::unexpected<Error>(ErrnoError(errno, "write", path));
  return log;
}

void StageLog::Read(std::string_view content, std::string_view key) {
  const std::string head = HeadOf(key);
  if (!content.starts_with(head)) return;
  kept_bytes_ = head.size();
  for (;;) {
    const size_t end = content.find('\n', kept_bytes_);
    if (end == std::string_view::npos) return;
    const std::string_view line = content.substr(kept_bytes_, end - kept_bytes_);
    if (line.starts_with(kFinished)) {
      finished_ = ReadNumber(line.substr(kFinished.size()), skipped_);
      if (finished_) kept_bytes_ = end + 1;
      return;
    }
    const std::optional<QueryOutcome> outcome = OutcomeFrom(line);
    if (!outcome || (!outcomes_.empty() && outcome->asked <= outcomes_.back().asked)) return;
    outcomes_.push_back(*outcome);
    kept_bytes_ = end + 1;
  }
}

Status StageLog::Append(std::span<const QueryOutcome> outcomes) {
  std::string lines;
  for (const QueryOutcome& outcome : outcomes) lines += LineOf(outcome);
  SL_RETURN_IF_ERROR(Write(lines));
  outcomes_.insert(outcomes_.end(), outcomes.begin(), outcomes.end());
  return {};
}

Status StageLog::Finish(size_t skipped) {
  SL_RETURN_IF_ERROR(Write(fmt::format("{}{}\n", kFinished, skipped)));
  finished_ = true;
  skipped_ = skipped;
  return {};
}

Status StageLog::Write(std::string_view lines) {
  const bool written = std::fwrite(lines.data(), 1, lines.size(), file_.get()) == lines.size();
  if (!written || std::fflush(file_.get()) != 0) return tl::unexpected<Error>(ErrnoError(errno, "write", path_));
  return {};
}

}  // namespace sightline::eval
