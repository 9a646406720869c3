// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/result.h"
#include "encoder/calibration.h"
#include "encoder/files/safetensors.h"
#include "encoder/model_config.h"

namespace sightline::encoder {

/// A model directory: `config.json`, `weights.safetensors`, the tokenizer file that the configuration names, and
/// `calibration.json` (docs/MODELS.md). Immutable; movable.
class ModelDirectory {
 public:
  /// Opens and checks everything; weights stay mapped, not read into memory, but are read once for the fingerprint
  /// (about 0.1 s per 100 MB when cached). A missing `calibration.json` means the match logit alone, not fitted:
  /// coarse_weight 0, sigmoid(rank score).
  /// Errors: kNotFound (no such directory or file), kCorruption (a broken file), kInvalidArgument (configuration or
  /// calibration; a missing, extra or misshapen weight; more words in the tokenizer file than the model has
  /// embeddings), kUnsupported (a tower this version cannot run), kFailedPrecondition (a newer format),
  /// kResourceExhausted (a configuration or tokenizer file of absurd size), kUnavailable. Messages name the file.
  static Result<ModelDirectory> Open(const std::filesystem::path& dir);

  const ModelConfig& config() const { return config_; }
  const Calibration& calibration() const { return calibration_; }
  /// Holds at least the weights of ExpectedWeights(config()), in the right shapes; read them with ReadFloats.
  const SafetensorsFile& weights() const { return weights_; }
  /// The content of the tokenizer file.
  std::string_view tokenizer_bytes() const { return tokenizer_bytes_; }
  /// 64 hexadecimal digits; see Note [Model fingerprint] in encoder/files/fingerprint.h.
  const std::string& fingerprint() const { return fingerprint_; }
  /// Number of parameters of the model.
  uint64_t parameters() const { return parameters_; }

 private:
  ModelConfig config_;
  Calibration calibration_;
  SafetensorsFile weights_;
  std::string tokenizer_bytes_;
  std::string fingerprint_;
  uint64_t parameters_ = 0;
};

/// Does this tokenizer file fit the model's word embeddings? Counts the lines of a WordPiece vocabulary; a
/// SentencePiece model is not looked into. Errors: kInvalidArgument.
Status CheckTokenizerSize(const ModelConfig& config, std::string_view tokenizer_bytes);

}  // namespace sightline::encoder
