// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/transfer/export_folder.h"

#include <limits>
#include <system_error>

#include <boost/json.hpp>

#include "base/file_io.h"
#include "indexer/json_metadata_internal.h"

namespace sightline::indexer {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr size_t kMaxInfoBytes = 32 << 20;  // A collection's own calibration may be long.
constexpr int64_t kFormat = 1;

/// Reads members and remembers the first one that is missing or wrong.
class InfoReader {
 public:
  explicit InfoReader(const json::object& object) : object_(object) {}

  std::string Text(const char* key) {
    const json::value* value = object_.if_contains(key);
    if (value == nullptr || !value->is_string()) return Miss<std::string>(key);
    return std::string(ViewOf(value->get_string()));
  }

  int64_t Number(const char* key, int64_t max = std::numeric_limits<int64_t>::max()) {
    const json::value* value = object_.if_contains(key);
    const int64_t* number = value == nullptr ? nullptr : value->if_int64();
    if (number == nullptr || *number < 0 || *number > max) return Miss<int64_t>(key);
    return *number;
  }

  uint64_t Count(const char* key) { return static_cast<uint64_t>(Number(key)); }

  /// What is set; an export of an older program has none.
  storage::CollectionSettings Settings() {
    storage::CollectionSettings settings;
    const json::value* value = object_.if_contains("settings");
    if (value == nullptr) return settings;
    if (!value->is_object()) return Miss<storage::CollectionSettings>("settings");
    InfoReader reader(value->get_object());
    if (reader.Has("rerank_depth")) {
      settings.rerank_depth =
          static_cast<uint32_t>(reader.Number("rerank_depth", std::numeric_limits<uint32_t>::max()));
    }
    if (reader.Has("stop_margin")) settings.stop_margin = reader.Real("stop_margin");
    if (reader.Has("calibration")) settings.calibration = reader.Text("calibration");
    if (reader.Has("tuned")) settings.tuned = reader.Text("tuned");
    if (!reader.missing().empty() || !CheckSettings(settings)) return Miss<storage::CollectionSettings>("settings");
    return settings;
  }

  const std::string& missing() const { return missing_; }

 private:
  bool Has(const char* key) const { return object_.if_contains(key) != nullptr; }

  double Real(const char* key) {
    const json::value* value = object_.if_contains(key);
    if (value == nullptr || !value->is_number()) return Miss<double>(key);
    return value->to_number<double>();
  }

  template <typename T>
  T Miss(const char* key) {
    if (missing_.empty()) missing_ = key;
    return {};
  }

  const json::object& object_;
  std::string missing_;
};

json::object SettingsJson(const storage::CollectionSettings& settings) {
  json::object object;
  if (settings.rerank_depth) object["rerank_depth"] = *settings.rerank_depth;
  if (settings.stop_margin) object["stop_margin"] = *settings.stop_margin;
  if (!settings.calibration.empty()) object["calibration"] = settings.calibration;
  if (!settings.tuned.empty()) object["tuned"] = settings.tuned;
  return object;
}

}  // namespace

std::string EncodeExportInfo(const ExportInfo& info) {
  json::object object = {{"sightline_export", kFormat},
                         {"model", info.model_name},
                         {"model_fingerprint", info.model_fingerprint},
                         {"dim", info.dim},
                         {"items", info.items},
                         {"units", info.units},
                         {"rows", info.rows},
                         {"epoch", info.epoch},
                         {"created_at", info.created_at},
                         {"vectors", json::string(kExportVectors)},
                         {"lines", json::string(kExportLines)}};
  if (info.settings != storage::CollectionSettings()) object["settings"] = SettingsJson(info.settings);
  return json::serialize(object) + "\n";
}

bool IsExport(const fs::path& folder) {
  std::error_code ignored;
  return fs::exists(folder / kExportInfo, ignored);
}

Result<ExportInfo> ReadExportInfo(const fs::path& folder) {
  const fs::path file = folder / kExportInfo;
  SL_ASSIGN_OR_RETURN(const std::string text, ReadFile(file, kMaxInfoBytes));
  const auto object = ParseJsonObject(text);
  if (!object) return Fail(ErrorCode::kCorruption, file.string() + ": " + object.error().message);
  InfoReader reader(*object);
  const int64_t format = reader.Number("sightline_export");
  if (format > kFormat) {
    return Fail(ErrorCode::kFailedPrecondition, file.string() + ": the export has format " + std::to_string(format) +
                                                    "; this program reads " + std::to_string(kFormat));
  }
  ExportInfo info{.model_name = reader.Text("model"),
                  .model_fingerprint = reader.Text("model_fingerprint"),
                  .dim = static_cast<uint32_t>(reader.Number("dim", std::numeric_limits<uint32_t>::max())),
                  .items = reader.Count("items"),
                  .units = reader.Count("units"),
                  .rows = reader.Count("rows"),
                  .epoch = reader.Count("epoch"),
                  .created_at = reader.Number("created_at"),
                  .settings = reader.Settings()};
  if (reader.missing().empty()) return info;
  return Fail(ErrorCode::kCorruption, file.string() + ": \"" + reader.missing() + "\" is missing or wrong");
}

}  // namespace sightline::indexer
