// SPDX-License-Identifier: BSD-3-Clause
#include "eval/retrieval_set.h"

#include <utility>

#include "eval/json_stream_internal.h"
#include "eval/set_builder.h"
#include "eval/set_file.h"

namespace sightline::eval {
namespace {

struct ImagePath {
  std::string path;
  bool is_video = false;
};

Result<ImagePath> PathOf(const StreamedRecord& record) {
  const bool has_video = record.fields.contains("video");
  if (has_video && record.fields.contains("image")) return WrongRecord(record, "both \"image\" and \"video\"");
  SL_ASSIGN_OR_RETURN(std::string path, TextOf(record, has_video ? "video" : "image"));
  const boost::json::value* flag = record.fields.if_contains("is_video");
  if (flag != nullptr && !flag->is_bool()) return WrongRecord(record, "\"is_video\" is neither true nor false");
  return ImagePath{std::move(path), has_video || (flag != nullptr && flag->get_bool())};
}

Result<bool> AddEntry(const StreamedRecord& record, SetBuilder& builder) {
  SL_ASSIGN_OR_RETURN(ImagePath image, PathOf(record));
  const boost::json::value* captions = record.fields.if_contains("caption");
  if (captions == nullptr || !captions->is_array()) return WrongRecord(record, "\"caption\" is not a list");
  SL_ASSIGN_OR_RETURN(const size_t number, builder.AddImage(std::move(image.path), record.where));
  if (image.is_video) builder.SetVideos();
  for (const boost::json::value& caption : captions->get_array()) {
    if (!caption.is_string()) return WrongRecord(record, "a caption is not a string");
    builder.AddCaption(std::string(caption.get_string()), number, record.where);
  }
  return true;
}

}  // namespace

Result<RetrievalSet> ParseRetrievalJson(ByteChunks json) {
  SetBuilder builder;
  const RecordShape shape = {.lists = {""}, .keys = {"image", "video", "is_video", "caption"}};
  SL_RETURN_IF_ERROR(StreamRecords(std::move(json), shape,
                                   [&builder](const StreamedRecord& record) { return AddEntry(record, builder); }));
  return std::move(builder).Release();
}

Result<RetrievalSet> ParseRetrievalJson(std::string_view json) { return ParseRetrievalJson(ByteChunks::OfText(json)); }

Result<RetrievalSet> ReadRetrievalJson(const std::filesystem::path& path) {
  return ReadSetFile(path, [](ByteChunks json) { return ParseRetrievalJson(std::move(json)); });
}

}  // namespace sightline::eval
