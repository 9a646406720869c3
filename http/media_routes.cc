// SPDX-License-Identifier: BSD-3-Clause
#include <array>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "http/accept.h"
#include "http/api_internal.h"
#include "http/media_type.h"
#include "indexer/item_kind.h"
#include "media/image.h"
#include "media/tar_reader.h"
#include "media/video_reader.h"
#include "query/stills.h"

namespace sightline::http {
namespace {

using indexer::ItemKind;

constexpr std::string_view kJpeg = "image/jpeg";
constexpr int kThumbnailSide = 320;
constexpr int kThumbnailQuality = 80;
constexpr int kFrameQuality = 90;
constexpr uint64_t kMinSide = 16;
constexpr uint64_t kMaxSide = 8192;

// Items keep their ids when their content changes, so a cache has to ask again; with the tag that costs it little.
constexpr std::string_view kCacheControl = "private, no-cache";

tl::unexpected<Problem> NotFound(std::string message) {
  return tl::make_unexpected(Problem(ErrorCode::kNotFound, std::move(message)));
}

// What cannot be decoded is no failure of the server.
template <typename T>
ProblemOr<T> Shown(Result<T> made) {
  if (made) return *std::move(made);
  const bool is_file = made.error().code == ErrorCode::kCorruption || made.error().code == ErrorCode::kUnsupported;
  Problem problem(std::move(made).error());
  if (is_file) problem.status = 422;
  return tl::make_unexpected(std::move(problem));
}

Response PictureResponse(std::string bytes, std::string_view mime, std::string etag) {
  Response response = {.status = 200, .headers = {}, .body = std::move(bytes)};
  response.headers.Set("Content-Type", std::string(mime));
  response.headers.Set("ETag", std::move(etag));
  response.headers.Set("Cache-Control", std::string(kCacheControl));
  return response;
}

std::string StringOf(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Where an item's bytes are, opened, and what they are.
struct OpenMedia {
  std::string path;
  std::shared_ptr<ContentReader> content;
  MediaType type;
};

// Note [What is served]
// An item's path says what was indexed, by somebody who may read this machine's files, and not what lies there now; an
// imported item's was never read here at all. So a file is served only while it has the size that was stored and
// begins as a picture or a video does, and both are asked of the file that is open, not of its name.
Result<OpenMedia> OpenPath(const storage::ItemPath& path) {
  SL_ASSIGN_OR_RETURN(const media::Source source, media::OpenLocation(path.path));
  SL_ASSIGN_OR_RETURN(auto content, OpenContent(source));
  if (content->size() != path.size_bytes) return Fail(ErrorCode::kNotFound, "it is not the file that was indexed");
  std::array<std::byte, kMediaTypeBytes> buffer{};
  const auto start = std::span(buffer).first(std::min<size_t>(buffer.size(), content->size()));
  SL_RETURN_IF_ERROR(content->ReadAt(0, start));
  const auto type = MediaTypeOf(start);
  if (!type) return Fail(ErrorCode::kUnsupported, "it is neither a picture nor a video");
  return OpenMedia{.path = path.path, .content = std::move(content), .type = *type};
}

ProblemOr<OpenMedia> OpenItem(const storage::ItemRecord& item) {
  const ItemKind kind = indexer::KindOf(item);
  if (kind == ItemKind::kCaption || kind == ItemKind::kVector) {
    return NotFound(fmt::format("item {} is a {}: it has no file", item.id.value, NameOf(kind)));
  }
  for (const storage::ItemPath& path : item.paths) {
    auto opened = OpenPath(path);
    if (opened) return *std::move(opened);
  }
  return NotFound(fmt::format("the file of item {} is gone, or is another one now", item.id.value));
}

ProblemOr<UnitId> UnitOf(const storage::ItemRecord& item, const Request& request) {
  if (item.units.empty()) return NotFound(fmt::format("item {} has no units", item.id.value));
  SL_ASSIGN_OR_PROBLEM(const uint64_t asked, QueryInteger(request, "unit", 1, UINT64_MAX, item.units[0].value));
  if (std::find(item.units.begin(), item.units.end(), UnitId{asked}) != item.units.end()) return UnitId{asked};
  return NotFound(fmt::format("item {} has no unit {}", item.id.value, asked));
}

// For a collection that keeps no thumbnails, or an item that came without: made of the file.
ProblemOr<std::string> MakeThumbnail(const storage::Collection& collection, const storage::ItemRecord& item, UnitId id,
                                     const Limits& limits) {
  SL_ASSIGN_OR_PROBLEM(const OpenMedia opened, OpenItem(item));
  if (indexer::KindOf(item) == ItemKind::kPicture) {
    SL_ASSIGN_OR_RETURN(const media::Source source, media::OpenLocation(opened.path));
    SL_ASSIGN_OR_PROBLEM(const ImageRgb8 picture, Shown(media::DecodeImage(source, {.limits = limits})));
    SL_ASSIGN_OR_RETURN(const auto bytes, media::MakeThumbnailJpeg(picture, kThumbnailSide, kThumbnailQuality));
    return StringOf(bytes);
  }
  SL_ASSIGN_OR_RETURN(const auto units, collection.records().GetUnits(std::span(&id, 1)));
  if (!units[0]) return NotFound(fmt::format("unit {} was removed", id.value));
  query::Hit hit;
  hit.item = item.id;
  hit.unit = id;
  hit.type = units[0]->type;
  hit.path = opened.path;
  hit.range = units[0]->range;
  SL_ASSIGN_OR_RETURN(const auto stills, query::MakeStills(std::span(&hit, 1), collection.records(),
                                                           {.max_side = kThumbnailSide, .limits = limits}));
  if (stills[0].empty()) return NotFound(fmt::format("unit {} has nothing that can be shown", id.value));
  return StringOf(stills[0]);
}

ProblemOr<Response> Thumbnail(const Api& api, const Request& request) {
  SL_RETURN_IF_PROBLEM(CheckQuery(request, {"unit"}));
  SL_ASSIGN_OR_RETURN(const auto hosted, CollectionOf(api.host, request));
  SL_ASSIGN_OR_RETURN(const storage::ItemRecord item, ItemOf(*hosted, request));
  SL_ASSIGN_OR_PROBLEM(const UnitId unit, UnitOf(item, request));
  SL_ASSIGN_OR_RETURN(const auto stored, hosted->collection->records().GetThumbnails(std::span(&unit, 1)));
  std::string bytes;
  if (stored[0] && !stored[0]->empty()) {
    bytes = StringOf(*stored[0]);
  } else {
    SL_ASSIGN_OR_PROBLEM(bytes, MakeThumbnail(*hosted->collection, item, unit, request.limits));
  }
  std::string etag = EtagOf(bytes);
  return PictureResponse(std::move(bytes), kJpeg, std::move(etag));
}

std::string EtagOfItem(const storage::ItemRecord& item, std::string_view what) {
  return fmt::format("\"{}-{}\"", ToHex(item.hash), what);
}

ProblemOr<Response> Media(const Api& api, const Request& request) {
  SL_RETURN_IF_PROBLEM(CheckQuery(request, {}));
  SL_ASSIGN_OR_RETURN(const auto hosted, CollectionOf(api.host, request));
  SL_ASSIGN_OR_RETURN(const storage::ItemRecord item, ItemOf(*hosted, request));
  SL_ASSIGN_OR_PROBLEM(OpenMedia opened, OpenItem(item));
  // What the file is shows when it is open.
  if (auto refused = CheckAcceptable(request.headers, std::span(&opened.type.mime, 1))) {
    return tl::make_unexpected(*std::move(refused));
  }
  Response response = {.status = 200, .headers = {}, .body = std::move(opened.content)};
  response.headers.Set("Content-Type", std::string(opened.type.mime));
  response.headers.Set("ETag", EtagOfItem(item, "file"));
  response.headers.Set("Cache-Control", std::string(kCacheControl));
  return response;
}

ProblemOr<std::string> ReadFrame(const std::string& path, int64_t time_us, int side, const Limits& limits) {
  SL_ASSIGN_OR_RETURN(const media::Source source, media::OpenLocation(path));
  SL_ASSIGN_OR_PROBLEM(const auto reader, Shown(media::VideoReader::Open(source, {.limits = limits})));
  const int64_t end_us = reader->info().duration_us;
  if (time_us > end_us) {
    return tl::make_unexpected(Problem(ErrorCode::kInvalidArgument,
                                       fmt::format("the video ends at {:.3f} s", static_cast<double>(end_us) / 1e6),
                                       "t"));
  }
  SL_ASSIGN_OR_PROBLEM(const std::vector<media::VideoFrame> frames,
                       Shown(reader->FramesAt(std::vector{time_us}, media::FrameAccess::kExact)));
  const ImageRgb8& picture = frames.front().picture;
  const int longest = std::max(picture.width, picture.height);
  SL_ASSIGN_OR_RETURN(const auto bytes,
                      media::MakeThumbnailJpeg(picture, side > 0 ? std::min(side, longest) : longest, kFrameQuality));
  return StringOf(bytes);
}

ProblemOr<Response> Frame(const Api& api, const Request& request) {
  SL_RETURN_IF_PROBLEM(CheckQuery(request, {"t", "max_side"}));
  SL_ASSIGN_OR_PROBLEM(const int64_t time_us, QuerySeconds(request, "t"));
  SL_ASSIGN_OR_PROBLEM(const uint64_t side, QueryInteger(request, "max_side", kMinSide, kMaxSide, 0));
  SL_ASSIGN_OR_RETURN(const auto hosted, CollectionOf(api.host, request));
  SL_ASSIGN_OR_RETURN(const storage::ItemRecord item, ItemOf(*hosted, request));
  if (const ItemKind kind = indexer::KindOf(item); kind != ItemKind::kVideo) {
    return NotFound(fmt::format("item {} is a {}: it has no frames", item.id.value, NameOf(kind)));
  }
  SL_ASSIGN_OR_PROBLEM(const OpenMedia opened, OpenItem(item));
  std::string etag = EtagOfItem(item, fmt::format("{}-{}", time_us, side));
  // Decoding is what costs; a client that has the frame is told so before.
  if (const auto known = request.headers.Find("If-None-Match"); known && NamesEtag(*known, etag)) {
    return Response{.status = 304,
                    .headers = {{"ETag", etag}, {"Cache-Control", std::string(kCacheControl)}},
                    .body = std::string()};
  }
  SL_ASSIGN_OR_PROBLEM(std::string bytes, ReadFrame(opened.path, time_us, static_cast<int>(side), request.limits));
  return PictureResponse(std::move(bytes), kJpeg, std::move(etag));
}

}  // namespace

void AddMediaRoutes(Router& router, const Api& api) {
  using Function = ProblemOr<Response> (*)(const Api&, const Request&);
  const auto add = [&](std::string_view what, std::string operation, std::vector<std::string_view> produces,
                       Function function) {
    router.Add({.method = Method::kGet,
                .pattern = fmt::format("/v1/items/{{c}}/{{id}}/{}", what),
                .operation = std::move(operation),
                .access = Access::kRead,
                .handler = Answer(api.pool, [api, function](const Request& request) { return function(api, request); }),
                .produces = std::move(produces)});
  };
  add("thumbnail", "get_thumbnail", {kJpeg}, Thumbnail);
  add("media", "get_media", {}, Media);
  add("frame", "get_frame", {kJpeg}, Frame);
}

}  // namespace sightline::http
