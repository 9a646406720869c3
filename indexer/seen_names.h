// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <unordered_set>

#include "base/sha256.h"

namespace sightline::indexer {

/// Remembers names by 16 bytes of their SHA-256, so that millions of them take little memory. Thread-compatible.
class SeenNames {
 public:
  /// False when the name was there.
  bool Insert(std::string_view name) {
    Sha256 sha;
    sha.Update(name);
    const Sha256Digest digest = sha.Finish();
    Key key;
    std::memcpy(key.data(), digest.data(), sizeof(key));
    return seen_.insert(key).second;
  }

 private:
  using Key = std::array<uint64_t, 2>;
  struct Hasher {
    size_t operator()(const Key& key) const noexcept { return key[0]; }
  };
  std::unordered_set<Key, Hasher> seen_;
};

}  // namespace sightline::indexer
