// SPDX-License-Identifier: BSD-3-Clause
#include <CLI/CLI.hpp>

#include "app/eval_run.h"

namespace sightline::app {

void AddEvalOptions(CLI::App& command, EvalFlags& flags) {
  command
      .add_option(
          "--depth", flags.depths,
          "Rerank depths (matrix protocol: k_test); several: 16,32; 0: coarse (default: 0,16,64,128,256, as far "
          "as the gallery goes)")
      ->delimiter(',')
      ->check(CLI::Range(0, 1024));
  command
      .add_option("--kinds", flags.kinds,
                  "What the coarse stage looks into: exact, flat, ivfpq, ivfpq_fastscan, hnsw, several, or all")
      ->delimiter(',')
      ->check(CLI::IsMember({"exact", "flat", "ivfpq", "ivfpq_fastscan", "hnsw", "all"}));
  command.add_option("--folds", flags.folds, "Cut the pictures into so many parts, and average (COCO 5 x 1K: 5)")
      ->check(CLI::Range(1, 1000));
  command.add_option("--protocol", flags.protocol, "live: as search answers; matrix: as the reference computes")
      ->check(CLI::IsMember({"live", "matrix"}));
  command.add_option("--rank", flags.rank, "score: as search does; logit: by the match logit alone; both")
      ->check(CLI::IsMember({"score", "logit", "both"}));
  command.add_option("--frames", flags.frames, "Frames of a video (default: the model's)")->check(CLI::Range(1, 64));
  command.add_option("--patches", flags.patches, "int8, fp16 or none")->check(CLI::IsMember({"int8", "fp16", "none"}));
  command.add_option("--folder", flags.keep, "Keep the indexed set and finished stages here, not in the cache");
  command.add_flag("--no-cache", flags.no_cache, "Keep nothing: index and measure everything anew")
      ->excludes("--folder");
  command.add_option("--model", flags.model.model, "Model directory (default: sightline-small)");
  command.add_option("--precision", flags.model.precision, "fp32 or bf16")->check(CLI::IsMember({"fp32", "bf16"}));
  CLI::Option* json = command.add_flag("--json", flags.json, "Print one JSON object");
  command.add_flag("--ranks", flags.ranks, "With the ranks of every query, for eval compare")->needs(json);
  // One kind of set has its list under this name.
  const bool csv_is_free = command.get_option_no_throw("--csv") == nullptr;
  command.add_option(csv_is_free ? "--csv,--csv-out" : "--csv-out", flags.csv, "Also write the figures to this file");
  command.add_option("--html", flags.html, "Also write a page with plots to this file");
}

}  // namespace sightline::app
