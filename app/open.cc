// SPDX-License-Identifier: BSD-3-Clause
#include "app/open.h"

#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/data_dir.h"
#include "app/model_location.h"

namespace sightline::app {

Result<std::filesystem::path> FolderOf(const Session& session, const std::string& name) {
  SL_RETURN_IF_ERROR(CheckCollectionName(name));
  SL_ASSIGN_OR_RETURN(const auto data_dir, ResolveDataDir(session.globals.data_dir, session.environment));
  return CollectionFolder(data_dir, name);
}

Result<CollectionLease> OpenCollection(const Session& session, const std::string& name) {
  SL_ASSIGN_OR_RETURN(const auto folder, FolderOf(session, name));
  auto collection = storage::Collection::Open(folder);
  if (collection) return CollectionLease(*std::move(collection));
  if (collection.error().code != ErrorCode::kNotFound) return tl::unexpected(std::move(collection).error());
  SL_ASSIGN_OR_RETURN(const auto data_dir, ResolveDataDir(session.globals.data_dir, session.environment));
  SL_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListCollections(data_dir));
  const std::string known = names.empty() ? "there is none yet; make one with: sightline index " + name + " FOLDER"
                                          : fmt::format("there are: {}", fmt::join(names, ", "));
  return Fail(ErrorCode::kNotFound, fmt::format("no collection \"{}\" in {}; {}", name, data_dir.string(), known));
}

Result<EncoderLease> OpenModel(const Session& session, const ModelOptions& options, const ThreadBudget& budget) {
  SL_ASSIGN_OR_RETURN(const auto folder, FindModelDir(options.model, session.environment));
  const encoder::EncoderOptions encoder_options = {
      .precision = options.precision == "bf16" ? encoder::Precision::kBf16 : encoder::Precision::kFp32,
      .device = encoder::Device::kAuto,
      .threads = budget.encoder,
  };
  ApplyToOpenMp(budget);
  SL_ASSIGN_OR_RETURN(auto encoder, encoder::OpenEncoder(folder, encoder_options));
  return EncoderLease(std::move(encoder));
}

Status CheckModelOf(const std::string& name, const storage::CollectionConfig& config,
                    const encoder::EncoderInfo& info) {
  if (config.model_fingerprint == info.fingerprint) return {};
  if (config.model_fingerprint.empty()) {
    return Fail(
        ErrorCode::kFailedPrecondition,
        fmt::format("collection \"{}\" holds raw vectors without a model: words and pictures cannot be searched "
                    "in it or added to it (import, search --vector and search --item can)",
                    name));
  }
  return Fail(ErrorCode::kFailedPrecondition,
              fmt::format("collection \"{}\" was made by model \"{}\" ({:.12}), not by model \"{}\" ({:.12}): give the "
                          "folder of the former with --model, or index into another collection",
                          name, config.model_name, config.model_fingerprint, info.config.name, info.fingerprint));
}

}  // namespace sightline::app
