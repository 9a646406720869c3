// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace sightline::storage {

/// How a collection is searched where a search does not say otherwise. It belongs to the collection, is stored in it
/// and may change at any time; what is absent or empty is left to the model and the program.
struct CollectionSettings {
  std::optional<uint32_t> rerank_depth{};  ///< Coarse candidates that the fusion encoder scores; at most 1024.
  /// In match logits. A search stops reading candidates when none further down is expected to have a match logit above
  /// this that would change its hits (query/early_stop.h). Absent: it never stops early.
  std::optional<double> stop_margin{};
  std::string calibration{};  ///< The text of a `calibration.json` that goes before the model's (docs/MODELS.md).
  std::string tuned{};        ///< What `sightline tune` measured and chose, as JSON; for people.

  friend bool operator==(const CollectionSettings&, const CollectionSettings&) = default;
};

/// Whether settings can be stored. Errors: kInvalidArgument, which names the field. Texts must be
/// UTF-8 and of at most 8 MiB; what they say is not looked at.
Status CheckSettings(const CollectionSettings& settings);

/// The stored bytes (docs/STORAGE_FORMAT.md). Decode fails with kCorruption when they contradict the format.
std::string EncodeSettings(const CollectionSettings& settings);
Result<CollectionSettings> DecodeSettings(std::string_view bytes);

}  // namespace sightline::storage
