// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/sha256.h"

namespace sightline::http {

/// What is kept of a key: never the key itself.
struct ApiKey {
  std::string name;                        ///< Unique; 1 to 64 ASCII letters, digits, '-', '_' and '.'.
  std::string begins;                      ///< The first characters of the key, for people who look for one.
  bool admin = false;                      ///< May change things; otherwise it only reads.
  std::vector<std::string> collections{};  ///< Empty: all of them.
  int64_t created_at = 0;                  ///< Seconds since 1970.
  Sha256Digest digest{};                   ///< Of the whole key.
};

/// A new key as its owner gets it: "sl_" and 256 random bits in base64url, 46 characters. Errors: kInternal (the
/// system has no random bytes).
Result<std::string> MakeKeyText();

/// What is stored and compared. Plain SHA-256 is enough: the key is random and cannot be guessed from a list.
Sha256Digest DigestOfKey(std::string_view key);

/// The key that `presented` is, or null. Takes equally long wherever and whether a key matches: every digest is
/// compared to its end.
const ApiKey* FindKey(std::span<const ApiKey> keys, std::string_view presented);

/// Errors: kInvalidArgument.
Status CheckKeyName(std::string_view name);

}  // namespace sightline::http
