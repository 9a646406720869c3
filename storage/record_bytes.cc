// SPDX-License-Identifier: BSD-3-Clause
#include "storage/record_bytes.h"

#include <zlib.h>

#include <limits>

#include "base/check.h"

namespace sightline::storage {
namespace {

constexpr size_t kChecksumBytes = sizeof(uint32_t);

uint32_t Checksum(std::string_view bytes) {
  return static_cast<uint32_t>(::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace

void RecordWriter::PutCount(size_t count) {
  SL_CHECK(count <= std::numeric_limits<uint32_t>::max());
  Put(static_cast<uint32_t>(count));
}

void RecordWriter::PutChecksum() { Put(Checksum(bytes_)); }

RecordReader::RecordReader(std::string_view bytes, uint8_t version) : bytes_(bytes) {
  if (bytes.size() < 1 + kChecksumBytes) {
    bad_ = true;
    return;
  }
  uint32_t stored = 0;
  std::memcpy(&stored, bytes.data() + bytes.size() - kChecksumBytes, kChecksumBytes);
  bytes_.remove_suffix(kChecksumBytes);
  bad_ = stored != Checksum(bytes_) || Get<uint8_t>() != version;
}

std::string_view RecordReader::Take(size_t count) {
  if (bad_ || count > rest()) {
    bad_ = true;
    return {};
  }
  const std::string_view taken = bytes_.substr(position_, count);
  position_ += count;
  return taken;
}

bool RecordReader::GetBool() {
  const auto value = Get<uint8_t>();
  if (value > 1) bad_ = true;
  return value == 1;
}

size_t RecordReader::GetCount(size_t element_bytes) {
  const size_t count = Get<uint32_t>();
  if (count > rest() / element_bytes) bad_ = true;
  return bad_ ? 0 : count;
}

void RecordReader::CheckChecksum() {
  const std::string_view before = bytes_.substr(0, position_);
  if (Get<uint32_t>() != Checksum(before)) bad_ = true;
}

Status RecordReader::Finish(std::string_view what) const {
  if (!bad_ && rest() == 0) return {};
  return Fail(ErrorCode::kCorruption, "the stored record of " + std::string(what) + " contradicts its format");
}

}  // namespace sightline::storage
