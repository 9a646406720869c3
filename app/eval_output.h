// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "eval/figures.h"
#include "eval/stages.h"

namespace sightline::app {

/// Figures of one stage in one order of its hits. Videos count as pictures.
struct EvalRow {
  std::string name;
  /// Index into EvalOutput::stages; absent for what the matrix protocol computed, which has metrics alone.
  std::optional<size_t> stage = std::nullopt;
  eval::HitOrder order = eval::HitOrder::kCoarse;
  bool timed = false;      ///< The latency is that of this stage, and not of one that reranks on top of it.
  eval::Figures img = {};  ///< Text to picture.
  eval::Figures txt = {};  ///< Picture to text.
};

/// Everything that an evaluation prints.
struct EvalOutput {
  std::string set;
  std::string set_hash = {};  ///< Equal for equal pictures, captions and folds: what may be compared query by query.
  bool has_videos = false;
  std::string model;
  std::string fingerprint = {};
  std::string precision;
  std::string patches;
  int threads = 0;
  std::string version = {};
  size_t folds = 1;
  size_t images = 0;    ///< In the set.
  size_t captions = 0;  ///< In the set.
  size_t images_asked = 0;
  size_t captions_asked = 0;
  std::vector<std::string> missing = {};           ///< What could not be indexed, with the reason.
  std::vector<std::string> left_out = {};          ///< Captions that the set's reader refused, with place and reason.
  std::vector<std::string> duplicates = {};        ///< Pictures with the content of an earlier one.
  std::vector<std::string> without_captions = {};  ///< Pictures that no caption of the set describes.
  std::vector<EvalRow> rows = {};
  std::vector<eval::StageResult> stages = {};  ///< Of the live protocol.

  const char* image() const { return has_videos ? "video" : "picture"; }
};

/// Rows of the live protocol: per index the coarse stage, then each depth, in the order of `rank` (score, logit, both).
/// Errors: those of FiguresOf.
Result<std::vector<EvalRow>> RowsOf(const std::vector<eval::StageResult>& stages, const std::string& rank);

/// "exact", depth and order of a row, for columns of their own. Empty index for the matrix protocol.
struct RowPlace {
  std::string index;
  std::optional<size_t> depth;  ///< Absent for the coarse stage.
  const char* order;
};
RowPlace PlaceOf(const EvalOutput& output, const EvalRow& row);

/// For people, with everything that took no part named and counted.
std::string EvalTable(const EvalOutput& output);

/// One JSON object on one line; metric names are the reference's (`img_r1`, ...), `mdr` and `mnr` median and mean
/// rank, null where unknown. With `with_ranks` what every query came to.
std::string EvalJson(const EvalOutput& output, bool with_ranks);

/// A heading, and one line per row and direction.
std::string EvalCsv(const EvalOutput& output);

}  // namespace sightline::app
