// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "encoder/encoder.h"
#include "encoder/encoder_share.h"
#include "http/held_views.h"
#include "query/search_gatherer.h"
#include "query/searcher.h"
#include "storage/collection.h"

namespace sightline::http {

struct HostOptions {
  std::filesystem::path data_dir;
  std::unique_ptr<encoder::Encoder> encoder;  ///< Null: raw vectors alone can be searched.
  storage::OpenOptions storage{};
  query::SearcherOptions searcher{};  ///< Its budget of patches is that of all collections together.
  query::GatherOptions gather{};
  encoder::ShareOptions share{};
  /// Called with the name of every collection that was opened, not of one that was made, by who opened it.
  std::function<void(const std::string& collection)> on_open{};
};

/// One collection that is open, and what searches it. Whoever holds one keeps it open. Thread-safe, as its members are.
struct HostedCollection {
  std::string name;
  std::shared_ptr<encoder::EncoderShare> share;  ///< Null without a model.
  encoder::Encoder* encoder = nullptr;           ///< For searches; null without a model.
  encoder::Encoder* job_encoder = nullptr;       ///< For bulk jobs, which let searches go first; null without a model.
  std::shared_ptr<storage::Collection> collection;
  std::shared_ptr<const query::Searcher> searcher;  ///< One search for its caller alone, as the command line's.
  HeldViews views{16, std::chrono::minutes(2)};     ///< Of answers with a next page.
  std::shared_ptr<query::SearchGatherer> gatherer;  ///< Last: it ends before what it uses.
};

/// The collections of one data folder in one process, with one encoder for all. A collection is opened when it is first
/// asked for and stays open. Thread-safe. Everything but `encoder`, `job_encoder` and `OpenOnes` may block on a disk:
/// call it from workers.
class Host {
 public:
  /// The data folder need not exist. Removes what an interrupted Drop left. Errors: kUnavailable (cannot be read).
  static Result<std::unique_ptr<Host>> Open(HostOptions options);
  /// Waits until nobody holds a collection, and closes all.
  ~Host();
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  /// Errors: kInvalidArgument (a name that no collection can have), kUnavailable (it is being dropped), and those of
  /// Collection::Open: kNotFound, kFailedPrecondition (another process has it), kCorruption, ...
  Result<std::shared_ptr<HostedCollection>> Find(std::string_view name);

  /// Errors: kInvalidArgument (name, configuration), kAlreadyExists, and those of Collection::Create.
  Result<std::shared_ptr<HostedCollection>> Create(std::string_view name, const storage::CollectionConfig& config,
                                                   const storage::IndexOptions& index = {});

  /// Closes a collection and removes it with everything in it, once nobody holds it. Meanwhile Find refuses it.
  /// Errors: kNotFound; kFailedPrecondition (still held when `limits` passed: a job or a search runs; it stays),
  /// kUnavailable (its files cannot be removed; or it is being dropped already).
  Status Drop(std::string_view name, const Limits& limits);

  /// Those that there are, sorted, open or not. Errors: kUnavailable.
  Result<std::vector<std::string>> Names() const;
  /// Those that are open, by name.
  std::vector<std::shared_ptr<HostedCollection>> OpenOnes() const;

  const std::filesystem::path& data_dir() const { return data_dir_; }
  /// For searches and single requests, null without a model; for bulk jobs, null as well. They live as long as the
  /// host.
  encoder::Encoder* encoder() const { return share_ ? &share_->for_searches() : nullptr; }
  encoder::Encoder* job_encoder() const { return share_ ? &share_->for_jobs() : nullptr; }
  const std::shared_ptr<encoder::EncoderShare>& share() const { return share_; }
  /// Of the patches that the searches of all collections keep in memory.
  const std::shared_ptr<query::TokenPool>& patch_pool() const { return searcher_options_.patch_pool; }

 private:
  struct Table;

  explicit Host(HostOptions options);
  std::shared_ptr<HostedCollection> Lease(const std::shared_ptr<HostedCollection>& hosted) const;
  std::shared_ptr<HostedCollection> Put(std::string_view name, std::unique_ptr<storage::Collection> collection);
  Result<std::shared_ptr<HostedCollection>> FindOpen(std::string_view name) const;

  const std::filesystem::path data_dir_;
  const std::shared_ptr<encoder::EncoderShare> share_;
  const storage::OpenOptions storage_options_;
  const query::SearcherOptions searcher_options_;
  const query::GatherOptions gather_options_;
  const std::function<void(const std::string&)> on_open_;
  const std::shared_ptr<Table> table_;
};

}  // namespace sightline::http
