// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/files/zip_reader.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "encoder/files/byte_reader.h"

// The records are those of the .ZIP File Format Specification (APPNOTE.TXT) 6.3, sections 4.3.7 to 4.3.16 and 4.5.3.

namespace sightline::encoder {
namespace {

constexpr uint32_t kLocalSignature = 0x04034b50;
constexpr uint32_t kCentralSignature = 0x02014b50;
constexpr uint32_t kEndSignature = 0x06054b50;
constexpr uint32_t kEnd64Signature = 0x06064b50;
constexpr uint32_t kEnd64LocatorSignature = 0x07064b50;
constexpr size_t kEndBytes = 22;
constexpr size_t kEnd64Bytes = 56;
constexpr size_t kEnd64LocatorBytes = 20;
constexpr size_t kCentralBytes = 46;
constexpr size_t kLocalBytes = 30;
constexpr size_t kMaxCommentBytes = 65535;
constexpr uint64_t kMaxEntries = 200000;
constexpr uint16_t kEncryptedFlags = 0x2041;  ///< Encrypted, strongly encrypted, or with a masked directory.
constexpr uint16_t kZip64ExtraId = 1;

// Fixed-size records, copied out of the file: packed, little-endian.
#pragma pack(push, 1)
struct EndRecord {
  uint32_t signature;
  uint16_t disk, directory_disk, entries_here, entries;
  uint32_t directory_bytes, directory_offset;
  uint16_t comment_bytes;
};
struct End64Record {
  uint32_t signature;
  uint64_t record_bytes;
  uint16_t made_by, needed;
  uint32_t disk, directory_disk;
  uint64_t entries_here, entries, directory_bytes, directory_offset;
};
struct End64Locator {
  uint32_t signature, disk;
  uint64_t offset;
  uint32_t disks;
};
struct CentralRecord {
  uint32_t signature;
  uint16_t made_by, needed, flags, method, time, date;
  uint32_t crc, compressed_bytes, size_bytes;
  uint16_t name_bytes, extra_bytes, comment_bytes, disk, internal_attributes;
  uint32_t external_attributes, local_offset;
};
struct LocalRecord {
  uint32_t signature;
  uint16_t needed, flags, method, time, date;
  uint32_t crc, compressed_bytes, size_bytes;
  uint16_t name_bytes, extra_bytes;
};
#pragma pack(pop)
static_assert(sizeof(EndRecord) == kEndBytes && sizeof(End64Record) == kEnd64Bytes &&
              sizeof(End64Locator) == kEnd64LocatorBytes && sizeof(CentralRecord) == kCentralBytes &&
              sizeof(LocalRecord) == kLocalBytes);

struct Directory {
  uint64_t entries = 0;
  uint64_t offset = 0;
  uint64_t end = 0;
};

struct Entry {
  std::string name;
  uint64_t size_bytes = 0;
  uint64_t local_offset = 0;
};

/// The file's range that an entry takes, local header included.
struct Range {
  uint64_t begin = 0;
  uint64_t end = 0;
  std::string_view name;
};

auto Corrupt(std::string message) { return Fail(ErrorCode::kCorruption, "zip: " + std::move(message)); }

/// The end record is the last thing in the file but for a comment, whose length it tells.
std::optional<size_t> FindEnd(std::span<const std::byte> bytes) {
  if (bytes.size() < kEndBytes) return std::nullopt;
  const size_t last = bytes.size() - kEndBytes;
  const size_t first = last > kMaxCommentBytes ? last - kMaxCommentBytes : 0;
  for (size_t at = last + 1; at-- > first;) {
    const auto end = *ByteReader(bytes, at).Read<EndRecord>();
    if (end.signature == kEndSignature && at + kEndBytes + end.comment_bytes == bytes.size()) return at;
  }
  return std::nullopt;
}

Result<Directory> CheckDirectory(Directory directory, uint64_t size_bytes, uint64_t limit) {
  if (directory.offset > limit || size_bytes > limit - directory.offset) {
    return Corrupt("the directory lies outside the file");
  }
  if (directory.entries > kMaxEntries) {
    return Fail(ErrorCode::kResourceExhausted,
                "zip: " + std::to_string(directory.entries) + " entries, more than " + std::to_string(kMaxEntries));
  }
  if (directory.entries > size_bytes / kCentralBytes) return Corrupt("more entries than its directory can hold");
  directory.end = directory.offset + size_bytes;
  return directory;
}

Result<Directory> FindDirectory64(std::span<const std::byte> bytes, size_t end_at) {
  if (end_at < kEnd64LocatorBytes) return Corrupt("no zip64 locator");
  const size_t locator_at = end_at - kEnd64LocatorBytes;
  const auto locator = *ByteReader(bytes, locator_at).Read<End64Locator>();
  if (locator.signature != kEnd64LocatorSignature) return Corrupt("no zip64 locator");
  if (locator.offset > locator_at || locator_at - locator.offset < kEnd64Bytes) {
    return Corrupt("the zip64 end record lies outside the file");
  }
  const auto end = *ByteReader(bytes, locator.offset).Read<End64Record>();
  if (end.signature != kEnd64Signature) return Corrupt("no zip64 end record");
  if (end.disk != 0 || end.directory_disk != 0 || end.entries_here != end.entries || locator.disks > 1) {
    return Fail(ErrorCode::kUnsupported, "zip: an archive of several disks");
  }
  return CheckDirectory({end.entries, end.directory_offset, 0}, end.directory_bytes, locator.offset);
}

Result<Directory> FindDirectory(std::span<const std::byte> bytes) {
  const auto at = FindEnd(bytes);
  if (!at) return Corrupt("no end record: the file is truncated or damaged");
  const auto end = *ByteReader(bytes, *at).Read<EndRecord>();
  if (end.entries == 0xffff || end.directory_bytes == 0xffffffff || end.directory_offset == 0xffffffff) {
    return FindDirectory64(bytes, *at);
  }
  if (end.disk != 0 || end.directory_disk != 0 || end.entries_here != end.entries) {
    return Fail(ErrorCode::kUnsupported, "zip: an archive of several disks");
  }
  return CheckDirectory({end.entries, end.directory_offset, 0}, end.directory_bytes, *at);
}

/// Entries are never written anywhere, so no name can do harm; but an honest archive has no such names.
bool IsPlainName(std::string_view name) {
  if (name.empty() || name.front() == '/' || name.find('\\') != std::string_view::npos) return false;
  if (std::any_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == ':'; })) {
    return false;
  }
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('/', begin), name.size());
    if (name.substr(begin, end - begin) == "..") return false;
    begin = end + 1;
  }
  return true;
}

/// Replaces the sizes and the offset that do not fit 32 bits by those of the zip64 extra field, which holds exactly
/// the ones that are saturated, in this order.
Status ApplyZip64(const CentralRecord& record, std::span<const std::byte> extra, uint64_t& compressed, Entry& entry) {
  const bool is_large = record.size_bytes == 0xffffffff;
  const bool is_large_compressed = record.compressed_bytes == 0xffffffff;
  const bool is_far = record.local_offset == 0xffffffff;
  if (!is_large && !is_large_compressed && !is_far) return {};
  ByteReader reader(extra);
  while (const auto id = reader.Read<uint16_t>()) {
    const auto size = reader.Read<uint16_t>();
    const auto field = size ? reader.ReadBytes(*size) : std::nullopt;
    if (!field) break;
    if (*id != kZip64ExtraId) continue;
    ByteReader values(*field);
    const auto take = [&](bool wanted, uint64_t& out) {
      if (!wanted) return true;
      const auto value = values.Read<uint64_t>();
      if (value) out = *value;
      return value.has_value();
    };
    if (take(is_large, entry.size_bytes) && take(is_large_compressed, compressed) && take(is_far, entry.local_offset)) {
      return {};
    }
    break;
  }
  return Corrupt(Printable(entry.name) + " lacks its zip64 sizes");
}

Result<Entry> ReadEntry(ByteReader& directory) {
  const auto record = directory.Read<CentralRecord>();
  if (!record || record->signature != kCentralSignature) return Corrupt("broken directory");
  const auto name = directory.ReadText(record->name_bytes);
  const auto extra = directory.ReadBytes(record->extra_bytes);
  const auto comment = directory.ReadBytes(record->comment_bytes);
  if (!name || !extra || !comment) return Corrupt("broken directory");
  if (!IsPlainName(*name)) return Corrupt("an entry is named \"" + Printable(*name) + "\"");
  if (record->method != 0 || (record->flags & kEncryptedFlags) != 0) {
    return Fail(ErrorCode::kUnsupported, "zip: " + Printable(*name) + " is compressed or encrypted");
  }
  Entry entry{std::string(*name), record->size_bytes, record->local_offset};
  uint64_t compressed = record->compressed_bytes;
  SL_RETURN_IF_ERROR(ApplyZip64(*record, *extra, compressed, entry));
  if (compressed != entry.size_bytes) return Corrupt(Printable(*name) + " has two sizes");
  return entry;
}

/// The data behind the entry's local header, which must repeat the entry's name.
Result<Range> FindData(std::span<const std::byte> bytes, const Entry& entry, uint64_t limit,
                       std::span<const std::byte>& data) {
  if (entry.local_offset > limit) return Corrupt(Printable(entry.name) + " lies outside the file");
  ByteReader reader(bytes.first(limit), entry.local_offset);
  const auto local = reader.Read<LocalRecord>();
  if (!local || local->signature != kLocalSignature) return Corrupt(Printable(entry.name) + " has no local header");
  const auto name = reader.ReadText(local->name_bytes);
  if (!name || *name != entry.name || local->method != 0) {
    return Corrupt(Printable(entry.name) + " differs from its local header");
  }
  if (!reader.ReadBytes(local->extra_bytes)) return Corrupt(Printable(entry.name) + " lies outside the file");
  const auto content = entry.size_bytes <= reader.remaining() ? reader.ReadBytes(entry.size_bytes) : std::nullopt;
  if (!content) return Corrupt(Printable(entry.name) + " lies outside the file");
  data = *content;
  return Range{entry.local_offset, reader.position(), entry.name};
}

Status CheckOverlap(std::vector<Range> ranges) {
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.begin < b.begin; });
  for (size_t i = 1; i < ranges.size(); ++i) {
    if (ranges[i].begin < ranges[i - 1].end) {
      return Corrupt(Printable(ranges[i].name) + " overlaps " + Printable(ranges[i - 1].name));
    }
  }
  return {};
}

}  // namespace

Result<ZipEntries> ReadZip(std::span<const std::byte> bytes) {
  SL_ASSIGN_OR_RETURN(const Directory directory, FindDirectory(bytes));
  ByteReader reader(bytes.first(directory.end), directory.offset);
  ZipEntries entries;
  std::vector<Range> ranges;
  for (uint64_t i = 0; i < directory.entries; ++i) {
    SL_ASSIGN_OR_RETURN(const Entry entry, ReadEntry(reader));
    std::span<const std::byte> data;
    SL_ASSIGN_OR_RETURN(Range range, FindData(bytes, entry, directory.offset, data));
    const auto [at, is_new] = entries.emplace(entry.name, data);
    if (!is_new) return Corrupt("two entries are named " + Printable(entry.name));
    range.name = at->first;
    ranges.push_back(range);
  }
  SL_RETURN_IF_ERROR(CheckOverlap(std::move(ranges)));
  std::erase_if(entries, [](const auto& entry) { return entry.first.ends_with('/'); });
  return entries;
}

bool LooksLikeZip(std::span<const std::byte> bytes) { return ByteReader(bytes).Read<uint32_t>() == kLocalSignature; }

}  // namespace sightline::encoder
