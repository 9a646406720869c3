// SPDX-License-Identifier: BSD-3-Clause
#include "eval/karpathy_set.h"

#include <string>
#include <utility>

#include "eval/json_stream_internal.h"
#include "eval/set_builder.h"
#include "eval/set_file.h"
#include "eval/splits.h"

namespace sightline::eval {
namespace {

Result<std::string> PathOf(const StreamedRecord& record) {
  SL_ASSIGN_OR_RETURN(const std::string name, TextOf(record, "filename"));
  const boost::json::value* folder = record.fields.if_contains("filepath");
  if (folder == nullptr) return name;
  if (!folder->is_string()) return WrongRecord(record, "\"filepath\" is not a text");
  return (std::filesystem::path(std::string(folder->get_string())) / name).string();
}

Status AddSentences(const StreamedRecord& record, size_t image, SetBuilder& builder) {
  const boost::json::value* sentences = record.fields.if_contains("sentences");
  if (sentences == nullptr || !sentences->is_array()) return WrongRecord(record, "\"sentences\" is not a list");
  for (const boost::json::value& sentence : sentences->get_array()) {
    const boost::json::object* object = sentence.if_object();
    const boost::json::value* raw = object == nullptr ? nullptr : object->if_contains("raw");
    if (raw == nullptr || !raw->is_string()) return WrongRecord(record, "a sentence without \"raw\" text");
    builder.AddCaption(std::string(raw->get_string()), image, record.where);
  }
  return {};
}

Result<bool> AddEntry(const StreamedRecord& record, SplitFilter& splits, SetBuilder& builder) {
  std::string split;
  if (!splits.takes_all() || record.fields.contains("split")) {
    SL_ASSIGN_OR_RETURN(split, TextOf(record, "split"));
  }
  if (!splits.Take(split)) return true;
  SL_ASSIGN_OR_RETURN(std::string path, PathOf(record));
  SL_ASSIGN_OR_RETURN(const size_t image, builder.AddImage(std::move(path), record.where));
  SL_RETURN_IF_ERROR(AddSentences(record, image, builder));
  return true;
}

}  // namespace

Result<RetrievalSet> ParseKarpathyJson(ByteChunks chunks, std::string_view split) {
  SetBuilder builder;
  SplitFilter splits(split);
  const RecordShape shape = {.lists = {"images"}, .keys = {"filename", "filepath", "split", "sentences", "raw"}};
  SL_ASSIGN_OR_RETURN(const auto seen, StreamRecords(std::move(chunks), shape, [&](const StreamedRecord& record) {
                        return AddEntry(record, splits, builder);
                      }));
  if (!seen[0]) return Fail(ErrorCode::kInvalidArgument, "not a split file: it has no list \"images\"");
  SL_RETURN_IF_ERROR(splits.Check());
  return std::move(builder).Release();
}

Result<RetrievalSet> ReadKarpathyJson(const std::filesystem::path& path, std::string_view split) {
  return ReadSetFile(path, [split](ByteChunks chunks) { return ParseKarpathyJson(std::move(chunks), split); });
}

}  // namespace sightline::eval
