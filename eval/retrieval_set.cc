// SPDX-License-Identifier: BSD-3-Clause
#include "eval/retrieval_set.h"

#include <cstdint>
#include <limits>
#include <utility>

#include <boost/json.hpp>

#include "base/file_io.h"
#include "base/guard.h"
#include "encoder/text/caption_cleaner.h"

namespace sightline::eval {
namespace {

constexpr uint64_t kMaxFileBytes = 1'000'000'000;
constexpr int kAnyWords = std::numeric_limits<int>::max();

struct ImagePath {
  std::string path;
  bool is_video = false;
};

Result<ImagePath> PathOf(const boost::json::object& entry, const std::string& where) {
  const boost::json::value* image = entry.if_contains("image");
  const boost::json::value* video = entry.if_contains("video");
  if (image != nullptr && video != nullptr) {
    return Fail(ErrorCode::kInvalidArgument, where + "both \"image\" and \"video\"");
  }
  const boost::json::value* path = video != nullptr ? video : image;
  if (path == nullptr || !path->is_string() || path->as_string().empty()) {
    return Fail(ErrorCode::kInvalidArgument, where + "\"image\" or \"video\" is not a path");
  }
  const boost::json::value* flag = entry.if_contains("is_video");
  if (flag != nullptr && !flag->is_bool()) {
    return Fail(ErrorCode::kInvalidArgument, where + "\"is_video\" is neither true nor false");
  }
  return ImagePath{std::string(path->as_string()), video != nullptr || (flag != nullptr && flag->as_bool())};
}

Status AddEntry(const boost::json::value& entry, RetrievalSet& set) {
  const size_t number = set.images.size();
  const std::string where = "entry " + std::to_string(number) + " of the evaluation set: ";
  const boost::json::object* object = entry.if_object();
  if (object == nullptr) return Fail(ErrorCode::kInvalidArgument, where + "not an object");
  SL_ASSIGN_OR_RETURN(ImagePath image, PathOf(*object, where));
  const boost::json::value* captions = object->if_contains("caption");
  if (captions == nullptr || !captions->is_array()) {
    return Fail(ErrorCode::kInvalidArgument, where + "\"caption\" is not a list");
  }
  for (const boost::json::value& caption : captions->as_array()) {
    if (!caption.is_string()) return Fail(ErrorCode::kInvalidArgument, where + "a caption is not a string");
    AddCaption(std::string(caption.as_string()), number, "entry " + std::to_string(number), set);
  }
  set.images.push_back(std::move(image.path));
  set.has_videos = set.has_videos || image.is_video;
  return {};
}

}  // namespace

void AddCaption(std::string text, size_t image, std::string_view where, RetrievalSet& set) {
  if (const auto cleaned = encoder::CleanCaption(text, kAnyWords); !cleaned) {
    set.left_out.push_back(std::string(where).append(": ").append(cleaned.error().message));
    return;
  }
  set.captions.push_back({.text = std::move(text), .image = image});
}

Result<RetrievalSet> ParseRetrievalJson(std::string_view json) {
  return Guard("read the evaluation set", [json]() -> Result<RetrievalSet> {
    boost::json::error_code error;
    const boost::json::value root = boost::json::parse(boost::json::string_view(json.data(), json.size()), error);
    if (error) return Fail(ErrorCode::kCorruption, "the evaluation set is not JSON: " + error.message());
    const boost::json::array* entries = root.if_array();
    if (entries == nullptr) return Fail(ErrorCode::kInvalidArgument, "the evaluation set is not a JSON array");
    RetrievalSet set;
    for (const boost::json::value& entry : *entries) SL_RETURN_IF_ERROR(AddEntry(entry, set));
    return set;
  });
}

Result<RetrievalSet> ReadRetrievalJson(const std::filesystem::path& path) {
  SL_ASSIGN_OR_RETURN(const std::string json, ReadFile(path, kMaxFileBytes));
  auto set = ParseRetrievalJson(json);
  if (!set) return Annotate(std::move(set).error(), path.string());
  return set;
}

}  // namespace sightline::eval
