// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <compare>
#include <cstdint>
#include <functional>

namespace sightline {

/// A 64-bit id that cannot be mixed up with another kind of id. 0 is never given out.
template <typename Tag>
struct Id {
  uint64_t value = 0;

  friend constexpr auto operator<=>(const Id&, const Id&) = default;
  explicit constexpr operator bool() const { return value != 0; }
};

/// One picture, video file or caption as the user sees it. Never reused.
using ItemId = Id<struct ItemTag>;
/// What is embedded and searched: an image, a clip, a text. Never reused.
using UnitId = Id<struct UnitTag>;
/// One run of the ingest pipeline over given inputs.
using JobId = Id<struct JobTag>;
/// Names one consistent state of a collection; grows with every commit.
using Epoch = Id<struct EpochTag>;

}  // namespace sightline

template <typename Tag>
struct std::hash<sightline::Id<Tag>> {
  size_t operator()(const sightline::Id<Tag>& id) const noexcept { return std::hash<uint64_t>()(id.value); }
};
