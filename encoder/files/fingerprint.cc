// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/files/fingerprint.h"

#include <array>
#include <charconv>
#include <concepts>
#include <cstdint>

#include "base/sha256.h"

namespace sightline::encoder {
namespace {

/// Length first, so that no two different sequences of parts give the same bytes.
void HashPart(Sha256& hash, std::span<const std::byte> part) {
  const uint64_t size = part.size();
  hash.Update(std::as_bytes(std::span(&size, 1)));
  hash.Update(part);
}

class Lines {
 public:
  void Add(std::string_view key, std::integral auto value) { AddText(key, std::to_string(value)); }
  /// The shortest text that reads back as the same value: independent of locale and library.
  void Add(std::string_view key, double value) {
    std::array<char, 40> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), value).ptr;
    AddText(key, std::string_view(text.data(), static_cast<size_t>(end - text.data())));
  }
  void Add(std::string_view key, VisionKind kind) {
    switch (kind) {
      case VisionKind::kBeit2:
        return AddText(key, "beit2");
      case VisionKind::kClipVit:
        return AddText(key, "clip_vit");
      case VisionKind::kSwin:
        return AddText(key, "swin");
    }
  }
  void Add(std::string_view key, TextKind kind) { AddText(key, kind == TextKind::kBert ? "bert" : "xlm-roberta"); }
  void Add(std::string_view key, TokenizerKind kind) {
    AddText(key, kind == TokenizerKind::kBertWordPiece ? "bert-wordpiece" : "sentencepiece");
  }
  std::string Take() && { return std::move(text_); }

 private:
  void AddText(std::string_view key, std::string_view value) { text_.append(key).append("=").append(value) += '\n'; }

  std::string text_;
};

}  // namespace

std::string CanonicalText(const ModelConfig& config) {
  Lines lines;
  const VisionConfig& vision = config.vision;
  lines.Add("vision.kind", vision.kind);
  lines.Add("vision.image_res", vision.image_res);
  lines.Add("vision.patch_size", vision.patch_size);
  lines.Add("vision.width", vision.width);
  lines.Add("vision.depth", vision.depth);
  lines.Add("vision.heads", vision.heads);
  lines.Add("vision.mlp_width", vision.mlp_width);
  lines.Add("vision.norm_eps", vision.norm_eps);
  lines.Add("vision.abs_pos_embed", vision.abs_pos_embed);
  lines.Add("vision.rel_pos_bias", vision.rel_pos_bias);
  const TextConfig& text = config.text;
  lines.Add("text.kind", text.kind);
  lines.Add("text.vocab_size", text.vocab_size);
  lines.Add("text.width", text.width);
  lines.Add("text.heads", text.heads);
  lines.Add("text.mlp_width", text.mlp_width);
  lines.Add("text.layers", text.layers);
  lines.Add("text.fusion_at", text.fusion_at);
  lines.Add("text.max_positions", text.max_positions);
  lines.Add("text.type_vocab_size", text.type_vocab_size);
  lines.Add("text.pad_id", text.pad_id);
  lines.Add("text.norm_eps", text.norm_eps);
  lines.Add("cross.layers", config.cross ? config.cross->layers : 0);
  lines.Add("cross.norm_eps", config.cross ? config.cross->norm_eps : 0.0);
  lines.Add("tokenizer.kind", config.tokenizer.kind);
  lines.Add("tokenizer.max_tokens", config.tokenizer.max_tokens);
  lines.Add("tokenizer.max_words", config.tokenizer.max_words);
  lines.Add("embed_dim", config.embed_dim);
  lines.Add("head_norm_eps", config.head_norm_eps);
  lines.Add("frame_len", config.frame_len);
  lines.Add("add_frame_pos", config.add_frame_pos);
  return std::move(lines).Take();
}

std::string ModelFingerprint(const ModelConfig& config, std::span<const std::byte> weights_file,
                             std::string_view tokenizer_bytes) {
  const std::string config_text = CanonicalText(config);
  Sha256 hash;
  HashPart(hash, weights_file);
  HashPart(hash, std::as_bytes(std::span(tokenizer_bytes)));
  HashPart(hash, std::as_bytes(std::span(config_text)));
  const Sha256Digest digest = hash.Finish();
  return ToHex(digest);
}

}  // namespace sightline::encoder
