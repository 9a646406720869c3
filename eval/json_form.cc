// SPDX-License-Identifier: BSD-3-Clause
#include "eval/json_form.h"

#include <optional>
#include <utility>

#include "eval/json_stream_internal.h"

namespace sightline::eval {
namespace {

enum List : size_t { kRoot, kImages, kAnnotations, kVideos, kSentences };

JsonForm FormWith(const StreamedRecord& record) {
  switch (static_cast<List>(record.list)) {
    case kRoot:
      return JsonForm::kX2vlm;
    case kImages:
      return record.fields.contains("file_name") ? JsonForm::kCocoCaptions : JsonForm::kKarpathy;
    case kAnnotations:
      return JsonForm::kCocoCaptions;
    case kVideos:
    case kSentences:
      return JsonForm::kMsrvtt;
  }
  return JsonForm::kX2vlm;
}

// Of a file without records.
std::optional<JsonForm> FormWith(const std::vector<bool>& seen) {
  if (seen[kRoot]) return JsonForm::kX2vlm;
  if (seen[kAnnotations]) return JsonForm::kCocoCaptions;
  if (seen[kImages]) return JsonForm::kKarpathy;
  if (seen[kVideos] || seen[kSentences]) return JsonForm::kMsrvtt;
  return std::nullopt;
}

}  // namespace

Result<JsonForm> RecogniseJsonForm(ByteChunks chunks) {
  const RecordShape shape = {.lists = {"", "images", "annotations", "videos", "sentences"}, .keys = {"file_name"}};
  std::optional<JsonForm> form;
  SL_ASSIGN_OR_RETURN(const auto seen, StreamRecords(std::move(chunks), shape, [&form](const StreamedRecord& record) {
                        form = FormWith(record);
                        return Result<bool>(false);
                      }));
  if (!form) form = FormWith(seen);
  if (form) return *form;
  return Fail(ErrorCode::kInvalidArgument,
              "no evaluation set: neither an array, nor an object with \"images\", \"annotations\" or \"videos\"");
}

Result<JsonForm> RecogniseJsonForm(const std::filesystem::path& path) {
  SL_ASSIGN_OR_RETURN(ByteChunks chunks, ByteChunks::OfFile(path));
  auto form = RecogniseJsonForm(std::move(chunks));
  if (!form) return Annotate(std::move(form).error(), path.string());
  return form;
}

}  // namespace sightline::eval
