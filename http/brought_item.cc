// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/sha256.h"
#include "http/base64.h"
#include "http/brought_item_internal.h"
#include "http/json_internal.h"
#include "http/media_type.h"
#include "http/multipart.h"
#include "indexer/metadata_text.h"

namespace sightline::http {
namespace {

namespace json = boost::json;

constexpr size_t kMaxCaptionId = 1024;

tl::unexpected<Problem> Refuse(ErrorCode code, std::string message, std::string field) {
  return tl::make_unexpected(Problem(code, std::move(message), std::move(field)));
}

bool IsCaptionId(std::string_view id) {
  return !id.empty() && id.size() <= kMaxCaptionId &&
         std::none_of(id.begin(), id.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
}

// Where an upload will lie, by what it is and holds.
ProblemOr<BroughtFile> Upload(const Api& api, const HostedCollection& hosted, std::string_view content,
                              const std::string& field) {
  const auto type = MediaTypeOf(std::as_bytes(std::span(content.substr(0, kMediaTypeBytes))));
  if (!type) {
    Problem problem(ErrorCode::kUnsupported, "the file is neither a picture nor a video that can be read", field);
    problem.status = 415;
    return tl::make_unexpected(std::move(problem));
  }
  BroughtFile brought;
  brought.content = content;
  brought.path = api.media.PathOf(hosted.name, content, type->extension);
  return brought;
}

// What was sent as a form: `file`, and perhaps `metadata`.
ProblemOr<BroughtItem> ReadForm(const Api& api, const HostedCollection& hosted, const Request& request) {
  SL_ASSIGN_OR_RETURN(const auto parts,
                      ParseMultipart(request.headers.Find("Content-Type").value_or(""), request.body));
  const FormPart* file = nullptr;
  std::string metadata_json;
  for (const FormPart& part : parts) {
    if (part.name == "file" && file == nullptr) {
      file = &part;
    } else if (part.name == "metadata" && metadata_json.empty()) {
      metadata_json = part.content;
    } else {
      return Refuse(ErrorCode::kInvalidArgument, "a form may have one part \"file\" and one part \"metadata\"",
                    part.name);
    }
  }
  if (file == nullptr || file->content.empty()) {
    return Refuse(ErrorCode::kInvalidArgument, "the form has no part \"file\" with a picture or a video", "file");
  }
  std::optional<Metadata> metadata;
  if (!metadata_json.empty()) {
    SL_ASSIGN_OR_PROBLEM(metadata, ParseMetadataField(metadata_json, "metadata"));
  }
  SL_ASSIGN_OR_PROBLEM(BroughtFile brought, Upload(api, hosted, file->content, "file"));
  brought.metadata_json = std::move(metadata_json);
  brought.metadata = std::move(metadata);
  return BroughtItem{std::move(brought), "file"};
}

// The fields of a JSON body; which of them are there says what is added.
struct ItemBody {
  std::optional<std::string> path;
  std::optional<std::string> content_base64;
  std::optional<std::string> name;
  std::optional<std::string> text;
  std::optional<std::string> id;
  uint64_t item_id = 0;
  std::string metadata_json;  // Empty: none.

  ProblemOr<void> Read(const json::object& body) {
    ObjectReader reader(body, "");
    reader.Text("path", &path);
    reader.Text("content_base64", &content_base64);
    reader.Text("name", &name);
    reader.Words("text", &text);
    reader.Text("id", &id);
    reader.Integer("item_id", 1, UINT64_MAX, &item_id);
    if (const json::object* object = reader.Object("metadata")) metadata_json = json::serialize(*object);
    if (int{path.has_value()} + int{content_base64.has_value()} + int{text.has_value()} != 1) {
      reader.Reject("path", "give one of path, content_base64 and text");
    }
    if (name && !content_base64) reader.Reject("name", "goes with content_base64");
    if (id && !text) reader.Reject("id", "goes with text");
    if (id && !IsCaptionId(*id)) reader.Reject("id", "must have 1 to 1024 bytes and no control characters");
    if (item_id != 0 && !text) reader.Reject("item_id", "goes with text");
    return reader.Finish();
  }
};

ProblemOr<BroughtFile> Registration(const Api& api, const std::string& path) {
  auto resolved = api.roots.Resolve(path);
  if (!resolved) return Refuse(resolved.error().code, resolved.error().message, "/path");
  BroughtFile brought;
  brought.path = *std::move(resolved);
  return brought;
}

ProblemOr<BroughtFile> UploadInJson(const Api& api, const HostedCollection& hosted, std::string_view base64) {
  auto bytes = DecodeBase64(base64);
  if (!bytes || bytes->empty()) {
    return Refuse(ErrorCode::kInvalidArgument, "not the bytes of a file in base64", "/content_base64");
  }
  const auto decoded = std::make_shared<const std::string>(*std::move(bytes));
  SL_ASSIGN_OR_PROBLEM(BroughtFile brought, Upload(api, hosted, *decoded, "/content_base64"));
  brought.decoded = decoded;
  return brought;
}

// The path by which the item that is described is known.
ProblemOr<std::string> PathOfItem(const HostedCollection& hosted, uint64_t item_id) {
  const ItemId id{item_id};
  SL_ASSIGN_OR_RETURN(const auto items, hosted.collection->records().GetItems(std::span(&id, 1)));
  if (items[0]) return items[0]->paths.front().path;
  return Refuse(ErrorCode::kNotFound, fmt::format("collection \"{}\" has no item {}", hosted.name, item_id),
                "/item_id");
}

// Without an id of its own a caption is known by what it says about what.
std::string IdOfCaption(const indexer::GivenCaption& caption) {
  Sha256 sha;
  sha.Update(fmt::format("{}\n", caption.words.size()));
  sha.Update(caption.words);
  sha.Update(caption.caption_of);
  const Sha256Digest digest = sha.Finish();
  return ToHex(std::span(digest).first(16));
}

ProblemOr<indexer::GivenCaption> Caption(const HostedCollection& hosted, const ItemBody& body,
                                         const Metadata& metadata) {
  indexer::GivenCaption caption = {.path = {}, .words = *body.text, .caption_of = {}, .metadata = metadata};
  for (const std::string_view key : {metadata_key::kText, metadata_key::kCaptionOf}) {
    if (!metadata.contains(key)) continue;
    return Refuse(ErrorCode::kInvalidArgument, fmt::format("\"{}\": Sightline fills this key of captions", key),
                  JsonPointer("/metadata", key));
  }
  if (body.item_id != 0) {
    SL_ASSIGN_OR_PROBLEM(caption.caption_of, PathOfItem(hosted, body.item_id));
  }
  caption.path = fmt::format("caption://{}", body.id ? *body.id : IdOfCaption(caption));
  return caption;
}

ProblemOr<BroughtItem> ReadJson(const Api& api, const HostedCollection& hosted, const Request& request) {
  ItemBody body;
  {
    SL_ASSIGN_OR_PROBLEM(const json::object object, ParseJsonBody(request));
    SL_RETURN_IF_PROBLEM(body.Read(object));
  }
  std::optional<Metadata> metadata;
  if (!body.metadata_json.empty()) {
    SL_ASSIGN_OR_PROBLEM(metadata, ParseMetadataField(body.metadata_json, "/metadata"));
  }
  if (body.text) {
    SL_ASSIGN_OR_PROBLEM(auto caption, Caption(hosted, body, metadata.value_or(Metadata())));
    return BroughtItem{std::move(caption), "/text"};
  }
  SL_ASSIGN_OR_PROBLEM(BroughtFile brought,
                       body.path ? Registration(api, *body.path) : UploadInJson(api, hosted, *body.content_base64));
  brought.metadata_json = std::move(body.metadata_json);
  brought.metadata = std::move(metadata);
  return BroughtItem{std::move(brought), body.path ? "/path" : "/content_base64"};
}

}  // namespace

ProblemOr<Metadata> ParseMetadataField(const std::string& text, const std::string& field) {
  if (text.size() > kMaxMetadataBytes) {
    return Refuse(ErrorCode::kInvalidArgument,
                  fmt::format("metadata of {} bytes, more than {}", text.size(), kMaxMetadataBytes), field);
  }
  auto metadata = indexer::ParseMetadata(text);
  if (metadata) return *std::move(metadata);
  return Refuse(metadata.error().code, metadata.error().message, field);
}

ProblemOr<BroughtItem> ReadBroughtItem(const Api& api, const HostedCollection& hosted, const Request& request) {
  const bool is_form = IsMultipart(request.headers.Find("Content-Type").value_or(""));
  return is_form ? ReadForm(api, hosted, request) : ReadJson(api, hosted, request);
}

}  // namespace sightline::http
