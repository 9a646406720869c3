// SPDX-License-Identifier: BSD-3-Clause
#include "eval/msrvtt_set.h"

#include <string>
#include <utility>

#include "eval/caption_join.h"
#include "eval/csv_set.h"
#include "eval/json_stream_internal.h"
#include "eval/set_file.h"
#include "eval/splits.h"

namespace sightline::eval {
namespace {

enum List : size_t { kVideos, kSentences };

Result<bool> AddVideo(const StreamedRecord& record, SplitFilter& splits, CaptionJoin& join) {
  SL_ASSIGN_OR_RETURN(const std::string id, TextOf(record, "video_id"));
  std::string split;
  if (!splits.takes_all() || record.fields.contains("split")) {
    SL_ASSIGN_OR_RETURN(split, TextOf(record, "split"));
  }
  SL_RETURN_IF_ERROR(join.AddImage({.id = id, .path = id, .where = record.where, .is_wanted = splits.Take(split)}));
  return true;
}

Result<bool> AddSentence(const StreamedRecord& record, CaptionJoin& join) {
  SL_ASSIGN_OR_RETURN(std::string id, TextOf(record, "video_id"));
  const boost::json::value* caption = record.fields.if_contains("caption");
  if (caption == nullptr || !caption->is_string()) return WrongRecord(record, "\"caption\" is not a text");
  join.AddCaption({.image_id = std::move(id), .text = std::string(caption->get_string()), .where = record.where});
  return true;
}

}  // namespace

Result<RetrievalSet> ParseMsrvttCsv(ByteChunks chunks) {
  CsvSetOptions options;
  options.image_columns = {"video_id"};
  options.caption_columns = {"sentence"};
  SL_ASSIGN_OR_RETURN(RetrievalSet set, ParseCsvSet(std::move(chunks), options));
  set.has_videos = true;
  return set;
}

Result<RetrievalSet> ParseMsrvttJson(ByteChunks chunks, std::string_view split) {
  CaptionJoin join;
  SplitFilter splits(split);
  const RecordShape shape = {.lists = {"videos", "sentences"}, .keys = {"video_id", "split", "caption"}};
  SL_ASSIGN_OR_RETURN(const auto seen, StreamRecords(std::move(chunks), shape, [&](const StreamedRecord& record) {
                        return record.list == kVideos ? AddVideo(record, splits, join) : AddSentence(record, join);
                      }));
  for (const List list : {kVideos, kSentences}) {
    if (seen[list]) continue;
    return Fail(ErrorCode::kInvalidArgument, "not MSRVTT: no list \"" + shape.lists[list] + "\"");
  }
  SL_RETURN_IF_ERROR(splits.Check());
  SL_ASSIGN_OR_RETURN(RetrievalSet set, std::move(join).Join("video_id"));
  set.has_videos = true;
  return set;
}

Result<RetrievalSet> ReadMsrvttCsv(const std::filesystem::path& path) { return ReadSetFile(path, ParseMsrvttCsv); }

Result<RetrievalSet> ReadMsrvttJson(const std::filesystem::path& path, std::string_view split) {
  return ReadSetFile(path, [split](ByteChunks chunks) { return ParseMsrvttJson(std::move(chunks), split); });
}

}  // namespace sightline::eval
