// SPDX-License-Identifier: BSD-3-Clause
#include "app/eval_compare.h"

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "app/rank_file.h"
#include "app/text.h"
#include "eval/figures.h"

namespace sightline::app {
namespace {

using eval::Measure;

struct CompareFlags {
  std::string a;
  std::string b;  ///< Empty: two stages of one file.
  std::string stage;
  std::string with;
  bool json = false;
};

constexpr std::pair<Measure, const char*> kMeasures[] = {{Measure::kR1, "R@1"},
                                                         {Measure::kR5, "R@5"},
                                                         {Measure::kR10, "R@10"},
                                                         {Measure::kRecallMean, "mean"},
                                                         {Measure::kMrr, "MRR@10"}};

struct ComparedMeasure {
  const char* direction;
  const char* measure;
  double a;
  double b;
  eval::PairedComparison result;
};

struct ComparedStages {
  std::string a;
  std::string b;
  std::vector<ComparedMeasure> measures;
};

double MeanOf(Measure measure, std::span<const size_t> ranks) {
  double sum = 0;
  for (const size_t rank : ranks) sum += eval::ValueOf(measure, rank);
  return ranks.empty() ? 0 : sum / static_cast<double>(ranks.size());
}

Status CompareDirection(const char* direction, std::span<const size_t> a, std::span<const size_t> b,
                        std::span<const size_t> images, ComparedStages& out) {
  for (const auto& [measure, name] : kMeasures) {
    SL_ASSIGN_OR_RETURN(const eval::PairedComparison result, eval::CompareRanks(a, b, images, measure));
    out.measures.push_back({direction, name, MeanOf(measure, a), MeanOf(measure, b), result});
  }
  return {};
}

Result<ComparedStages> CompareStages(const RankFile& file, const StageRanks& a, const StageRanks& b) {
  ComparedStages out = {.a = a.name, .b = b.name, .measures = {}};
  SL_RETURN_IF_ERROR(CompareDirection("img", a.img, b.img, file.img_images, out));
  SL_RETURN_IF_ERROR(CompareDirection("txt", a.txt, b.txt, file.txt_images, out));
  return out;
}

std::string NamesOf(const RankFile& file) {
  std::string names;
  for (const StageRanks& stage : file.stages) names.append(names.empty() ? "" : ", ").append(stage.name);
  return names;
}

Result<const StageRanks*> FindStage(const RankFile& file, const std::string& path, const std::string& name) {
  const StageRanks* const stage = file.Find(name);
  if (stage != nullptr) return stage;
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("{} has no stage '{}'; there are {}", path, name, NamesOf(file)));
}

Result<std::vector<ComparedStages>> CompareAll(const CompareFlags& flags, const RankFile& a, const RankFile& b) {
  std::vector<ComparedStages> out;
  if (!flags.stage.empty()) {
    SL_ASSIGN_OR_RETURN(const StageRanks* const first, FindStage(a, flags.a, flags.stage));
    SL_ASSIGN_OR_RETURN(const StageRanks* const second,
                        FindStage(b, flags.b, flags.with.empty() ? flags.stage : flags.with));
    SL_ASSIGN_OR_RETURN(out.emplace_back(), CompareStages(a, *first, *second));
    return out;
  }
  for (const StageRanks& stage : a.stages) {
    const StageRanks* const other = b.Find(stage.name);
    if (other == nullptr) continue;
    SL_ASSIGN_OR_RETURN(out.emplace_back(), CompareStages(a, stage, *other));
  }
  if (!out.empty()) return out;
  return Fail(ErrorCode::kInvalidArgument, fmt::format("no stage is in both files: {}; {}", NamesOf(a), NamesOf(b)));
}

std::string Table(const std::vector<ComparedStages>& compared) {
  std::string out;
  for (const ComparedStages& stages : compared) {
    out += fmt::format("{}{} against {}\n", out.empty() ? "" : "\n", OneLine(stages.b), OneLine(stages.a));
    out += fmt::format("  {:<4}{:<8}{:>9}{:>9}{:>12}  {:<20}{:>7}{:>7}{:>9}\n", "", "", "before", "after", "difference",
                       "95 % interval", "better", "worse", "p");
    for (const ComparedMeasure& row : stages.measures) {
      const eval::PairedComparison& result = row.result;
      out += fmt::format("  {:<4}{:<8}{:>9.4g}{:>9.4g}{:>+12.4g}  {:<20}{:>7}{:>7}{:>9.4f}\n", row.direction,
                         row.measure, row.a, row.b, result.difference,
                         fmt::format("{:+.3g} to {:+.3g}", result.interval.low, result.interval.high), result.better,
                         result.worse, result.p_value);
    }
  }
  return out +
         "\nimg: text to picture; txt: picture to text. p: paired sign-flip permutation test by picture, two-sided, "
         "not corrected for how many are made.\n";
}

std::string Json(const std::vector<ComparedStages>& compared) {
  boost::json::array out;
  for (const ComparedStages& stages : compared) {
    boost::json::array measures;
    for (const ComparedMeasure& row : stages.measures) {
      const eval::PairedComparison& result = row.result;
      measures.push_back(boost::json::object{{"direction", row.direction},
                                             {"measure", row.measure},
                                             {"a", row.a},
                                             {"b", row.b},
                                             {"difference", result.difference},
                                             {"difference_95", {result.interval.low, result.interval.high}},
                                             {"better", result.better},
                                             {"worse", result.worse},
                                             {"p", result.p_value}});
    }
    out.push_back(boost::json::object{{"a", stages.a}, {"b", stages.b}, {"measures", std::move(measures)}});
  }
  return boost::json::serialize(boost::json::object{{"test", "paired sign-flip permutation by picture, two-sided"},
                                                    {"compared", std::move(out)}}) +
         "\n";
}

Result<ExitCode> RunCompare(const Session& session, CompareFlags flags) {
  if (flags.b.empty()) flags.b = flags.a;
  auto a = ReadRankFile(flags.a);
  if (!a) return InputError(std::move(a).error());
  auto b = ReadRankFile(flags.b);
  if (!b) return InputError(std::move(b).error());
  if (a->set_hash != b->set_hash || a->img_asked != b->img_asked || a->txt_asked != b->txt_asked) {
    return InputError({ErrorCode::kInvalidArgument,
                       fmt::format("{} and {} are not of the same queries: only those can be compared one by one",
                                   flags.a, flags.b)});
  }
  SL_ASSIGN_OR_RETURN(const std::vector<ComparedStages> compared, CompareAll(flags, *a, *b));
  fmt::print(session.io.out, "{}", flags.json ? Json(compared) : Table(compared));
  return ExitCode::kOk;
}

}  // namespace

void AddEvalCompare(CLI::App& eval, Session& session) {
  auto flags = std::make_shared<CompareFlags>();
  CLI::App* command = eval.add_subcommand("compare", "Which of two evaluated configurations is better, and how surely");
  command->add_option("a", flags->a, "What eval printed with --json --ranks")->required();
  CLI::Option* b = command->add_option("b", flags->b, "Another one of the same set (default: two stages of the first)");
  CLI::Option* stage =
      command->add_option("--stage", flags->stage, "One stage of the first file (default: all in both)");
  CLI::Option* with =
      command->add_option("--with", flags->with, "The stage of the other file that it is compared with")->needs(stage);
  command->add_flag("--json", flags->json, "Print one JSON object");
  command->callback([flags, b, with, &session] {
    if (b->count() == 0 && with->count() == 0)
      throw CLI::ValidationError("compare", "one file needs --stage and --with");
    session.run = [flags, &session] { return RunCompare(session, *flags); };
  });
}

}  // namespace sightline::app
