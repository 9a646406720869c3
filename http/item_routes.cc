// SPDX-License-Identifier: BSD-3-Clause
#include <string>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "http/api_internal.h"
#include "http/brought_item_internal.h"
#include "http/job_json_internal.h"
#include "http/json_internal.h"
#include "http/record_json_internal.h"
#include "indexer/item_kind.h"
#include "query/filter_parser.h"

namespace sightline::http {
namespace {

namespace json = boost::json;

// What a page holds before it is ended: the items may have much metadata.
constexpr size_t kEnoughBytesOfAPage = size_t{8} << 20;
constexpr uint64_t kMaxPage = 1000;
constexpr uint64_t kDefaultPage = 100;
// Between two looks at the clock.
constexpr size_t kItemsAtATime = 256;

tl::unexpected<Problem> Refuse(ErrorCode code, std::string message, std::string field) {
  return tl::make_unexpected(Problem(code, std::move(message), std::move(field)));
}

ProblemOr<Intake> TakeInItem(const Api& api, const std::shared_ptr<HostedCollection>& hosted, const Request& request) {
  SL_ASSIGN_OR_PROBLEM(const BroughtItem brought, ReadBroughtItem(api, *hosted, request));
  const auto* file = std::get_if<BroughtFile>(&brought.item);
  auto intake = file != nullptr ? TakeIn(api, hosted, *file, request.limits)
                                : TakeIn(api, *hosted, std::get<indexer::GivenCaption>(brought.item), request.limits);
  if (intake) return *std::move(intake);
  Problem problem(std::move(intake).error());
  if (problem.error.code == ErrorCode::kInvalidArgument) problem.field = brought.field;
  return tl::make_unexpected(std::move(problem));
}

ProblemOr<Response> AddItem(const Api& api, const Request& request) {
  SL_RETURN_IF_PROBLEM(CheckQuery(request, {}));
  SL_ASSIGN_OR_RETURN(auto hosted, CollectionOf(api.host, request));
  SL_ASSIGN_OR_PROBLEM(const Intake intake, TakeInItem(api, hosted, request));
  json::object out = {{"outcome", json::string(NameOf(intake.outcome))},
                      {"item", intake.item ? json::value(ItemJson(*intake.item, hosted->name)) : nullptr},
                      {"job", intake.job ? json::value(JobJson(*intake.job, 0)) : nullptr}};
  const int status = intake.job ? 202 : intake.outcome == Intake::Outcome::kAdded ? 201 : 200;
  Response response = JsonResponse(status, out);
  if (status == 202) {
    response.headers.Set("Location",
                         fmt::format("/v1/collections/{}/jobs/{}", hosted->name, intake.job->record.id.value));
  } else if (status == 201) {
    response.headers.Set("Location", fmt::format("/v1/collections/{}/items/{}", hosted->name, intake.item->id.value));
  }
  return response;
}

size_t BytesOf(const Metadata& metadata) {
  size_t bytes = 0;
  for (const auto& [key, values] : metadata) {
    bytes += key.size();
    for (const MetadataValue& value : values) {
      const auto* text = std::get_if<std::string>(&value);
      bytes += text != nullptr ? text->size() : sizeof(int64_t);
    }
  }
  return bytes;
}

// One page of items, and behind which id the next one begins; 0: there is none.
struct Page {
  json::array items;
  uint64_t next = 0;
};

// A scan that takes too long ends the page early: a filter may leave few of very many. So do items that are large.
ProblemOr<Page> ReadPage(const HostedCollection& hosted, const Filter& filter, uint64_t after, uint64_t limit,
                         const Limits& limits) {
  Page page;
  uint64_t seen = after;
  bool is_cut = false;
  size_t looked_at = 0;
  size_t bytes = 0;
  SL_RETURN_IF_ERROR(hosted.collection->ForEachItemAfter(ItemId{after}, [&](const storage::ItemRecord& item) {
    is_cut = page.items.size() == limit || bytes >= kEnoughBytesOfAPage ||
             (++looked_at % kItemsAtATime == 0 && !limits.Check("list the items"));
    if (is_cut) return false;
    seen = item.id.value;
    if (!indexer::ItemMatches(filter, item)) return true;
    page.items.push_back(ItemJson(item, hosted.name));
    bytes += BytesOf(item.metadata);
    return true;
  }));
  if (is_cut) page.next = seen;
  return page;
}

ProblemOr<Response> ListItems(const Api& api, const Request& request) {
  SL_RETURN_IF_PROBLEM(CheckQuery(request, {"limit", "after", "filter", "path"}));
  SL_ASSIGN_OR_PROBLEM(const uint64_t limit, QueryInteger(request, "limit", 1, kMaxPage, kDefaultPage));
  SL_ASSIGN_OR_PROBLEM(const uint64_t after, QueryInteger(request, "after", 0, UINT64_MAX, 0));
  Filter filter;
  if (const auto text = request.Query("filter")) {
    auto parsed = query::ParseFilter(*text);
    if (!parsed) return Refuse(parsed.error().code, parsed.error().message, "filter");
    filter = *std::move(parsed);
  }
  SL_ASSIGN_OR_RETURN(const auto hosted, CollectionOf(api.host, request));
  Page page;
  if (const auto path = request.Query("path")) {
    SL_ASSIGN_OR_RETURN(const auto id, hosted->collection->records().FindItem(*path));
    SL_ASSIGN_OR_RETURN(const auto items,
                        hosted->collection->records().GetItems(id ? std::span(&*id, 1) : std::span<const ItemId>()));
    for (const auto& item : items) {
      if (item && item->id.value > after && indexer::ItemMatches(filter, *item)) {
        page.items.push_back(ItemJson(*item, hosted->name));
      }
    }
  } else {
    SL_ASSIGN_OR_PROBLEM(page, ReadPage(*hosted, filter, after, limit, request.limits));
  }
  return JsonResponse(200, json::object{{"items", std::move(page.items)},
                                        {"next", page.next == 0 ? json::value(nullptr) : json::value(page.next)}});
}

Response ItemResponse(const HostedCollection& hosted, const storage::ItemRecord& item) {
  Response response = JsonResponse(200, ItemJson(item, hosted.name));
  response.headers.Set("ETag", EtagOf(std::get<std::string>(response.body)));
  response.headers.Set("Cache-Control", "private, no-cache");
  return response;
}

ProblemOr<Response> GetItem(const Api& api, const Request& request) {
  SL_RETURN_IF_PROBLEM(CheckQuery(request, {}));
  SL_ASSIGN_OR_RETURN(const auto hosted, CollectionOf(api.host, request));
  SL_ASSIGN_OR_RETURN(const storage::ItemRecord item, ItemOf(*hosted, request));
  return ItemResponse(*hosted, item);
}

// Keys that go, and keys with their new values (RFC 7396).
struct MetadataPatch {
  std::vector<std::string> remove;
  Metadata set;
};

ProblemOr<MetadataPatch> ReadPatch(const Request& request) {
  SL_ASSIGN_OR_PROBLEM(const json::object body, ParseJsonBody(request));
  ObjectReader reader(body, "");
  const json::object* metadata = reader.Object("metadata", ObjectReader::kRequired);
  SL_RETURN_IF_PROBLEM(reader.Finish());
  MetadataPatch patch;
  json::object set;
  for (const auto& [key, value] : *metadata) {
    const std::string name(key);
    if (name.starts_with("sightline.")) {
      return Refuse(ErrorCode::kInvalidArgument, "keys that start with \"sightline.\" are Sightline's own",
                    JsonPointer("/metadata", name));
    }
    if (value.is_null()) {
      patch.remove.push_back(name);
    } else {
      set.emplace(key, value);
    }
  }
  SL_ASSIGN_OR_PROBLEM(patch.set, ParseMetadataField(json::serialize(set), "/metadata"));
  return patch;
}

// What a caption says is what was embedded.
ProblemOr<void> CheckMayPatch(const storage::ItemRecord& item, const MetadataPatch& patch) {
  if (indexer::KindOf(item) != indexer::ItemKind::kCaption) return {};
  for (const std::string_view key : {metadata_key::kText, metadata_key::kCaptionOf}) {
    const bool is_removed = std::find(patch.remove.begin(), patch.remove.end(), key) != patch.remove.end();
    if (!is_removed && !patch.set.contains(key)) continue;
    return Refuse(ErrorCode::kFailedPrecondition,
                  fmt::format("\"{}\" of a caption cannot be changed: add another", key),
                  JsonPointer("/metadata", key));
  }
  return {};
}

ProblemOr<Response> PatchItem(const Api& api, const Request& request) {
  SL_RETURN_IF_PROBLEM(CheckQuery(request, {}));
  SL_ASSIGN_OR_PROBLEM(const MetadataPatch patch, ReadPatch(request));
  SL_ASSIGN_OR_RETURN(const auto hosted, CollectionOf(api.host, request));
  SL_ASSIGN_OR_RETURN(const auto changing, LockForChange(*hosted->collection, request.limits));
  SL_ASSIGN_OR_RETURN(storage::ItemRecord item, ItemOf(*hosted, request));
  if (const auto wanted = request.headers.Find("If-Match")) {
    const Response now = ItemResponse(*hosted, item);
    if (!NamesEtag(*wanted, *now.headers.Find("ETag"))) {
      return tl::make_unexpected(Problem(412, "precondition_failed", "the item has changed since: read it again"));
    }
  }
  SL_RETURN_IF_PROBLEM(CheckMayPatch(item, patch));
  const Metadata before = item.metadata;
  for (const std::string& key : patch.remove) item.metadata.erase(key);
  for (const auto& [key, values] : patch.set) item.metadata.insert_or_assign(key, values);
  if (item.metadata != before) {
    if (const size_t bytes = BytesOf(item.metadata); bytes > kMaxMetadataBytes && bytes > BytesOf(before)) {
      return Refuse(ErrorCode::kInvalidArgument,
                    fmt::format("the item would have {} bytes of metadata, more than {}", bytes, kMaxMetadataBytes),
                    "/metadata");
    }
    storage::WriteSet changes;
    changes.put_items = {item};
    SL_RETURN_IF_ERROR(hosted->collection->Commit(changes));
  }
  return ItemResponse(*hosted, item);
}

ProblemOr<Response> DeleteItem(const Api& api, const Request& request) {
  SL_RETURN_IF_PROBLEM(CheckQuery(request, {}));
  SL_ASSIGN_OR_RETURN(const auto hosted, CollectionOf(api.host, request));
  SL_ASSIGN_OR_RETURN(const uint64_t id, IdOf(request));
  SL_RETURN_IF_ERROR(RemoveItem(api, *hosted, ItemId{id}, request.limits));
  return Response{.status = 204, .headers = {}, .body = std::string()};
}

}  // namespace

void AddItemRoutes(Router& router, const Api& api) {
  using Function = ProblemOr<Response> (*)(const Api&, const Request&);
  const auto add = [&](Method method, std::string pattern, std::string operation, size_t max_body, Function function) {
    router.Add({.method = method,
                .pattern = std::move(pattern),
                .operation = std::move(operation),
                .access = method == Method::kGet ? Access::kRead : Access::kWrite,
                .handler = Answer(api.pool, [api, function](const Request& request) { return function(api, request); }),
                .max_body_bytes = max_body,
                .produces = TypesOf(method)});
  };
  const std::string all = "/v1/collections/{c}/items";
  const std::string one = "/v1/collections/{c}/items/{id}";
  add(Method::kGet, all, "list_items", 0, ListItems);
  add(Method::kPost, all, "add_item", api.max_upload_bytes, AddItem);
  add(Method::kGet, one, "get_item", 0, GetItem);
  add(Method::kPatch, one, "patch_item", kMaxMetadataBytes, PatchItem);
  add(Method::kDelete, one, "delete_item", 0, DeleteItem);
}

}  // namespace sightline::http
