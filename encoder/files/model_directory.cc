// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/files/model_directory.h"

#include <algorithm>
#include <utility>

#include "base/file_io.h"
#include "encoder/files/fingerprint.h"
#include "encoder/files/weights.h"

namespace sightline::encoder {
namespace {

constexpr uint64_t kMaxConfigBytes = 4 << 20;
constexpr uint64_t kMaxTokenizerBytes = 64 << 20;

/// Puts the file in front of an error that knows only its content.
template <typename T>
Result<T> InFile(Result<T> result, const std::filesystem::path& path) {
  if (!result) return Annotate(std::move(result).error(), path.string());
  return result;
}

Result<Calibration> ReadCalibration(const std::filesystem::path& path) {
  auto text = ReadFile(path, kMaxConfigBytes);
  if (!text && text.error().code == ErrorCode::kNotFound) return Calibration{};
  if (!text) return tl::unexpected(std::move(text).error());
  return InFile(ParseCalibration(*text), path);
}

}  // namespace

Result<ModelDirectory> ModelDirectory::Open(const std::filesystem::path& dir) {
  ModelDirectory model;
  const auto config_path = dir / "config.json";
  SL_ASSIGN_OR_RETURN(const std::string config_text, ReadFile(config_path, kMaxConfigBytes));
  SL_ASSIGN_OR_RETURN(model.config_, InFile(ParseModelConfig(config_text), config_path));
  auto expected = InFile(ExpectedWeights(model.config_), config_path);
  if (!expected) return tl::unexpected(std::move(expected).error());
  model.parameters_ = ParameterCount(*expected);

  SL_ASSIGN_OR_RETURN(model.calibration_, ReadCalibration(dir / "calibration.json"));
  const auto weights_path = dir / "weights.safetensors";
  SL_ASSIGN_OR_RETURN(model.weights_, SafetensorsFile::Open(weights_path));
  if (auto checked = CheckWeightsFile(model.config_, model.weights_); !checked) {
    return Annotate(std::move(checked).error(), weights_path.string());
  }
  const auto tokenizer_path = dir / model.config_.tokenizer.file;
  SL_ASSIGN_OR_RETURN(model.tokenizer_bytes_, ReadFile(tokenizer_path, kMaxTokenizerBytes));
  if (auto checked = CheckTokenizerSize(model.config_, model.tokenizer_bytes_); !checked) {
    return Annotate(std::move(checked).error(), tokenizer_path.string());
  }
  model.fingerprint_ = ModelFingerprint(model.config_, model.weights_.bytes(), model.tokenizer_bytes_);
  return model;
}

Status CheckTokenizerSize(const ModelConfig& config, std::string_view tokenizer_bytes) {
  if (config.tokenizer.kind != TokenizerKind::kBertWordPiece) return {};
  auto lines = std::count(tokenizer_bytes.begin(), tokenizer_bytes.end(), '\n');
  if (!tokenizer_bytes.empty() && tokenizer_bytes.back() != '\n') ++lines;
  if (lines >= 1 && lines <= config.text.vocab_size) return {};
  return Fail(ErrorCode::kInvalidArgument, std::to_string(lines) + " words, the model has " +
                                               std::to_string(config.text.vocab_size) + " word embeddings");
}

}  // namespace sightline::encoder
