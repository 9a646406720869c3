// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/manifest_source.h"

#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "indexer/blank.h"
#include "indexer/json_metadata_internal.h"
#include "indexer/json_records.h"
#include "indexer/location.h"
#include "media/tar_reader.h"

namespace sightline::indexer {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

/// What one line says.
struct ManifestLine {
  std::string name;  ///< The path or URI as it is written.
  fs::path path;
  std::optional<Metadata> metadata;
  std::vector<std::string> captions;
};

tl::unexpected<Error> Invalid(std::string message) { return Fail(ErrorCode::kInvalidArgument, std::move(message)); }

Status ReadName(std::string_view key, const json::value& value, const fs::path& folder, ManifestLine& line) {
  const json::string* text = value.if_string();
  if (text == nullptr) return Invalid(fmt::format("\"{}\" must be text", key));
  if (!line.name.empty()) return Invalid("both \"path\" and \"uri\"");
  line.name = std::string(ViewOf(*text));
  SL_ASSIGN_OR_RETURN(line.path, key == "uri" ? PathFromUri(line.name) : NamedPath(folder, line.name));
  return {};
}

Status ReadCaptions(const json::value& value, ManifestLine& line) {
  const json::array* list = value.if_array();
  if (list == nullptr) return Invalid("\"captions\" must be a list of texts");
  for (const json::value& one : *list) {
    if (!one.is_string()) return Invalid("\"captions\" must be a list of texts");
    line.captions.emplace_back(ViewOf(one.get_string()));
  }
  return {};
}

Status ReadMember(std::string_view key, const json::value& value, const fs::path& folder, ManifestLine& line) {
  if (key == "path" || key == "uri") return ReadName(key, value, folder, line);
  if (key == "captions") return ReadCaptions(value, line);
  if (key != "metadata")
    return Invalid(fmt::format("\"{}\" is no key of a manifest; metadata goes into \"metadata\"", key));
  if (!value.is_object()) return Invalid("\"metadata\" must be an object");
  SL_ASSIGN_OR_RETURN(line.metadata, MetadataFromJson(value.get_object(), UnknownValues::kRefuse));
  return {};
}

Result<ManifestLine> ParseLine(const JsonRecord& raw, const fs::path& folder) {
  if (!raw.error.empty()) return Invalid(raw.error);
  SL_ASSIGN_OR_RETURN(const json::object object, ParseJsonObject(raw.text));
  ManifestLine line;
  for (const auto& [key, value] : object) SL_RETURN_IF_ERROR(ReadMember(ViewOf(key), value, folder, line));
  if (line.name.empty()) return Invalid("neither \"path\" nor \"uri\"");
  std::error_code ignored;
  if (media::HasTarExtension(line.path.filename().native())) {
    return Invalid(line.name + " is a tar shard; its members have their own metadata, give it as a path");
  }
  if (fs::is_directory(line.path, ignored)) return Invalid(line.name + " is a folder; a manifest names files");
  return line;
}

/// Visits the files and captions of one manifest.
class ManifestVisitor {
 public:
  ManifestVisitor(fs::path file, Scanner& scanner, const InputVisitor& visit)
      : file_(std::move(file)), scanner_(scanner), visit_(visit) {}

  bool Run() {
    auto reader = JsonRecordReader::Open(file_);
    if (!reader) return visit_(FailedEntry(file_.string(), std::move(reader).error().message));
    JsonRecord raw;
    while (reader->Next(raw)) {
      where_ = reader->NameOf(raw);
      const auto line = ParseLine(raw, file_.parent_path());
      const bool go_on = line ? VisitLine(*line) : Refuse(line.error().message);
      if (!go_on) return false;
    }
    return true;
  }

 private:
  bool VisitLine(const ManifestLine& line) {
    std::string found_at;
    const bool go_on = scanner_.Scan(std::span(&line.path, 1), [&](const ScanEntry& found) {
      found_at = found.path.string();
      if (!found.error.empty()) return visit_(FailedEntry(found_at, fmt::format("{} ({})", found.error, Place())));
      InputEntry entry = FileEntry(found.path);
      entry.metadata = line.metadata;
      return visit_(std::move(entry));
    });
    if (!go_on) return false;
    if (found_at.empty()) return Refuse(fmt::format("{} was named before", line.name));
    for (size_t i = 0; i < line.captions.size(); ++i) {
      if (!VisitCaption(line, i, found_at)) return false;
    }
    return true;
  }

  bool VisitCaption(const ManifestLine& line, size_t index, const std::string& caption_of) {
    if (IsBlank(line.captions[index])) return Refuse(fmt::format("the caption {} is empty", index));
    return visit_(CaptionEntry(fmt::format("{}#{}.{}", file_.string(), line.name, index), line.captions[index],
                               caption_of, Metadata{}));
  }

  std::string Place() const { return fmt::format("{} of {}", where_, file_.string()); }
  bool Refuse(std::string_view why) { return visit_(FailedEntry(file_.string(), fmt::format("{}: {}", where_, why))); }

  const fs::path file_;
  Scanner& scanner_;
  const InputVisitor& visit_;
  std::string where_;
};

}  // namespace

bool VisitManifest(const fs::path& file, Scanner& scanner, const InputVisitor& visit) {
  std::error_code error;
  fs::path canonical = fs::canonical(file, error);
  return ManifestVisitor(error ? fs::absolute(file, error) : std::move(canonical), scanner, visit).Run();
}

}  // namespace sightline::indexer
