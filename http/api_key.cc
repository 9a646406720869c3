// SPDX-License-Identifier: BSD-3-Clause
#include "http/api_key.h"

#include <openssl/crypto.h>
#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <fmt/format.h>

#include "http/base64.h"

namespace sightline::http {
namespace {

constexpr std::string_view kPrefix = "sl_";
constexpr size_t kRandomBytes = 32;
constexpr size_t kMaxNameLength = 64;

bool IsNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

// Base64 with the alphabet for URLs, without padding (RFC 4648, section 5).
std::string Base64Url(std::span<const uint8_t> bytes) {
  std::string text = EncodeBase64(std::as_bytes(bytes));
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  text.resize(text.find('='));
  return text;
}

}  // namespace

Result<std::string> MakeKeyText() {
  std::array<uint8_t, kRandomBytes> random{};
  // Up to 256 bytes come whole, and a signal does not interrupt them (getrandom(2)).
  const ssize_t got = ::getrandom(random.data(), random.size(), 0);
  if (got != static_cast<ssize_t>(random.size())) return Fail(ErrorCode::kInternal, "the system has no random bytes");
  return fmt::format("{}{}", kPrefix, Base64Url(random));
}

Sha256Digest DigestOfKey(std::string_view key) {
  Sha256 hash;
  hash.Update(key);
  return hash.Finish();
}

const ApiKey* FindKey(std::span<const ApiKey> keys, std::string_view presented) {
  const Sha256Digest digest = DigestOfKey(presented);
  const ApiKey* found = nullptr;
  for (const ApiKey& key : keys) {
    if (CRYPTO_memcmp(key.digest.data(), digest.data(), digest.size()) == 0) found = &key;
  }
  return found;
}

Status CheckKeyName(std::string_view name) {
  if (name.empty() || name.size() > kMaxNameLength || !std::all_of(name.begin(), name.end(), IsNameCharacter)) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("\"{}\" cannot name a key: use 1 to 64 letters, digits, '-', '_' and '.'", name));
  }
  return {};
}

}  // namespace sightline::http
