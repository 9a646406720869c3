// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "encoder/files/checkpoint_reader.h"
#include "encoder/files/import.h"
#include "encoder/files/tensor_view.h"
#include "encoder/model_config.h"

namespace sightline::encoder {

/// One weight of the new model and where it comes from.
struct PlannedWeight {
  enum class Source { kCopy, kBiasTable, kFrameEmbedding, kConstant };

  std::string name;
  Shape shape;
  Source source = Source::kCopy;
  const CheckpointTensor* tensor = nullptr;  ///< Null for kConstant.
  float constant = 0;
};

/// Everything that is decided before a byte of a weight is read.
struct ImportPlan {
  ModelConfig config;
  std::vector<PlannedWeight> weights;  ///< Exactly those of ExpectedWeights(config).
  std::vector<std::string> interpolated;
  std::vector<std::string> ignored;
  int checkpoint_image_res = 0;
  int frames_copied = 0;
};

/// The name that a key of a checkpoint has in our models: without `module.`, and without `roberta.` and `bert.` in the
/// text modules (x2vlm-spec section 12.4).
std::string CanonicalKey(std::string_view key);

/// Decides what becomes of every tensor. Errors: see ImportCheckpoint. `checkpoint` must outlive the plan.
Result<ImportPlan> PlanImport(const Checkpoint& checkpoint, const ImportOptions& options);

/// The F32 elements of a planned weight, row-major.
Result<std::vector<std::byte>> MakeWeight(const PlannedWeight& weight);

}  // namespace sightline::encoder
