// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <span>
#include <utility>

#include <fmt/format.h>

#include "base/sha256.h"
#include "http/api_internal.h"
#include "http/field_list.h"

namespace sightline::http {
namespace {

// A waiting caller looks so often whether it should still wait.
constexpr std::chrono::milliseconds kPatience{100};

// A thousand hours, as long as a video may be asked about.
constexpr double kMaxSeconds = 3'600'000;

template <typename Number>
std::optional<Number> ParseNumber(std::string_view text) {
  Number number{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

Handler Answer(TaskPool& pool, Work work) {
  return OnPool(pool, [work = std::move(work)](const Request& request) {
    ProblemOr<Response> response = work(request);
    return response ? *std::move(response) : ProblemResponse(request, response.error());
  });
}

Result<std::shared_ptr<HostedCollection>> CollectionOf(Host& host, const Request& request) {
  return host.Find(std::string(request.Parameter("c")));
}

Result<uint64_t> IdOf(const Request& request) {
  const std::string_view text = request.Parameter("id");
  const auto id = ParseNumber<uint64_t>(text);
  if (!id || *id == 0) return Fail(ErrorCode::kNotFound, fmt::format("\"{}\" is no id", text));
  return *id;
}

Result<storage::ItemRecord> ItemOf(const HostedCollection& collection, const Request& request) {
  SL_ASSIGN_OR_RETURN(const uint64_t number, IdOf(request));
  const ItemId id{number};
  SL_ASSIGN_OR_RETURN(auto items, collection.collection->records().GetItems(std::span(&id, 1)));
  if (items[0]) return *std::move(items[0]);
  return Fail(ErrorCode::kNotFound, fmt::format("collection \"{}\" has no item {}", collection.name, number));
}

Result<std::unique_lock<std::timed_mutex>> LockForChange(storage::Collection& collection, const Limits& limits) {
  std::unique_lock lock(collection.change_mutex(), std::defer_lock);
  while (!lock.try_lock_for(kPatience)) {
    SL_RETURN_IF_ERROR(limits.Check("wait for another change of the collection"));
  }
  return lock;
}

ProblemOr<uint64_t> QueryInteger(const Request& request, std::string_view name, uint64_t min, uint64_t max,
                                 uint64_t absent) {
  const auto text = request.Query(name);
  if (!text) return absent;
  const auto number = ParseNumber<uint64_t>(*text);
  if (number && *number >= min && *number <= max) return *number;
  return tl::make_unexpected(Problem(ErrorCode::kInvalidArgument,
                                     fmt::format("{} must be a whole number of {} to {}", name, min, max),
                                     std::string(name)));
}

ProblemOr<int64_t> QuerySeconds(const Request& request, std::string_view name) {
  const auto text = request.Query(name);
  const auto seconds = text ? ParseNumber<double>(*text) : std::nullopt;
  if (seconds && *seconds >= 0 && *seconds <= kMaxSeconds) return std::llround(*seconds * 1e6);
  return tl::make_unexpected(Problem(ErrorCode::kInvalidArgument,
                                     fmt::format("{} must be a number of seconds, as 12.5", name), std::string(name)));
}

ProblemOr<void> CheckQuery(const Request& request, std::initializer_list<std::string_view> known) {
  for (const auto& [name, value] : request.query) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    return tl::make_unexpected(
        Problem(ErrorCode::kInvalidArgument, fmt::format("there is no parameter \"{}\" here", name), name));
  }
  return {};
}

std::vector<std::string_view> TypesOf(Method method) {
  return method == Method::kDelete ? std::vector<std::string_view>() : Route().produces;
}

std::string EtagOf(std::string_view bytes) {
  Sha256 sha;
  sha.Update(bytes);
  return fmt::format("\"{:.32}\"", ToHex(sha.Finish()));
}

bool NamesEtag(std::string_view list, std::string_view etag) {
  for (std::string_view one : FieldElements(list)) {
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == etag || one == "*") return true;
  }
  return false;
}

}  // namespace sightline::http
