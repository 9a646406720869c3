// SPDX-License-Identifier: BSD-3-Clause
#include "media/content_hash.h"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "base/sha256.h"
#include "media/source_reader.h"

namespace sightline::media {
namespace {

// Note [Hash of large files]
//
// A source of at most kHashWholeBytes is hashed whole: SHA-256 over its bytes. A larger one, which is a video, would
// cost minutes to read only to find that it is known. Its hash is the SHA-256 over kSampledTag, the size as 8 bytes
// little-endian, and kSamples blocks of kBlockBytes, spread evenly from its first to its last byte: 16 MiB. Two
// recordings differ in nearly every block, and a video that was cut, joined or encoded anew differs in size or in
// blocks. What goes unseen is a change of bytes between the samples of a file that keeps its size.

constexpr std::string_view kSampledTag = "sightline sampled content 1\n";
constexpr uint64_t kSamples = 64;
constexpr uint64_t kBlockBytes = 256 << 10;

ContentHash FirstHalf(Sha256& sha) {
  const Sha256Digest digest = sha.Finish();
  ContentHash hash;
  std::copy_n(digest.begin(), hash.size(), hash.begin());
  return hash;
}

class Reading {
 public:
  Reading(const SourceReader& reader, const Source& source, const Limits& limits)
      : reader_(reader), source_(source), limits_(limits), block_(kBlockBytes) {}

  // Adds `size_bytes` (at most kBlockBytes) from `offset_bytes` on.
  Status Add(uint64_t offset_bytes, uint64_t size_bytes) {
    SL_RETURN_IF_ERROR(limits_.Check(source_.name()));
    const std::span<std::byte> bytes = std::span(block_).first(size_bytes);
    SL_ASSIGN_OR_RETURN(const size_t got, reader_.ReadAt(offset_bytes, bytes));
    if (got != bytes.size())
      return Fail(ErrorCode::kCorruption, source_.name() + ": the file shrank while it was read");
    sha_.Update(bytes);
    return {};
  }

  Sha256& sha() { return sha_; }

 private:
  const SourceReader& reader_;
  const Source& source_;
  const Limits& limits_;
  Sha256 sha_;
  std::vector<std::byte> block_;
};

}  // namespace

ContentHash HashBytes(std::span<const std::byte> bytes) {
  Sha256 sha;
  sha.Update(bytes);
  return FirstHalf(sha);
}

Result<ContentHash> HashContent(const Source& source, const Limits& limits) {
  SL_ASSIGN_OR_RETURN(const SourceReader reader, SourceReader::Open(source));
  const uint64_t size = reader.size_bytes();
  Reading reading(reader, source, limits);
  if (size <= kHashWholeBytes) {
    for (uint64_t offset = 0; offset < size; offset += kBlockBytes) {
      SL_RETURN_IF_ERROR(reading.Add(offset, std::min(kBlockBytes, size - offset)));
    }
    return FirstHalf(reading.sha());
  }
  reading.sha().Update(kSampledTag);
  std::array<std::byte, 8> size_bytes;
  for (size_t i = 0; i < size_bytes.size(); ++i) size_bytes[i] = static_cast<std::byte>(size >> (8 * i));
  reading.sha().Update(size_bytes);
  const uint64_t last = size - kBlockBytes;
  for (uint64_t i = 0; i < kSamples; ++i) {
    // last * i / (kSamples - 1), without overflow
    const uint64_t offset = last / (kSamples - 1) * i + last % (kSamples - 1) * i / (kSamples - 1);
    SL_RETURN_IF_ERROR(reading.Add(offset, kBlockBytes));
  }
  return FirstHalf(reading.sha());
}

}  // namespace sightline::media
