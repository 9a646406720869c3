// SPDX-License-Identifier: BSD-3-Clause
#include "http/media_urls.h"

#include <fmt/format.h>

namespace sightline::http {

std::string ThumbnailUrl(std::string_view collection, ItemId item, std::optional<UnitId> unit) {
  const std::string url = fmt::format("/v1/items/{}/{}/thumbnail", collection, item.value);
  return unit ? fmt::format("{}?unit={}", url, unit->value) : url;
}

std::string MediaUrl(std::string_view collection, ItemId item) {
  return fmt::format("/v1/items/{}/{}/media", collection, item.value);
}

std::string FrameUrl(std::string_view collection, ItemId item, int64_t time_us) {
  return fmt::format("/v1/items/{}/{}/frame?t={}", collection, item.value, static_cast<double>(time_us) / 1e6);
}

}  // namespace sightline::http
