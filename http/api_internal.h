// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/limits.h"
#include "http/api.h"
#include "http/message.h"
#include "http/problem.h"
#include "storage/collection.h"

namespace sightline::http {

/// The work of a route that may fail.
using Work = std::function<ProblemOr<Response>(const Request&)>;

/// A handler that does `work` on the pool and answers its problems.
Handler Answer(TaskPool& pool, Work work);

/// The collection {c} of the route. Errors: those of Host::Find.
Result<std::shared_ptr<HostedCollection>> CollectionOf(Host& host, const Request& request);

/// {id} of the route. Errors: kNotFound (not a number of 1 to 2^64-1: there is nothing of that name).
Result<uint64_t> IdOf(const Request& request);

/// The item {id} of the route. Errors: kNotFound, read errors.
Result<storage::ItemRecord> ItemOf(const HostedCollection& collection, const Request& request);

/// Collection::change_mutex. Errors: kDeadlineExceeded, kCancelled.
Result<std::unique_lock<std::timed_mutex>> LockForChange(storage::Collection& collection, const Limits& limits);

/// A whole number in the query; `absent` when it is not there. Errors: kInvalidArgument.
ProblemOr<uint64_t> QueryInteger(const Request& request, std::string_view name, uint64_t min, uint64_t max,
                                 uint64_t absent);

/// A number of seconds in the query, as microseconds. Errors: kInvalidArgument (absent, negative, no number, too
/// large).
ProblemOr<int64_t> QuerySeconds(const Request& request, std::string_view name);

/// Refuses parameters of the query that the route does not know. Errors: kInvalidArgument.
ProblemOr<void> CheckQuery(const Request& request, std::initializer_list<std::string_view> known);

/// What answers of routes with this method are: JSON, except of DELETE, which answer nothing.
std::vector<std::string_view> TypesOf(Method method);

/// A strong entity tag of bytes.
std::string EtagOf(std::string_view bytes);

/// Whether a list of entity tags (If-None-Match, If-Match) names `etag`, or everything. Weak tags match by their text.
bool NamesEtag(std::string_view list, std::string_view etag);

}  // namespace sightline::http
