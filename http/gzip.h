// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace sightline::http {

/// Whether an Accept-Encoding takes gzip: named with a quality above 0, or "*" without gzip being refused.
bool AcceptsGzip(std::string_view accept_encoding);

/// Whether bodies of this type get shorter: text, JSON, scripts, SVG.
bool IsCompressible(std::string_view content_type);

/// As one gzip member (RFC 1952). Errors: kResourceExhausted (no memory). CPU-bound, about 50 MB/s.
Result<std::string> Gzip(std::string_view bytes);

}  // namespace sightline::http
