// SPDX-License-Identifier: BSD-3-Clause
#include "eval/coco_set.h"

#include <string>
#include <utility>

#include "eval/caption_join.h"
#include "eval/json_stream_internal.h"
#include "eval/set_file.h"

namespace sightline::eval {
namespace {

enum List : size_t { kImages, kAnnotations };

Result<bool> AddImage(const StreamedRecord& record, CaptionJoin& join) {
  SL_ASSIGN_OR_RETURN(std::string id, IdOf(record, "id"));
  SL_ASSIGN_OR_RETURN(std::string name, TextOf(record, "file_name"));
  SL_RETURN_IF_ERROR(join.AddImage({.id = std::move(id), .path = std::move(name), .where = record.where}));
  return true;
}

Result<bool> AddAnnotation(const StreamedRecord& record, CaptionJoin& join) {
  SL_ASSIGN_OR_RETURN(std::string id, IdOf(record, "image_id"));
  const boost::json::value* caption = record.fields.if_contains("caption");
  if (caption == nullptr || !caption->is_string()) return WrongRecord(record, "\"caption\" is not a text");
  join.AddCaption({.image_id = std::move(id), .text = std::string(caption->get_string()), .where = record.where});
  return true;
}

}  // namespace

Result<RetrievalSet> ParseCocoCaptions(ByteChunks chunks) {
  CaptionJoin join;
  const RecordShape shape = {.lists = {"images", "annotations"}, .keys = {"id", "file_name", "image_id", "caption"}};
  SL_ASSIGN_OR_RETURN(const auto seen, StreamRecords(std::move(chunks), shape, [&](const StreamedRecord& record) {
                        return record.list == kImages ? AddImage(record, join) : AddAnnotation(record, join);
                      }));
  for (const List list : {kImages, kAnnotations}) {
    if (seen[list]) continue;
    return Fail(ErrorCode::kInvalidArgument, "not COCO captions: no list \"" + shape.lists[list] + "\"");
  }
  return std::move(join).Join("image_id");
}

Result<RetrievalSet> ReadCocoCaptions(const std::filesystem::path& path) {
  return ReadSetFile(path, ParseCocoCaptions);
}

}  // namespace sightline::eval
