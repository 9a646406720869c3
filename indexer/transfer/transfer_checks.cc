// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/transfer/transfer_checks.h"

#include <string>

#include <fmt/format.h>

namespace sightline::indexer {
namespace {

std::string Describe(const storage::CollectionConfig& config) {
  if (config.model_fingerprint.empty()) return "of raw vectors";
  return fmt::format("of model \"{}\" ({})", config.model_name, config.model_fingerprint);
}

}  // namespace

Status CheckFits(std::string_view name, const storage::CollectionConfig& from, const storage::CollectionConfig& to) {
  if (from.model_fingerprint != to.model_fingerprint) {
    return Fail(ErrorCode::kFailedPrecondition,
                fmt::format("{} is {}, the collection is {}: their vectors cannot be compared", name, Describe(from),
                            Describe(to)));
  }
  if (from.dim != to.dim) {
    return Fail(ErrorCode::kFailedPrecondition,
                fmt::format("{} has vectors of {} values, the collection of {}", name, from.dim, to.dim));
  }
  if (from.patch_storage != to.patch_storage && to.patch_storage != storage::PatchStorage::kNone) {
    return Fail(ErrorCode::kFailedPrecondition,
                fmt::format("{} keeps patches as {}, the collection as {}: what comes without them could not be "
                            "reranked; use a collection made with --patches {}",
                            name, storage::NameOf(from.patch_storage), storage::NameOf(to.patch_storage),
                            storage::NameOf(from.patch_storage)));
  }
  return {};
}

}  // namespace sightline::indexer
