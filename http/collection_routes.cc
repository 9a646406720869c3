// SPDX-License-Identifier: BSD-3-Clause
#include <mutex>
#include <string>
#include <utility>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/utf8.h"
#include "http/api_internal.h"
#include "http/json_internal.h"
#include "http/record_json_internal.h"

namespace sightline::http {
namespace {

namespace json = boost::json;

constexpr size_t kMaxBody = 64 << 10;
constexpr uint64_t kMaxRows = 1'000'000'000'000;

Result<json::object> Describe(const HostedCollection& hosted) {
  SL_ASSIGN_OR_RETURN(const storage::CollectionStats stats, hosted.collection->Stats());
  return CollectionJson(hosted.name, hosted.collection->config(), stats);
}

// What a client wants a collection to be.
struct Wanted {
  std::optional<uint64_t> dim;  // Present: raw vectors.
  std::optional<storage::PatchStorage> patch_storage;
  std::optional<storage::IndexKind> kind;
  std::optional<storage::RowFormat> rows;
  std::optional<uint64_t> exact_limit;
  std::optional<uint64_t> seal_rows;

  storage::IndexOptions Applied(storage::IndexOptions options) const {
    options.kind = kind.value_or(options.kind);
    options.rows = rows.value_or(options.rows);
    options.exact_limit = exact_limit.value_or(options.exact_limit);
    options.seal_rows = seal_rows.value_or(options.seal_rows);
    return options;
  }
};

void ReadInteger(ObjectReader& reader, std::string_view key, uint64_t min, uint64_t max, std::optional<uint64_t>& out) {
  uint64_t value = UINT64_MAX;
  reader.Integer(key, min, max, &value);
  if (value != UINT64_MAX) out = value;
}

ProblemOr<void> ReadIndex(const json::object& object, Wanted& wanted) {
  ObjectReader reader(object, "/index");
  std::optional<std::string> kind;
  std::optional<std::string> rows;
  reader.Text("kind", &kind);
  reader.Text("row_format", &rows);
  ReadInteger(reader, "exact_limit", 0, kMaxRows, wanted.exact_limit);
  ReadInteger(reader, "seal_rows", 1, kMaxRows, wanted.seal_rows);
  const auto parse = [&reader](std::string_view key, const std::optional<std::string>& text, auto parser, auto& out) {
    if (!text) return;
    const auto parsed = parser(*text);
    if (parsed) {
      out = *parsed;
    } else {
      reader.Reject(key, parsed.error().message);
    }
  };
  parse("kind", kind, storage::ParseIndexKind, wanted.kind);
  parse("row_format", rows, storage::ParseRowFormat, wanted.rows);
  return reader.Finish();
}

ProblemOr<Wanted> ReadWanted(const Request& request) {
  Wanted wanted;
  if (request.body.empty()) return wanted;
  SL_ASSIGN_OR_PROBLEM(const json::object body, ParseJsonBody(request));
  ObjectReader reader(body, "");
  ReadInteger(reader, "dim", 1, 65536, wanted.dim);
  std::optional<std::string> patches;
  reader.Text("patch_storage", &patches);
  if (patches) {
    for (const auto storage :
         {storage::PatchStorage::kInt8, storage::PatchStorage::kFp16, storage::PatchStorage::kNone}) {
      if (*patches == storage::NameOf(storage)) wanted.patch_storage = storage;
    }
    if (!wanted.patch_storage) reader.Reject("patch_storage", "must be int8, fp16 or none");
  }
  const json::object* index = reader.Object("index");
  SL_RETURN_IF_PROBLEM(reader.Finish());
  if (index != nullptr) SL_RETURN_IF_PROBLEM(ReadIndex(*index, wanted));
  return wanted;
}

// What was fixed when the collection was made stays: a request that says otherwise is refused and not ignored.
ProblemOr<void> CheckAgainst(const HostedCollection& hosted, const Wanted& wanted) {
  const storage::CollectionConfig& config = hosted.collection->config();
  const auto refuse = [&](std::string_view what, std::string_view field) {
    return tl::make_unexpected(Problem(ErrorCode::kAlreadyExists,
                                       fmt::format("collection \"{}\" is there, with {}", hosted.name, what),
                                       std::string(field)));
  };
  if (wanted.dim && (!config.model_fingerprint.empty() || *wanted.dim != config.dim)) {
    return refuse(config.model_fingerprint.empty() ? fmt::format("vectors of {} values", config.dim)
                                                   : fmt::format("the model \"{}\"", config.model_name),
                  "/dim");
  }
  if (wanted.patch_storage && *wanted.patch_storage != config.patch_storage) {
    return refuse(fmt::format("patches as {}", storage::NameOf(config.patch_storage)), "/patch_storage");
  }
  return {};
}

ProblemOr<storage::CollectionConfig> ConfigFor(Host& host, const Wanted& wanted) {
  if (wanted.dim) {
    return storage::CollectionConfig{.model_name = "none",
                                     .model_fingerprint = {},
                                     .dim = static_cast<uint32_t>(*wanted.dim),
                                     .patch_storage = wanted.patch_storage.value_or(storage::PatchStorage::kNone)};
  }
  const encoder::Encoder* const encoder = host.encoder();
  if (encoder == nullptr) {
    return tl::make_unexpected(Problem(ErrorCode::kFailedPrecondition,
                                       "this server has no model: only collections of raw vectors can be made, with "
                                       "\"dim\"",
                                       "/dim"));
  }
  const encoder::EncoderInfo& info = encoder->info();
  return storage::CollectionConfig{.model_name = info.config.name,
                                   .model_fingerprint = info.fingerprint,
                                   .dim = static_cast<uint32_t>(info.config.embed_dim),
                                   .patch_storage = wanted.patch_storage.value_or(storage::PatchStorage::kInt8)};
}

ProblemOr<Response> ListCollections(Host& host, const Request& request) {
  SL_RETURN_IF_PROBLEM(CheckQuery(request, {}));
  SL_ASSIGN_OR_RETURN(const std::vector<std::string> names, host.Names());
  json::array all;
  for (const std::string& name : names) {
    if (!request.principal.MayRead(name)) continue;
    SL_RETURN_IF_ERROR(request.limits.Check("list the collections"));
    const auto hosted = host.Find(name);
    const auto described = hosted ? Describe(**hosted) : Result<json::object>(tl::unexpected<Error>(hosted.error()));
    // One that cannot be opened says why and does not hide the others.
    all.push_back(described ? *described
                            : json::object{{"collection", name}, {"error", ValidUtf8(described.error().message)}});
  }
  return JsonResponse(200, json::object{{"collections", std::move(all)}});
}

ProblemOr<Response> GetCollection(Host& host, const Request& request) {
  SL_RETURN_IF_PROBLEM(CheckQuery(request, {}));
  SL_ASSIGN_OR_RETURN(const auto hosted, CollectionOf(host, request));
  SL_ASSIGN_OR_RETURN(const json::object described, Describe(*hosted));
  return JsonResponse(200, described);
}

ProblemOr<Response> PutCollection(const Api& api, const Request& request) {
  Host& host = api.host;
  SL_RETURN_IF_PROBLEM(CheckQuery(request, {}));
  SL_ASSIGN_OR_PROBLEM(const Wanted wanted, ReadWanted(request));
  const std::string name(request.Parameter("c"));
  const std::lock_guard lifetimes(api.media.lifetimes_mutex());
  auto hosted = host.Find(name);
  const bool is_new = !hosted && hosted.error().code == ErrorCode::kNotFound;
  if (is_new) {
    SL_ASSIGN_OR_PROBLEM(const storage::CollectionConfig config, ConfigFor(host, wanted));
    hosted = host.Create(name, config, wanted.Applied({}));
  }
  if (!hosted) return tl::make_unexpected(Problem(std::move(hosted).error()));
  if (!is_new) {
    SL_RETURN_IF_PROBLEM(CheckAgainst(**hosted, wanted));
    storage::Collection& collection = *(*hosted)->collection;
    const storage::IndexOptions before = collection.index_options();
    if (wanted.Applied(before) != before) SL_RETURN_IF_ERROR(collection.SetIndexOptions(wanted.Applied(before)));
  }
  SL_ASSIGN_OR_RETURN(const json::object described, Describe(**hosted));
  Response response = JsonResponse(is_new ? 201 : 200, described);
  if (is_new) response.headers.Set("Location", fmt::format("/v1/collections/{}", name));
  return response;
}

ProblemOr<Response> DropCollection(const Api& api, const Request& request) {
  SL_RETURN_IF_PROBLEM(CheckQuery(request, {}));
  const std::string name(request.Parameter("c"));
  if (api.jobs.HasWork(name)) {
    return tl::make_unexpected(
        Problem(ErrorCode::kFailedPrecondition, fmt::format("collection \"{}\" has jobs: cancel them first", name)));
  }
  const std::lock_guard lifetimes(api.media.lifetimes_mutex());
  SL_RETURN_IF_ERROR(api.host.Find(name));  // Nothing is noted about what is not there.
  SL_RETURN_IF_ERROR(api.media.BeginDrop(name));
  if (const Status dropped = api.host.Drop(name, request.limits); !dropped) {
    // Still there, unless its files resist: then what was noted remains for the next start.
    if (api.host.Find(name)) SL_RETURN_IF_ERROR(api.media.ForgetDrop(name));
    return tl::make_unexpected(Problem(dropped.error()));
  }
  api.jobs.Forget(name);
  SL_RETURN_IF_ERROR(api.media.Drop(name));
  return Response{.status = 204, .headers = {}, .body = std::string()};
}

}  // namespace

void AddCollectionRoutes(Router& router, const Api& api) {
  Host& host = api.host;
  const auto add = [&](Method method, std::string pattern, std::string operation, Access access, Work work) {
    router.Add({.method = method,
                .pattern = std::move(pattern),
                .operation = std::move(operation),
                .access = access,
                .handler = Answer(api.pool, std::move(work)),
                .max_body_bytes = method == Method::kPut ? kMaxBody : 0,
                .produces = TypesOf(method)});
  };
  const std::string one = "/v1/collections/{c}";
  add(Method::kGet, "/v1/collections", "list_collections", Access::kRead,
      [&host](const Request& request) { return ListCollections(host, request); });
  add(Method::kGet, one, "get_collection", Access::kRead,
      [&host](const Request& request) { return GetCollection(host, request); });
  add(Method::kPut, one, "put_collection", Access::kAdmin,
      [api](const Request& request) { return PutCollection(api, request); });
  add(Method::kDelete, one, "drop_collection", Access::kAdmin,
      [api](const Request& request) { return DropCollection(api, request); });
}

}  // namespace sightline::http
