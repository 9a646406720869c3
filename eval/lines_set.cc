// SPDX-License-Identifier: BSD-3-Clause
#include "eval/lines_set.h"

#include <string>
#include <utility>

#include "eval/json_stream_internal.h"
#include "eval/set_builder.h"
#include "eval/set_file.h"
#include "eval/video_files.h"

namespace sightline::eval {
namespace {

// The one of `keys` that a line has.
Result<std::string> OneOf(const StreamedRecord& record, const std::vector<std::string>& keys) {
  std::string found;
  std::string names;
  for (const std::string& key : keys) {
    names.append(names.empty() ? "\"" : " or \"").append(key).append("\"");
    if (!record.fields.contains(key)) continue;
    if (!found.empty()) return WrongRecord(record, "both \"" + found + "\" and \"" + key + "\"");
    found = key;
  }
  if (found.empty()) return WrongRecord(record, "no " + names);
  return found;
}

Status AddCaption(const StreamedRecord& record, const boost::json::value& caption, size_t image, SetBuilder& builder) {
  if (!caption.is_string()) return WrongRecord(record, "a caption is not a text");
  builder.AddCaptionOnce(std::string(caption.get_string()), image, record.where);
  return {};
}

Result<bool> AddLine(const StreamedRecord& record, SetBuilder& builder) {
  SL_ASSIGN_OR_RETURN(const std::string path_key, OneOf(record, {"image", "video", "img_path"}));
  SL_ASSIGN_OR_RETURN(const std::string caption_key, OneOf(record, {"caption", "sentences"}));
  SL_ASSIGN_OR_RETURN(std::string path, TextOf(record, path_key));
  if (path_key == "video") builder.SetVideos();
  const size_t image = builder.ImageOf(std::move(path), record.where);
  const boost::json::value& captions = record.fields.at(caption_key);
  if (!captions.is_array()) {
    SL_RETURN_IF_ERROR(AddCaption(record, captions, image, builder));
    return true;
  }
  for (const boost::json::value& caption : captions.get_array()) {
    SL_RETURN_IF_ERROR(AddCaption(record, caption, image, builder));
  }
  return true;
}

}  // namespace

Result<RetrievalSet> ParseJsonLinesSet(ByteChunks chunks) {
  SetBuilder builder;
  SL_RETURN_IF_ERROR(StreamLines(std::move(chunks), {"image", "video", "img_path", "caption", "sentences"},
                                 [&builder](const StreamedRecord& record) { return AddLine(record, builder); }));
  RetrievalSet set = std::move(builder).Release();
  set.has_videos = set.has_videos || NamesVideos(set);
  return set;
}

Result<RetrievalSet> ReadJsonLinesSet(const std::filesystem::path& path) {
  return ReadSetFile(path, ParseJsonLinesSet);
}

}  // namespace sightline::eval
