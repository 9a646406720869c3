// SPDX-License-Identifier: BSD-3-Clause
#include "eval/retrieval_set.h"

#include <boost/json.hpp>

#include "base/file_io.h"
#include "base/guard.h"

namespace sightline::eval {
namespace {

constexpr uint64_t kMaxFileBytes = 1'000'000'000;

Status AddEntry(const boost::json::value& entry, RetrievalSet& set) {
  const std::string where = "entry " + std::to_string(set.images.size()) + " of the evaluation set: ";
  const boost::json::object* object = entry.if_object();
  if (object == nullptr) return Fail(ErrorCode::kInvalidArgument, where + "not an object");
  const boost::json::value* image = object->if_contains("image");
  const boost::json::value* captions = object->if_contains("caption");
  if (image == nullptr || !image->is_string() || image->as_string().empty()) {
    return Fail(ErrorCode::kInvalidArgument, where + "\"image\" is not a path");
  }
  if (captions == nullptr || !captions->is_array()) {
    return Fail(ErrorCode::kInvalidArgument, where + "\"caption\" is not a list");
  }
  for (const boost::json::value& caption : captions->as_array()) {
    if (!caption.is_string()) return Fail(ErrorCode::kInvalidArgument, where + "a caption is not a string");
    set.captions.push_back({.text = std::string(caption.as_string()), .image = set.images.size()});
  }
  set.images.emplace_back(image->as_string());
  return {};
}

}  // namespace

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
