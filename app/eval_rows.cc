// SPDX-License-Identifier: BSD-3-Clause
#include <fmt/format.h>

#include "app/eval_output.h"
#include "base/check.h"

namespace sightline::app {
namespace {

using eval::HitOrder;
using eval::StageResult;

std::string NameOfRow(const eval::Stage& stage, HitOrder order) {
  const std::string prefix = stage.kind ? eval::NameOf(stage.kind) + "_" : "";
  if (order == HitOrder::kCoarse) return prefix + "coarse";
  return fmt::format("{}rerank_{}{}", prefix, stage.depth, order == HitOrder::kMatchLogit ? "_logit_only" : "");
}

Status AddRow(const std::vector<StageResult>& stages, size_t stage, HitOrder order, bool timed,
              std::vector<EvalRow>& rows) {
  EvalRow row = {.name = NameOfRow(stages[stage].stage, order), .stage = stage, .order = order, .timed = timed};
  SL_ASSIGN_OR_RETURN(row.img, eval::FiguresOf(stages[stage].img, order));
  SL_ASSIGN_OR_RETURN(row.txt, eval::FiguresOf(stages[stage].txt, order));
  rows.push_back(std::move(row));
  return {};
}

// Where the order of coarse scores is known: a stage that reranks nothing, or one that shows everything.
std::optional<size_t> CoarseStageOf(const std::vector<StageResult>& stages, size_t first) {
  for (size_t i = first; i < stages.size() && stages[i].stage.kind == stages[first].stage.kind; ++i) {
    if (stages[i].stage.depth == 0) return i;
  }
  return stages[first].stage.kind ? std::nullopt : std::optional(first);
}

const char* WordFor(HitOrder order) {
  switch (order) {
    case HitOrder::kCoarse:
      return "coarse";
    case HitOrder::kRankScore:
      return "score";
    case HitOrder::kMatchLogit:
      return "logit";
  }
  CheckFailed("WordFor: not a HitOrder", __FILE__, __LINE__);
}

}  // namespace

Result<std::vector<EvalRow>> RowsOf(const std::vector<StageResult>& stages, const std::string& rank) {
  std::vector<EvalRow> rows;
  for (size_t i = 0; i < stages.size(); ++i) {
    const bool is_first = i == 0 || stages[i].stage.kind != stages[i - 1].stage.kind;
    const std::optional<size_t> coarse = is_first ? CoarseStageOf(stages, i) : std::nullopt;
    if (coarse) SL_RETURN_IF_ERROR(AddRow(stages, *coarse, HitOrder::kCoarse, stages[*coarse].stage.depth == 0, rows));
    if (stages[i].stage.depth == 0) continue;
    if (rank != "logit") SL_RETURN_IF_ERROR(AddRow(stages, i, HitOrder::kRankScore, true, rows));
    if (rank != "score") SL_RETURN_IF_ERROR(AddRow(stages, i, HitOrder::kMatchLogit, true, rows));
  }
  return rows;
}

RowPlace PlaceOf(const EvalOutput& output, const EvalRow& row) {
  RowPlace place = {.index = {}, .depth = std::nullopt, .order = WordFor(row.order)};
  if (!row.stage) return place;
  const eval::Stage& stage = output.stages[*row.stage].stage;
  place.index = eval::NameOf(stage.kind);
  if (row.order != HitOrder::kCoarse) place.depth = stage.depth;
  return place;
}

}  // namespace sightline::app
