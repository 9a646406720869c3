// SPDX-License-Identifier: BSD-3-Clause
#include "app/index_flags.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

namespace sightline::app {

void AddIndexOptionFlags(CLI::App& command, IndexOptionFlags& flags) {
  command
      .add_option("--index-kind", flags.kind,
                  "How the collection is searched: auto (exact while it is small), flat, ivfpq, ivfpq_fastscan or hnsw")
      ->check(CLI::IsMember({"auto", "flat", "ivfpq", "ivfpq_fastscan", "hnsw"}));
  command.add_option("--index-rows", flags.rows, "What segments keep of each vector: int8 (default) or fp16")
      ->check(CLI::IsMember({"int8", "fp16"}));
  command.add_option("--index-exact-limit", flags.exact_limit,
                     "With auto: vectors up to which every search looks at all of them (default 200000)");
  command.add_option("--index-seal-rows", flags.seal_rows, "New vectors that are made into a segment at a time")
      ->check(CLI::PositiveNumber);
}

Result<storage::IndexOptions> WithFlags(storage::IndexOptions options, const IndexOptionFlags& flags) {
  if (!flags.kind.empty()) {
    SL_ASSIGN_OR_RETURN(options.kind, storage::ParseIndexKind(flags.kind));
  }
  if (!flags.rows.empty()) {
    SL_ASSIGN_OR_RETURN(options.rows, storage::ParseRowFormat(flags.rows));
  }
  options.exact_limit = flags.exact_limit.value_or(options.exact_limit);
  options.seal_rows = flags.seal_rows.value_or(options.seal_rows);
  return options;
}

Result<CollectionLease> OpenOrCreate(const Session& session, const std::string& name,
                                     const storage::CollectionConfig& config, const storage::IndexOptions& fresh,
                                     const IndexOptionFlags& flags) {
  auto opened = OpenForJob(session, name);
  if (!opened && opened.error().code != ErrorCode::kNotFound) return opened;
  const storage::IndexOptions before = opened ? (*opened)->index_options() : fresh;
  SL_ASSIGN_OR_RETURN(const storage::IndexOptions options, WithFlags(before, flags));
  if (!opened) return CreateForJob(session, name, config, options);
  if (options != before) SL_RETURN_IF_ERROR((*opened)->SetIndexOptions(options));
  return opened;
}

Status FinishIndex(const Session& session, storage::Collection& collection, const Limits& limits) {
  constexpr std::chrono::seconds kPatience{2};
  Limits soon = limits;
  soon.deadline = std::min(limits.deadline, std::chrono::steady_clock::now() + kPatience);
  const Status done = collection.WaitForBackground(soon);
  if (done || done.error().code != ErrorCode::kDeadlineExceeded) return done;
  fmt::print(session.io.err, "making the index; it goes on at the next opening if this is stopped\n");
  return collection.WaitForBackground(limits);
}

}  // namespace sightline::app
