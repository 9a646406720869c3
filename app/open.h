// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <utility>

#include "app/session.h"
#include "app/thread_budget.h"
#include "base/result.h"
#include "encoder/encoder.h"
#include "http/host.h"
#include "http/media_store.h"
#include "indexer/transfer/item_carrier.h"
#include "query/searcher.h"
#include "storage/collection.h"

namespace sightline::app {

/// An open collection that a command works with: its own, closed with the lease, or one that the server holds in which
/// the command runs, where others search and change it at the same time.
class CollectionLease {
 public:
  explicit CollectionLease(std::unique_ptr<storage::Collection> own) : own_(std::move(own)) {}
  explicit CollectionLease(std::shared_ptr<http::HostedCollection> hosted) : hosted_(std::move(hosted)) {}

  storage::Collection& operator*() const { return own_ ? *own_ : *hosted_->collection; }
  storage::Collection* operator->() const { return &**this; }
  /// Null when it is the command's own.
  const http::HostedCollection* hosted() const { return hosted_.get(); }

 private:
  std::unique_ptr<storage::Collection> own_;
  std::shared_ptr<http::HostedCollection> hosted_;
};

/// A model that a command works with: its own, or the server's.
using EncoderLease = std::shared_ptr<encoder::Encoder>;

/// Where the collection `name` of this session lives. Errors: kInvalidArgument (name, no data folder).
Result<std::filesystem::path> FolderOf(const Session& session, const std::string& name);

/// Opens a collection that exists. Errors: those of FolderOf and Collection::Open; kNotFound lists the collections that
/// there are.
Result<CollectionLease> OpenCollection(const Session& session, const std::string& name);

/// As OpenCollection, for jobs: they leave some of the disk free (--min-free; a server has a setting of its own).
Result<CollectionLease> OpenForJob(const Session& session, const std::string& name);

/// Makes a collection, for jobs. Errors: those of FolderOf and Collection::Create.
Result<CollectionLease> CreateForJob(const Session& session, const std::string& name,
                                     const storage::CollectionConfig& config, const storage::IndexOptions& index);

/// What was uploaded to the collections of this session's data folder: the server's store when the command runs in a
/// server that has the folder. Null when nothing ever was. Errors: those of MediaStore::Open.
Result<std::shared_ptr<http::MediaStore>> OpenUploads(const Session& session);

/// `batches` of a job that brings items into the collection `name`, with their uploads (http/upload_bringing.h).
/// Errors: those of OpenUploads.
Result<indexer::CarrierOptions> WithUploads(const Session& session, const std::string& name,
                                            indexer::CarrierOptions batches = {});

/// Brings the uploads of a collection's items to where they belong (http/upload_bringing.h): what a restore left in the
/// collection's folder, and what lies with another collection. @return how many items got other paths. Errors: those of
/// OpenUploads, TakeRestoredUploads and BringUploadsOfAll.
Result<size_t> PutUploadsInOrder(const Session& session, const std::string& name, storage::Collection& collection,
                                 const Limits& limits);

/// Flags of every command that loads a model.
struct ModelOptions {
  std::string model;      ///< Empty: as the settings have it.
  std::string precision;  ///< fp32 or bf16; empty: as the settings have it.
};

/// What a model is wanted for. In a server, jobs let searches go first.
enum class ModelUse { kSearch, kJob };

/// Where it is. Errors: those of FindModelDir.
Result<std::filesystem::path> ModelDirOf(const Session& session, const ModelOptions& options);
std::string PrecisionOf(const Session& session, const ModelOptions& options);

/// Loads the model, or takes the server's when that is the same. Errors: those of ModelDirOf and OpenEncoder.
Result<EncoderLease> OpenModel(const Session& session, const ModelOptions& options, const ThreadBudget& budget,
                               ModelUse use);

/// How searches of this session keep patches: within --patch-cache, in a server within the server's budget.
query::SearcherOptions SearcherOptionsOf(const Session& session);

/// What searches the collection with this model, which may be null. Both must outlive it.
std::shared_ptr<const query::Searcher> SearcherFor(const Session& session, const CollectionLease& collection,
                                                   const EncoderLease& encoder);

/// Errors: kFailedPrecondition (the collection was made by another model: the message names both, and what to do).
Status CheckModelOf(const std::string& name, const storage::CollectionConfig& config, const encoder::EncoderInfo& info);

}  // namespace sightline::app
