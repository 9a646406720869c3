// SPDX-License-Identifier: BSD-3-Clause
// The text of a snapshot's account of itself.
#include <charconv>
#include <limits>
#include <optional>

#include "base/sha256.h"
#include "storage/record_codec.h"
#include "storage/snapshot.h"

namespace sightline::storage {
namespace {

constexpr std::string_view kHead = "sightline snapshot ";
constexpr uint32_t kSnapshotFormat = 1;
constexpr std::string_view kEnd = "end ";

tl::unexpected<Error> Unreadable() {
  return Fail(ErrorCode::kCorruption, "the snapshot's account of itself cannot be read");
}

std::string ChecksumOf(std::string_view text) {
  Sha256 sha;
  sha.Update(text);
  return ToHex(sha.Finish());
}

std::optional<uint64_t> ParseNumber(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Takes lines "KEY REST" off a text.
class LineTaker {
 public:
  explicit LineTaker(std::string_view text) : rest_(text) {}

  bool empty() const { return rest_.empty(); }

  /// What follows the key on the next line; nothing when that has another key.
  std::optional<std::string_view> Take(std::string_view key) {
    const size_t end = rest_.find('\n');
    if (end == std::string_view::npos || !rest_.starts_with(key)) return std::nullopt;
    const std::string_view value = rest_.substr(key.size(), end - key.size());
    rest_.remove_prefix(end + 1);
    return value;
  }

  std::optional<uint64_t> TakeNumber(std::string_view key) {
    const auto value = Take(key);
    return value ? ParseNumber(*value) : std::nullopt;
  }

 private:
  std::string_view rest_;
};

/// "SIZE NAME".
std::optional<SnapshotFile> ParseFile(std::string_view text) {
  const size_t space = text.find(' ');
  if (space == std::string_view::npos || space + 1 == text.size()) return std::nullopt;
  const auto size = ParseNumber(text.substr(0, space));
  const std::string_view name = text.substr(space + 1);
  // Nothing that leads out of the snapshot's folder.
  if (!size || name.starts_with('/') || name.find("..") != std::string_view::npos) return std::nullopt;
  return SnapshotFile{std::string(name), *size};
}

}  // namespace

std::string EncodeSnapshotManifest(const SnapshotManifest& manifest) {
  const SnapshotInfo& info = manifest.info;
  std::string text = std::string(kHead) + std::to_string(kSnapshotFormat) + "\n";
  const auto add = [&text](std::string_view key, uint64_t number) {
    text.append(key).append(std::to_string(number)).append("\n");
  };
  add("format ", info.format_version);
  add("created ", static_cast<uint64_t>(info.created_at));
  add("epoch ", info.epoch.value);
  add("items ", info.items);
  add("units ", info.units);
  add("vectors ", info.vectors);
  for (const SnapshotFile& file : manifest.files) {
    text.append("file ").append(std::to_string(file.size_bytes)).append(" ").append(file.name).append("\n");
  }
  const std::string checksum = ChecksumOf(text);
  return text.append(kEnd).append(checksum).append("\n");
}

Result<SnapshotManifest> DecodeSnapshotManifest(std::string_view text) {
  LineTaker lines(text);
  const auto snapshot_format = lines.TakeNumber(kHead);
  if (!snapshot_format) return Unreadable();
  if (*snapshot_format > kSnapshotFormat) {
    return Fail(ErrorCode::kFailedPrecondition, "the snapshot has format " + std::to_string(*snapshot_format) +
                                                    "; this program reads " + std::to_string(kSnapshotFormat));
  }
  const size_t end = text.rfind("\nend ");
  if (end == std::string_view::npos ||
      ChecksumOf(text.substr(0, end + 1)) + "\n" != text.substr(end + 1 + kEnd.size())) {
    return Unreadable();
  }
  const auto format = lines.TakeNumber("format ");
  const auto created = lines.TakeNumber("created ");
  const auto epoch = lines.TakeNumber("epoch ");
  const auto items = lines.TakeNumber("items ");
  const auto units = lines.TakeNumber("units ");
  const auto vectors = lines.TakeNumber("vectors ");
  if (!format || !created || !epoch || !items || !units || !vectors) return Unreadable();
  if (*format > kFormatVersion) {
    return Fail(ErrorCode::kFailedPrecondition, "the snapshot is of a collection of format version " +
                                                    std::to_string(*format) + "; this program reads up to " +
                                                    std::to_string(kFormatVersion));
  }
  SnapshotManifest manifest;
  manifest.info = {.format_version = static_cast<uint32_t>(*format),
                   .created_at = static_cast<int64_t>(*created),
                   .epoch = Epoch{*epoch},
                   .items = *items,
                   .units = *units,
                   .vectors = *vectors};
  while (const auto line = lines.Take("file ")) {
    auto file = ParseFile(*line);
    if (!file) return Unreadable();
    manifest.info.files += 1;
    manifest.info.size_bytes += file->size_bytes;
    manifest.files.push_back(*std::move(file));
  }
  if (!lines.Take(kEnd) || !lines.empty()) return Unreadable();
  return manifest;
}

}  // namespace sightline::storage
