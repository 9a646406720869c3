// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "base/metadata.h"
#include "base/result.h"

namespace sightline::indexer {

// Note [Typed metadata]
// JSON has no times, and what looks like one may be a name. So a time is written as {"time": "2024-05-01T18:30:00Z"}
// (ISO 8601, or a number: seconds since 1970); only the key "taken_at", which is a time wherever Sightline fills it,
// takes the bare string as well. The other types are JSON's own: string, integer, other number, true and false. A list
// gives a key several values; null is as if the key were not there.

enum class UnknownValues {
  kRefuse,  ///< An object or a list inside a list is an error.
  kSkip,    ///< It is left out: companions of tar members hold what their makers liked.
};

enum class OwnKeys {
  kRefuse,  ///< Those that start with "sightline." are Sightline's own.
  kTake,    ///< The object was written by Sightline.
};

/// Errors: kInvalidArgument (a key that starts with "sightline." where they are refused, or is empty; a value that is
/// of none of the types, an integer beyond 64 bits, a time that cannot be read): the message names the key.
Result<Metadata> MetadataFromJson(const boost::json::object& object, UnknownValues unknown,
                                  OwnKeys own = OwnKeys::kRefuse);

/// Parses one record. Errors: kInvalidArgument (not UTF-8, not JSON, not an object).
Result<boost::json::object> ParseJsonObject(std::string_view text);

inline std::string_view ViewOf(const boost::json::string& text) { return {text.data(), text.size()}; }
inline std::string_view ViewOf(boost::json::string_view text) { return {text.data(), text.size()}; }

}  // namespace sightline::indexer
