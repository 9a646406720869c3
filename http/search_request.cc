// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "http/json_internal.h"
#include "http/multipart.h"
#include "http/picture_input.h"
#include "http/search_request_internal.h"
#include "query/filter_parser.h"

namespace sightline::http {
namespace {

namespace json = boost::json;

// The limits of query/searcher.h, so that what is beyond them is refused with its field.
constexpr uint64_t kMaxTopK = 1000;
constexpr uint64_t kMaxRerankDepth = 1024;
constexpr uint64_t kMaxGroupSize = 100;
constexpr size_t kMaxVector = 65536;
constexpr uint64_t kMaxItemId = INT64_MAX;

constexpr std::string_view kFormRequest = "request";
constexpr std::string_view kFormImage = "image";

/// What came over the wire.
struct SearchBody {
  json::object object;
  std::optional<std::string_view> image;  ///< Of a form.
};

tl::unexpected<Problem> Refuse(std::string field, std::string message) {
  return tl::make_unexpected(Problem(ErrorCode::kInvalidArgument, std::move(message), std::move(field)));
}

ProblemOr<json::object> ParseFormRequest(std::string_view text) {
  SL_ASSIGN_OR_PROBLEM(json::value value, ParseJson(text));
  if (!value.is_object()) return Refuse(std::string(kFormRequest), "must be a JSON object");
  return std::move(value).as_object();
}

ProblemOr<SearchBody> ReadForm(std::string_view content_type, std::string_view text) {
  SL_ASSIGN_OR_RETURN(const std::vector<FormPart> parts, ParseMultipart(content_type, text));
  SearchBody body;
  for (const FormPart& part : parts) {
    if (part.name == kFormRequest) {
      SL_ASSIGN_OR_PROBLEM(body.object, ParseFormRequest(part.content));
    } else if (part.name == kFormImage) {
      body.image = part.content;
    } else {
      return Refuse(part.name, "no such part: a form has \"request\" and \"image\"");
    }
  }
  return body;
}

ProblemOr<SearchBody> ReadBody(const Request& request) {
  const std::string_view content_type = request.headers.Find("Content-Type").value_or("");
  if (IsMultipart(content_type)) return ReadForm(content_type, request.body);
  SearchBody body;
  SL_ASSIGN_OR_PROBLEM(body.object, ParseJsonBody(request));
  return body;
}

// One text for all ways of writing the same value.
void AppendCanonical(const json::value& value, std::string& out) {
  if (const json::array* array = value.if_array()) {
    out += '[';
    for (const json::value& element : *array) {
      AppendCanonical(element, out);
      out += ',';
    }
    out += ']';
    return;
  }
  const json::object* object = value.if_object();
  if (object == nullptr) {
    out += json::serialize(value);
    return;
  }
  std::vector<std::string_view> keys;
  for (const auto& member : *object) keys.emplace_back(member.key().data(), member.key().size());
  std::sort(keys.begin(), keys.end());
  out += '{';
  for (const std::string_view key : keys) {
    out += json::serialize(json::string(key));
    out += ':';
    AppendCanonical(object->at(key), out);
    out += ',';
  }
  out += '}';
}

uint64_t DigestOf(std::string_view collection, const SearchBody& body) {
  json::object asked = body.object;
  for (const char* key : {"cursor", "top_k", "explain"}) asked.erase(key);
  std::string canonical(collection);
  AppendCanonical(asked, canonical);
  if (body.image) canonical += *body.image;
  return DigestOfQuery(canonical);
}

// The picture that is looked for, wherever the request has it.
ProblemOr<void> ReadQueryPicture(const SearchBody& body, const std::optional<std::string>& base64,
                                 const std::optional<std::string>& url, const ImageFetcher& fetcher,
                                 AskedSearch& asked) {
  const Limits& limits = asked.search.limits;
  if (int{body.image.has_value()} + int{base64.has_value()} + int{url.has_value()} > 1) {
    return Refuse("/query", "more than one picture: give one of image_base64, image_url and an uploaded one");
  }
  if (body.image) {
    SL_ASSIGN_OR_PROBLEM(asked.search.query.picture, DecodePicture(*body.image, limits, std::string(kFormImage)));
    asked.subject.picture = "the uploaded picture";
  } else if (base64) {
    SL_ASSIGN_OR_PROBLEM(const std::string bytes, DecodePictureText(*base64, "/query/image_base64"));
    SL_ASSIGN_OR_PROBLEM(asked.search.query.picture, DecodePicture(bytes, limits, "/query/image_base64"));
    asked.subject.picture = "the uploaded picture";
  } else if (url) {
    SL_ASSIGN_OR_PROBLEM(const std::string bytes, FetchPicture(*url, fetcher, limits, "/query/image_url"));
    SL_ASSIGN_OR_PROBLEM(asked.search.query.picture, DecodePicture(bytes, limits, "/query/image_url"));
    asked.subject.picture = *url;
  }
  return {};
}

ProblemOr<void> ReadQuery(const SearchBody& body, const json::object* query, const ImageFetcher& fetcher,
                          AskedSearch& asked) {
  static const json::object kNone;
  ObjectReader reader(query == nullptr ? kNone : *query, "/query");
  std::optional<std::string> base64;
  std::optional<std::string> url;
  uint64_t item = 0;
  std::vector<float> vector;
  reader.Words("text", &asked.search.query.text);
  reader.Text("image_base64", &base64);
  reader.Text("image_url", &url);
  reader.Integer("item_id", 1, kMaxItemId, &item);
  reader.Floats("vector", kMaxVector, &vector);
  const bool has_vector = reader.Array("vector") != nullptr;
  SL_RETURN_IF_PROBLEM(reader.Finish());
  if (item != 0) asked.search.query.item = ItemId{item};
  asked.subject.words = asked.search.query.text.value_or("");
  asked.subject.item = item;
  if (has_vector) {
    asked.subject.vector = fmt::format("a vector of {} numbers", vector.size());
    asked.search.query.vector = std::move(vector);
  }
  return ReadQueryPicture(body, base64, url, fetcher, asked);
}

ProblemOr<Filter> ReadFilter(const json::object* filter, const std::vector<std::string>& types) {
  Filter out;
  if (filter != nullptr) {
    auto parsed = query::ParseFilter(json::serialize(*filter));
    if (!parsed) return Refuse("/filter", parsed.error().message);
    out = *std::move(parsed);
  }
  if (!out.types.empty() && !types.empty())
    return Refuse("/types", "say which types here or in the filter, not in both");
  for (size_t i = 0; i < types.size(); ++i) {
    const std::optional<UnitType> type = UnitTypeFromName(types[i]);
    if (!type) return Refuse(JsonPointer("/types", i), "must be \"image\", \"clip\" or \"text\"");
    out.types.push_back(*type);
  }
  return out;
}

ProblemOr<void> ReadRerank(const json::object* rerank, AskedSearch& asked) {
  if (rerank == nullptr) return {};
  ObjectReader reader(*rerank, "/rerank");
  // Beyond what can be asked for: it was not said.
  uint64_t depth = kMaxRerankDepth + 1;
  reader.Integer("depth", 0, kMaxRerankDepth, &depth);
  reader.Number("min_match", 0, 1, &asked.search.min_match);
  SL_RETURN_IF_PROBLEM(reader.Finish());
  asked.has_depth = depth <= kMaxRerankDepth;
  if (asked.has_depth) asked.search.rerank_depth = depth;
  return {};
}

// What every field but the query says. Leaves what is read elsewhere in the pointers.
struct OuterFields {
  const json::object* query = nullptr;
  const json::object* filter = nullptr;
  const json::object* rerank = nullptr;
  std::vector<std::string> types;
  std::optional<std::string> cursor;
};

ProblemOr<OuterFields> ReadOuter(const json::object& body, AskedSearch& asked) {
  OuterFields fields;
  ObjectReader reader(body, "");
  fields.query = reader.Object("query");
  fields.filter = reader.Object("filter");
  fields.rerank = reader.Object("rerank");
  reader.Texts("types", 3, &fields.types);
  reader.Text("cursor", &fields.cursor);
  uint64_t top_k = asked.search.top_k;
  reader.Integer("top_k", 1, kMaxTopK, &top_k);
  uint64_t group_size = asked.search.group_size;
  reader.Integer("group_size", 1, kMaxGroupSize, &group_size);
  std::optional<std::string> group_by;
  reader.Text("group_by", &group_by);
  reader.Bool("join_clips", &asked.search.join_clips);
  reader.Bool("explain", &asked.subject.explain);
  if (group_by && *group_by != "video") reader.Reject("group_by", "must be \"video\"");
  SL_RETURN_IF_PROBLEM(reader.Finish());
  asked.search.top_k = top_k;
  asked.page_size = top_k;
  asked.search.group_size = group_size;
  if (group_by) asked.search.group_by = query::GroupBy::kVideo;
  return fields;
}

// A page goes on where the one before ended, with the order of the first.
ProblemOr<void> ReadCursor(const std::string& text, AskedSearch& asked) {
  const std::optional<Cursor> cursor = ParseCursor(text);
  if (!cursor || cursor->rerank_depth > kMaxRerankDepth) return Refuse("/cursor", "not a cursor of this service");
  if (cursor->query != asked.digest) return Refuse("/cursor", "the cursor belongs to another search");
  if (cursor->offset >= kMaxTopK) return Refuse("/cursor", "there are no pages beyond the first 1,000 hits");
  asked.cursor = cursor;
  asked.search.top_k = std::min<size_t>(cursor->offset + asked.search.top_k, kMaxTopK);
  asked.search.rerank_depth = cursor->rerank_depth;
  asked.search.stop_after = cursor->read_depth;
  asked.has_depth = true;
  return {};
}

}  // namespace

ProblemOr<AskedSearch> ReadSearch(const Request& request, const ImageFetcher& fetcher) {
  AskedSearch asked;
  asked.search.limits = request.limits;
  asked.subject.collection = request.Parameter("c");
  SL_ASSIGN_OR_PROBLEM(const SearchBody body, ReadBody(request));
  SL_ASSIGN_OR_PROBLEM(const OuterFields fields, ReadOuter(body.object, asked));
  SL_RETURN_IF_PROBLEM(ReadRerank(fields.rerank, asked));
  SL_ASSIGN_OR_PROBLEM(asked.search.filter, ReadFilter(fields.filter, fields.types));
  asked.subject.min_match = asked.search.min_match;
  asked.subject.types = asked.search.filter.types;
  asked.subject.has_filter = fields.filter != nullptr;
  asked.digest = DigestOf(asked.subject.collection, body);
  if (fields.cursor) SL_RETURN_IF_PROBLEM(ReadCursor(*fields.cursor, asked));
  SL_RETURN_IF_PROBLEM(ReadQuery(body, fields.query, fetcher, asked));
  return asked;
}

}  // namespace sightline::http
