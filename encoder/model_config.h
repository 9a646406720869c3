// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sightline::encoder {

/// Which vision tower a model has (x2vlm-spec sections 2 and 3). Only kBeit2 can be run by this version.
enum class VisionKind { kBeit2, kClipVit, kSwin };
/// Which text encoder: BERT (section 4; the fusion layers are its last ones) or XLM-R (section 5; the fusion encoder is
/// a module of its own).
enum class TextKind { kBert, kXlmRoberta };
enum class TokenizerKind { kBertWordPiece, kSentencePiece };

struct VisionConfig {
  VisionKind kind = VisionKind::kBeit2;
  int image_res = 224;  ///< Pixels per side of the square model input.
  int patch_size = 16;  ///< Pixels per side of a patch; divides image_res.
  int width = 768;      ///< D.
  int depth = 12;
  int heads = 12;
  int mlp_width = 3072;
  double norm_eps = 1e-6;
  bool abs_pos_embed = false;  ///< One more weight `vision_encoder.pos_embed` (1, N+1, D).
  bool rel_pos_bias = true;    ///< A relative position bias table per block (section 2.4).

  int grid() const { return image_res / patch_size; }  ///< g: patches per side.
  int tokens() const { return grid() * grid() + 1; }   ///< N + 1: the mean token and the patches.
};

struct TextConfig {
  TextKind kind = TextKind::kBert;
  int vocab_size = 30522;
  int width = 768;  ///< C.
  int heads = 12;
  int mlp_width = 3072;
  int layers = 18;     ///< BERT: text and fusion layers together. XLM-R: text layers only.
  int fusion_at = 12;  ///< BERT: the first fusion layer. XLM-R: equal to `layers`.
  int max_positions = 512;
  int type_vocab_size = 2;
  int pad_id = 0;
  double norm_eps = 1e-12;
};

/// The separate fusion encoder of the Plus variant (section 5.2).
struct CrossConfig {
  int layers = 6;
  double norm_eps = 1e-12;
};

struct TokenizerConfig {
  TokenizerKind kind = TokenizerKind::kBertWordPiece;
  std::string file = "vocab.txt";  ///< Relative to the model directory.
  int max_tokens = 40;             ///< [CLS] and [SEP] included (section 8.5).
  int max_words = 30;              ///< Words kept by caption cleaning (section 8.2).
};

/// `config.json` of a model directory: everything that the weights do not say. An immutable value.
struct ModelConfig {
  std::string name;
  VisionConfig vision;
  TextConfig text;
  std::optional<CrossConfig> cross;  ///< Present exactly in the Plus variant.
  TokenizerConfig tokenizer;
  int embed_dim = 256;
  double head_norm_eps = 1e-5;  ///< LayerNorm inside `itm_head` (section 6).
  int frame_len = 3;            ///< Frames per clip (section 7).
  bool add_frame_pos = false;   ///< The weight `absolute_frame_pos_embed` (1, frame_len, 1, D) exists.

  /// Number of fusion layers, in either variant.
  int fusion_layers() const { return cross ? cross->layers : text.layers - text.fusion_at; }
};

/// Reads "format": "sightline-model/1". Unknown keys are an error, so that a typing error cannot pass silently.
/// Errors: kCorruption (not JSON), kInvalidArgument (a key is missing, unknown, of the wrong type or out of range; the
/// message names it), kFailedPrecondition (a newer format).
Result<ModelConfig> ParseModelConfig(std::string_view json);

/// The inverse of ParseModelConfig, indented, ending in a newline.
std::string ModelConfigToJson(const ModelConfig& config);

}  // namespace sightline::encoder
