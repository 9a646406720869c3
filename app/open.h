// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "app/session.h"
#include "app/thread_budget.h"
#include "base/result.h"
#include "encoder/encoder.h"
#include "storage/collection.h"

namespace sightline::app {

/// An open collection that a command works with. It is closed with the last lease.
using CollectionLease = std::shared_ptr<storage::Collection>;

/// A model that a command works with.
using EncoderLease = std::shared_ptr<encoder::Encoder>;

/// Where the collection `name` of this session lives. Errors: kInvalidArgument (name, no data folder).
Result<std::filesystem::path> FolderOf(const Session& session, const std::string& name);

/// Opens a collection that exists. Errors: those of FolderOf and Collection::Open; kNotFound lists the collections that
/// there are.
Result<CollectionLease> OpenCollection(const Session& session, const std::string& name);

/// Flags of every command that loads a model.
struct ModelOptions {
  std::string model;               ///< Empty: the default model.
  std::string precision = "fp32";  ///< fp32 or bf16.
};

/// Loads the model. Errors: those of FindModelDir and OpenEncoder.
Result<EncoderLease> OpenModel(const Session& session, const ModelOptions& options, const ThreadBudget& budget);

/// Errors: kFailedPrecondition (the collection was made by another model: the message names both, and what to do).
Status CheckModelOf(const std::string& name, const storage::CollectionConfig& config, const encoder::EncoderInfo& info);

}  // namespace sightline::app
