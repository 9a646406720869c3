// SPDX-License-Identifier: BSD-3-Clause
#include "storage/collection_settings.h"

#include <cmath>
#include <cstddef>
#include <utility>

#include "base/utf8.h"
#include "storage/record_bytes.h"

namespace sightline::storage {
namespace {

constexpr uint8_t kSettingsVersion = 1;
constexpr uint32_t kMaxRerankDepth = 1024;
// An isotonic calibration of 100,000 points takes about half of it.
constexpr size_t kMaxTextBytes = 8u << 20;

Status CheckText(const char* name, const std::string& text) {
  if (!IsValidUtf8(text)) return Fail(ErrorCode::kInvalidArgument, std::string(name) + ": not UTF-8");
  if (text.size() <= kMaxTextBytes) return {};
  return Fail(ErrorCode::kInvalidArgument, std::string(name) + ": " + std::to_string(text.size()) +
                                               " bytes; there is room for " + std::to_string(kMaxTextBytes));
}

}  // namespace

Status CheckSettings(const CollectionSettings& settings) {
  if (settings.rerank_depth && *settings.rerank_depth > kMaxRerankDepth) {
    return Fail(ErrorCode::kInvalidArgument,
                "rerank_depth is " + std::to_string(*settings.rerank_depth) + ", not in 0..1024");
  }
  if (settings.stop_margin && !std::isfinite(*settings.stop_margin)) {
    return Fail(ErrorCode::kInvalidArgument, "stop_margin is not a finite number");
  }
  SL_RETURN_IF_ERROR(CheckText("calibration", settings.calibration));
  return CheckText("tuned", settings.tuned);
}

std::string EncodeSettings(const CollectionSettings& settings) {
  RecordWriter writer(kSettingsVersion);
  writer.Put(static_cast<uint8_t>(settings.rerank_depth.has_value()));
  if (settings.rerank_depth) writer.Put(*settings.rerank_depth);
  writer.Put(static_cast<uint8_t>(settings.stop_margin.has_value()));
  if (settings.stop_margin) writer.Put(*settings.stop_margin);
  writer.PutString(settings.calibration);
  writer.PutString(settings.tuned);
  return writer.Finish();
}

Result<CollectionSettings> DecodeSettings(std::string_view bytes) {
  RecordReader reader(bytes, kSettingsVersion);
  CollectionSettings settings;
  if (reader.GetBool()) settings.rerank_depth = reader.Get<uint32_t>();
  if (reader.GetBool()) settings.stop_margin = reader.Get<double>();
  settings.calibration = reader.GetString();
  settings.tuned = reader.GetString();
  if (!CheckSettings(settings)) reader.MarkBad();
  SL_RETURN_IF_ERROR(reader.Finish("the collection's settings"));
  return settings;
}

}  // namespace sightline::storage
