// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "encoder/files/dims.h"
#include "encoder/model_config.h"

namespace sightline::encoder {

/// What the weights do not say.
struct ImportOptions {
  /// Sizes of a published model. Without it and without `dims_file`: base or large by the width of the weights.
  std::optional<ModelSize> preset = {};
  /// A `dims.json` (see ParseDims) instead of a preset. Its image_res is the model's unless `image_res` says otherwise.
  std::filesystem::path dims_file = {};
  /// Copied into the model directory: a WordPiece `vocab.txt`, or a SentencePiece model for the Plus variant.
  std::filesystem::path tokenizer_file = {};
  /// Pixels per side of the model; without it, with a preset, that of the weights. Position bias tables of another
  /// resolution are interpolated.
  std::optional<int> image_res = {};
  /// Frames per clip; without it, what the checkpoint says, else 3. Frame embeddings beyond those of the checkpoint
  /// become 0.
  std::optional<int> frame_len = {};
  /// Name of the model; without it, that of the checkpoint file.
  std::string name = {};
};

/// What was done.
struct ImportReport {
  ModelConfig config;
  std::string fingerprint;                ///< Of the new model directory.
  uint64_t parameters = 0;                ///< Of the model.
  size_t weights_written = 0;             ///< Number of tensors.
  int checkpoint_image_res = 0;           ///< The resolution that the weights were made for.
  std::vector<std::string> interpolated;  ///< Tables that were fitted to another resolution.
  std::vector<std::string> ignored;       ///< Tensors of the checkpoint that a retrieval model does not need.
  int frames_copied = 0;                  ///< Rows of the frame embedding that came from the checkpoint.
};

/// Turns a published X2-VLM checkpoint into a model directory (x2vlm-spec sections 12.4 and 12.5): strips `module.` and
/// the pre-training prefixes, fits position bias tables and the frame embedding, and takes the result only when no
/// weight is missing, misshapen or unknown. The calibration is the identity: the match logit alone ranks.
/// The directory appears complete or not at all: it is built beside `model_dir`, read back and renamed.
/// @param model_dir  must not exist, or be empty; its parent must exist.
/// Errors: those of Checkpoint::Open; kAlreadyExists (`model_dir` holds something), kNotFound (tokenizer or dims file,
/// parent folder), kInvalidArgument (dims, a preset of another size, a wrong resolution, a tokenizer that does not fit,
/// a missing, extra or misshapen weight: the message names it), kUnsupported (a CLIP ViT or Swin tower),
/// kResourceExhausted (disk full, out of memory), kUnavailable.
/// Reads and writes every weight once, one in memory at a time: about a minute for a large model on a slow disk.
Result<ImportReport> ImportCheckpoint(const std::filesystem::path& checkpoint_path,
                                      const std::filesystem::path& model_dir, const ImportOptions& options);

}  // namespace sightline::encoder
