// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/transfer/settings_carrier.h"

#include <mutex>
#include <utility>

namespace sightline::indexer {

Status CarrySettings(std::string_view name, storage::CollectionSettings settings, storage::Collection& target) {
  const storage::CollectionSettings none;
  settings.tuned.clear();
  const std::lock_guard changing(target.change_mutex());
  if (settings == none || target.settings() != none || target.View()->unit_count() > 0) return {};
  const Status set = target.SetSettings(settings);
  if (!set) return Annotate(set.error(), name);
  return {};
}

}  // namespace sightline::indexer
