// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "app/calibrate_run.h"
#include "app/session.h"
#include "encoder/encoder.h"
#include "eval/candidate_lists.h"
#include "eval/gallery.h"
#include "eval/retrieval_set.h"
#include "query/searcher.h"
#include "storage/collection.h"

namespace sightline::app {

/// Some pictures of a set as a collection of their own, and who searches it.
class CalibrationGallery {
 public:
  /// Indexes `set` into a collection in `folder`, made where there is none. `session`, `flags`, `set` and `encoder`
  /// must outlive it. `decode_threads` as IndexOptions has it. Errors: those of IndexGallery and the store;
  /// kInvalidArgument (the collection there was made by another model, or in another way).
  static Result<CalibrationGallery> Make(const Session& session, const CalibrateFlags& flags,
                                         const eval::RetrievalSet& set, encoder::Encoder& encoder,
                                         const std::filesystem::path& folder, size_t decode_threads,
                                         std::stop_token stop);

  /// Asks the gallery, with the depth of the flags; progress goes to the session's stderr.
  Result<std::vector<eval::CandidateList>> Collect(eval::Direction direction, bool without_own) const;

  const std::vector<std::string>& missing() const { return gallery_.missing; }

 private:
  CalibrationGallery() = default;

  const Session* session_ = nullptr;
  const CalibrateFlags* flags_ = nullptr;
  const eval::RetrievalSet* set_ = nullptr;
  std::unique_ptr<storage::Collection> collection_;
  std::unique_ptr<query::Searcher> searcher_;
  eval::Gallery gallery_;
  std::stop_token stop_;
};

}  // namespace sightline::app
