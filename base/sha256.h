// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace sightline {

using Sha256Digest = std::array<uint8_t, 32>;

/// SHA-256 (FIPS 180-4) over bytes that come in pieces. Thread-compatible.
class Sha256 {
 public:
  Sha256();

  void Update(std::span<const std::byte> bytes);
  void Update(std::string_view text) { Update(std::as_bytes(std::span(text))); }

  /// The digest of everything given. Call it once; no Update afterwards.
  Sha256Digest Finish();

 private:
  struct Deleter {
    void operator()(void* context) const;
  };
  std::unique_ptr<void, Deleter> context_;
};

/// Lower-case hexadecimal.
std::string ToHex(std::span<const uint8_t> bytes);

}  // namespace sightline
