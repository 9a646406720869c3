// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/open.h"
#include "app/session.h"
#include "storage/collection.h"

namespace CLI {
class App;
}

namespace sightline::app {

/// What a command line says about the index of a collection. Unset: as it is, or the default for a new one.
struct IndexOptionFlags {
  std::string kind;
  std::string rows;
  std::optional<uint64_t> exact_limit;
  std::optional<uint64_t> seal_rows;
};

/// Adds --index-kind, --index-rows, --index-exact-limit and --index-seal-rows. `flags` must outlive parsing.
void AddIndexOptionFlags(CLI::App& command, IndexOptionFlags& flags);

/// `options` with what the flags say. Errors: kInvalidArgument.
Result<storage::IndexOptions> WithFlags(storage::IndexOptions options, const IndexOptionFlags& flags);

/// Opens a collection and changes its index as the flags say, or makes one with `config` and an index of `fresh` and
/// the flags. Errors: those of FolderOf, Collection::Open, Create and SetIndexOptions, and WithFlags.
Result<CollectionLease> OpenOrCreate(const Session& session, const std::string& name,
                                     const storage::CollectionConfig& config, const storage::IndexOptions& fresh,
                                     const IndexOptionFlags& flags);

/// Waits until the index of the collection is in order, and says so when that takes a while.
Status FinishIndex(const Session& session, storage::Collection& collection, const Limits& limits);

}  // namespace sightline::app
