// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>

#include "base/result.h"
#include "eval/gallery.h"
#include "eval/retrieval_set.h"
#include "storage/collection.h"

namespace sightline::eval {

/// A hexadecimal name for what a gallery holds: the set, and of every item of the collection its id and its content.
/// Errors: read errors.
Result<std::string> ContentOf(const storage::Collection& collection, const RetrievalSet& set, const Gallery& gallery);

/// The units of `gallery` in a collection of their own below `folder`, all of them in sealed segments of `kind`: a
/// snapshot by links, so that embeddings and patches take no room of their own. One that is there already is opened
/// when it was made of the same `content` (ContentOf), and made anew otherwise. Errors: kCancelled; kInternal
/// (something stayed unsealed); those of snapshots, of restoring them and of sealing.
Result<std::unique_ptr<storage::Collection>> OpenSealed(const storage::Collection& gallery,
                                                        const std::filesystem::path& folder, storage::IndexKind kind,
                                                        const std::string& content, std::stop_token stop);

}  // namespace sightline::eval
