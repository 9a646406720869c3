// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/caption_source.h"

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
#include "indexer/seen_names.h"

namespace sightline::indexer {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

/// What one record says.
struct CaptionRecord {
  std::string id;                  ///< Empty: none given.
  std::vector<std::string> words;  ///< One per caption.
  bool is_list = false;
  std::string caption_of;  ///< Empty: nothing.
  Metadata metadata;
};

tl::unexpected<Error> Invalid(std::string message) { return Fail(ErrorCode::kInvalidArgument, std::move(message)); }

const json::value* FirstOf(const json::object& object, std::initializer_list<std::string_view> keys) {
  for (const std::string_view key : keys) {
    const json::value* value = object.if_contains(json::string_view(key.data(), key.size()));
    if (value != nullptr && !value->is_null()) return value;
  }
  return nullptr;
}

Result<std::string> IdOf(const json::object& object) {
  const json::value* id = FirstOf(object, {"id"});
  if (id == nullptr) return std::string();
  if (const json::string* text = id->if_string(); text != nullptr && !text->empty()) return std::string(ViewOf(*text));
  if (id->is_int64() || id->is_uint64()) return json::serialize(*id);
  return Invalid("\"id\" must be text or an integer");
}

Status ReadWords(const json::object& object, CaptionRecord& record) {
  const json::value* words = FirstOf(object, {"text", "caption", "captions"});
  if (words == nullptr) return Invalid("no \"text\", \"caption\" or \"captions\"");
  if (const json::string* text = words->if_string()) {
    record.words.emplace_back(ViewOf(*text));
    return {};
  }
  const json::array* list = words->if_array();
  if (list == nullptr) return Invalid("the caption must be text or a list of texts");
  record.is_list = true;
  for (const json::value& one : *list) {
    if (!one.is_string()) return Invalid("the caption must be text or a list of texts");
    record.words.emplace_back(ViewOf(one.get_string()));
  }
  if (record.words.empty()) return Invalid("the list of captions is empty");
  return {};
}

Status ReadItem(const json::object& object, const fs::path& folder, CaptionRecord& record) {
  const json::value* item = FirstOf(object, {"item", "image", "video", "file"});
  if (item == nullptr) return {};
  const json::string* path = item->if_string();
  if (path == nullptr) return Invalid("what the caption describes must be a path");
  SL_ASSIGN_OR_RETURN(record.caption_of, ItemLocation(folder, ViewOf(*path)));
  return {};
}

Status ReadMetadata(const json::object& object, CaptionRecord& record) {
  const json::value* metadata = FirstOf(object, {"metadata"});
  if (metadata == nullptr) return {};
  if (!metadata->is_object()) return Invalid("\"metadata\" must be an object");
  SL_ASSIGN_OR_RETURN(record.metadata, MetadataFromJson(metadata->get_object(), UnknownValues::kRefuse));
  for (const std::string_view key : {metadata_key::kText, metadata_key::kCaptionOf}) {
    if (record.metadata.contains(key)) return Invalid(fmt::format("\"{}\": Sightline fills this key of captions", key));
  }
  return {};
}

Result<CaptionRecord> ParseRecord(const JsonRecord& raw, const fs::path& folder) {
  if (!raw.error.empty()) return Invalid(raw.error);
  SL_ASSIGN_OR_RETURN(const json::object object, ParseJsonObject(raw.text));
  CaptionRecord record;
  SL_ASSIGN_OR_RETURN(record.id, IdOf(object));
  SL_RETURN_IF_ERROR(ReadWords(object, record));
  SL_RETURN_IF_ERROR(ReadItem(object, folder, record));
  SL_RETURN_IF_ERROR(ReadMetadata(object, record));
  if (record.id.empty()) record.id = std::to_string(raw.number);
  return record;
}

/// Visits the captions of one file.
class CaptionVisitor {
 public:
  CaptionVisitor(fs::path file, const InputVisitor& visit) : file_(std::move(file)), visit_(visit) {}

  bool Run() {
    auto reader = JsonRecordReader::Open(file_);
    if (!reader) return visit_(FailedEntry(file_.string(), std::move(reader).error().message));
    JsonRecord raw;
    while (reader->Next(raw)) {
      where_ = reader->NameOf(raw);
      auto record = ParseRecord(raw, file_.parent_path());
      const bool go_on = record ? VisitRecord(*std::move(record)) : Refuse(std::move(record).error().message);
      if (!go_on) return false;
    }
    return true;
  }

 private:
  bool VisitRecord(CaptionRecord record) {
    for (size_t i = 0; i < record.words.size(); ++i) {
      const std::string id = record.is_list ? fmt::format("{}.{}", record.id, i) : record.id;
      if (!VisitCaption(record, id, std::move(record.words[i]))) return false;
    }
    return true;
  }

  bool VisitCaption(const CaptionRecord& record, const std::string& id, std::string words) {
    if (IsBlank(words)) return Refuse(fmt::format("the caption {} is empty", id));
    if (!seen_.Insert(id)) return Refuse(fmt::format("the id {} came before in this file", id));
    return visit_(
        CaptionEntry(fmt::format("{}#{}", file_.string(), id), std::move(words), record.caption_of, record.metadata));
  }

  bool Refuse(std::string_view why) { return visit_(FailedEntry(file_.string(), fmt::format("{}: {}", where_, why))); }

  const fs::path file_;
  const InputVisitor& visit_;
  std::string where_;
  SeenNames seen_;
};

}  // namespace

bool VisitCaptions(const fs::path& file, const InputVisitor& visit) {
  std::error_code error;
  fs::path canonical = fs::canonical(file, error);
  return CaptionVisitor(error ? fs::absolute(file, error) : std::move(canonical), visit).Run();
}

}  // namespace sightline::indexer
