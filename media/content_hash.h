// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/limits.h"
#include "base/result.h"
#include "media/source.h"

namespace sightline::media {

/// The first half of a SHA-256.
using ContentHash = std::array<uint8_t, 16>;

/// Of bytes in memory, however many: what the content of a picture is known by.
ContentHash HashBytes(std::span<const std::byte> bytes);

/// Up to this size all bytes count for HashContent; of more, samples (Note [Hash of large files]).
inline constexpr uint64_t kHashWholeBytes = 64 << 20;

/// Identifies the content of a source, whatever its size, after reading at most kHashWholeBytes. Blocking I/O.
/// Errors: those of SourceReader; kCorruption (the source shrank while it was read), kCancelled, kDeadlineExceeded.
Result<ContentHash> HashContent(const Source& source, const Limits& limits);

}  // namespace sightline::media
