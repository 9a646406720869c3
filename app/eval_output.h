// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "eval/metrics.h"

namespace sightline::app {

/// Metrics of one stage or depth. Videos count as pictures.
struct EvalRow {
  std::string name;
  eval::RankMetrics img;              ///< Text to picture.
  eval::RankMetrics txt;              ///< Picture to text.
  double img_queries_per_second = 0;  ///< 0: not measured.
  double txt_queries_per_second = 0;  ///< 0: not measured.
};

/// Everything that an evaluation prints.
struct EvalOutput {
  std::string set;
  bool has_videos = false;
  std::string model;
  std::string precision;
  std::string patches;
  size_t images = 0;    ///< In the set.
  size_t captions = 0;  ///< In the set.
  size_t images_asked = 0;
  size_t captions_asked = 0;
  std::vector<std::string> missing;                ///< What could not be indexed, with the reason.
  std::vector<std::string> left_out;               ///< Captions that the set's reader refused, with place and reason.
  std::vector<std::string> duplicates;             ///< Pictures with the content of an earlier one.
  std::vector<std::string> without_captions = {};  ///< Pictures that no caption of the set describes.
  std::vector<EvalRow> rows = {};
};

/// For people, with everything that took no part named and counted.
std::string EvalTable(const EvalOutput& output);

/// One JSON object on one line; metric names are the reference's (`img_r1`, ...), `mdr` and `mnr` median and mean
/// rank, null where unknown.
std::string EvalJson(const EvalOutput& output);

}  // namespace sightline::app
