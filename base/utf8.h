// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

namespace sightline {

/// Valid UTF-8: bytes that are none become U+FFFD. Paths may hold anything; JSON and HTML may not.
std::string ValidUtf8(std::string_view bytes);

/// Whether all of `bytes` is UTF-8: no overlong form, no surrogate, nothing beyond U+10FFFF.
bool IsValidUtf8(std::string_view bytes);

}  // namespace sightline
