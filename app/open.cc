// SPDX-License-Identifier: BSD-3-Clause
#include "app/open.h"

#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/data_dir.h"
#include "app/model_location.h"
#include "app/scratch_folder.h"
#include "http/upload_bringing.h"
#include "storage/data_folder.h"

namespace sightline::app {

namespace {

namespace fs = std::filesystem;

// Whether the server in which the command runs has what is, or will be, at this collection's folder.
bool IsHosted(const Session& session, const fs::path& folder) {
  if (session.hosting == nullptr) return false;
  const fs::path hosted = CollectionFolder(session.hosting->host->data_dir(), folder.filename().string());
  std::error_code ignored;
  return fs::equivalent(folder, hosted, ignored) || fs::equivalent(folder.parent_path(), hosted.parent_path(), ignored);
}

Result<CollectionLease> Open(const Session& session, const std::string& name, const storage::OpenOptions& options) {
  SL_ASSIGN_OR_RETURN(const auto folder, FolderOf(session, name));
  if (IsHosted(session, folder)) {
    SL_ASSIGN_OR_RETURN(auto hosted, session.hosting->host->Find(name));
    return CollectionLease(std::move(hosted));
  }
  SL_ASSIGN_OR_RETURN(auto own, storage::Collection::Open(folder, options));
  return CollectionLease(std::move(own));
}

// Null when the command asks for another model than the server has.
encoder::Encoder* HostedModel(const Session& session, const fs::path& folder, const ModelOptions& options,
                              ModelUse use) {
  if (session.hosting == nullptr || PrecisionOf(session, options) != session.hosting->precision) return nullptr;
  std::error_code ignored;
  if (!fs::equivalent(folder, session.hosting->model_dir, ignored)) return nullptr;
  http::Host& host = *session.hosting->host;
  return use == ModelUse::kJob ? host.job_encoder() : host.encoder();
}

// The server's model outlives every command.
EncoderLease Borrow(encoder::Encoder* encoder) {
  return {encoder, [](encoder::Encoder*) {}};
}

}  // namespace

Result<std::filesystem::path> FolderOf(const Session& session, const std::string& name) {
  SL_RETURN_IF_ERROR(CheckCollectionName(name));
  SL_ASSIGN_OR_RETURN(const auto data_dir, ResolveDataDir(session.globals.data_dir, session.environment));
  return CollectionFolder(data_dir, name);
}

Result<CollectionLease> OpenCollection(const Session& session, const std::string& name) {
  auto collection = Open(session, name, {});
  if (collection || collection.error().code != ErrorCode::kNotFound) return collection;
  SL_ASSIGN_OR_RETURN(const auto data_dir, ResolveDataDir(session.globals.data_dir, session.environment));
  SL_ASSIGN_OR_RETURN(const std::vector<std::string> names, ListCollections(data_dir));
  const std::string known = names.empty() ? "there is none yet; make one with: sightline index " + name + " FOLDER"
                                          : fmt::format("there are: {}", fmt::join(names, ", "));
  return Fail(ErrorCode::kNotFound, fmt::format("no collection \"{}\" in {}; {}", name, data_dir.string(), known));
}

Result<CollectionLease> OpenForJob(const Session& session, const std::string& name) {
  return Open(session, name, {.min_free_bytes = session.globals.min_free_bytes()});
}

Result<CollectionLease> CreateForJob(const Session& session, const std::string& name,
                                     const storage::CollectionConfig& config, const storage::IndexOptions& index) {
  SL_ASSIGN_OR_RETURN(const auto folder, FolderOf(session, name));
  SL_RETURN_IF_ERROR(MakeFolders(folder.parent_path()));
  if (IsHosted(session, folder)) {
    SL_ASSIGN_OR_RETURN(auto hosted, session.hosting->host->Create(name, config, index));
    return CollectionLease(std::move(hosted));
  }
  SL_ASSIGN_OR_RETURN(auto own, storage::Collection::Create(folder, config, index,
                                                            {.min_free_bytes = session.globals.min_free_bytes()}));
  return CollectionLease(std::move(own));
}

Result<std::filesystem::path> ModelDirOf(const Session& session, const ModelOptions& options) {
  return FindModelDir(options.model.empty() ? session.config.data.model : options.model);
}

std::string PrecisionOf(const Session& session, const ModelOptions& options) {
  return options.precision.empty() ? session.config.data.precision : options.precision;
}

Result<std::shared_ptr<http::MediaStore>> OpenUploads(const Session& session) {
  SL_ASSIGN_OR_RETURN(const auto data_dir, ResolveDataDir(session.globals.data_dir, session.environment));
  const fs::path folder = storage::UploadFolder(data_dir);
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) return nullptr;
  if (session.hosting != nullptr && fs::equivalent(folder, session.hosting->media->folder(), ignored)) {
    return std::shared_ptr<http::MediaStore>(session.hosting->media, [](http::MediaStore*) {});  // It outlives us.
  }
  SL_ASSIGN_OR_RETURN(auto own, http::MediaStore::Open(folder));
  return std::shared_ptr<http::MediaStore>(std::move(own));
}

Result<indexer::CarrierOptions> WithUploads(const Session& session, const std::string& name,
                                            indexer::CarrierOptions batches) {
  SL_ASSIGN_OR_RETURN(const auto uploads, OpenUploads(session));
  if (!uploads) return batches;
  batches.bring_files = [uploads, name](std::span<storage::ItemRecord> items) {
    return http::BringUploads(*uploads, name, items);
  };
  return batches;
}

Result<size_t> PutUploadsInOrder(const Session& session, const std::string& name, storage::Collection& collection,
                                 const Limits& limits) {
  SL_ASSIGN_OR_RETURN(const auto folder, FolderOf(session, name));
  std::error_code ignored;
  if (fs::is_directory(storage::UploadsWithin(folder), ignored)) {
    SL_RETURN_IF_ERROR(MakeFolders(storage::UploadsBeside(folder).parent_path()));
  }
  SL_ASSIGN_OR_RETURN(const auto uploads, OpenUploads(session));
  if (!uploads) return 0;
  SL_RETURN_IF_ERROR(http::TakeRestoredUploads(*uploads, name, folder));
  return http::BringUploadsOfAll(*uploads, name, collection, limits);
}

Result<EncoderLease> OpenModel(const Session& session, const ModelOptions& options, const ThreadBudget& budget,
                               ModelUse use) {
  SL_ASSIGN_OR_RETURN(const auto folder, ModelDirOf(session, options));
  if (encoder::Encoder* const hosted = HostedModel(session, folder, options, use)) return Borrow(hosted);
  const encoder::EncoderOptions encoder_options = {
      .precision = PrecisionOf(session, options) == "bf16" ? encoder::Precision::kBf16 : encoder::Precision::kFp32,
      .device = encoder::Device::kAuto,
      .threads = budget.encoder,
  };
  ApplyToOpenMp(budget);
  SL_ASSIGN_OR_RETURN(auto own, encoder::OpenEncoder(folder, encoder_options));
  return EncoderLease(std::move(own));
}

query::SearcherOptions SearcherOptionsOf(const Session& session) {
  return {.patch_cache_bytes = session.globals.patch_cache_bytes(),
          .patch_pool = session.hosting != nullptr ? session.hosting->host->patch_pool() : nullptr};
}

std::shared_ptr<const query::Searcher> SearcherFor(const Session& session, const CollectionLease& collection,
                                                   const EncoderLease& encoder) {
  const http::HostedCollection* const hosted = collection.hosted();
  if (hosted != nullptr && (!encoder || encoder.get() == hosted->encoder)) return hosted->searcher;
  return std::make_shared<const query::Searcher>(*collection, encoder.get(), SearcherOptionsOf(session));
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
