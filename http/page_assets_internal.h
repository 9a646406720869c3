// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <string_view>

namespace sightline::http {

/// One file of http/page, as it was when the program was built.
struct PageAsset {
  std::string_view name;  ///< "index.html"
  std::string_view content_type;
  std::string_view content;
};

/// All of them.
std::span<const PageAsset> PageAssets();

}  // namespace sightline::http
