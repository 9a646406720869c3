// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace sightline::http {

/// One field of a form. The views point into the body.
struct FormPart {
  std::string name;
  std::string file_name;     ///< The last component of what the client calls it; empty: not a file.
  std::string content_type;  ///< Empty: none was given.
  std::string_view content;
};

/// Whether a Content-Type says multipart/form-data.
bool IsMultipart(std::string_view content_type);

/// The parts of a multipart/form-data body (RFC 7578), in order; at most 32. `body` must outlive them.
/// Errors: kInvalidArgument (no boundary; a body that does not follow it to its end; a part without a name; too many
/// parts, or heads that are too long).
Result<std::vector<FormPart>> ParseMultipart(std::string_view content_type, std::string_view body);

}  // namespace sightline::http
