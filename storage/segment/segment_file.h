// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "storage/index_options.h"

namespace sightline::storage {

// The file of a sealed segment (docs/STORAGE_FORMAT.md, "Segment files"): a head and the sections that it lists.

constexpr uint32_t kSegmentFileVersion = 1;

/// What the head says beside its list of sections.
struct SegmentHead {
  IndexOptions options;
  uint32_t dim = 0;
  uint64_t rows = 0;
  uint64_t units = 0;
};

/// The sections of a segment on their way to a file. What is added by view must live until the file is written.
class SectionList {
 public:
  struct Section {
    std::string tag;
    std::span<const std::byte> view;
    std::string owned;  ///< Instead of `view`.

    std::string_view bytes() const {
      return owned.empty() ? std::string_view(reinterpret_cast<const char*>(view.data()), view.size())
                           : std::string_view(owned);
    }
  };

  /// @param tag  4 characters, used once.
  void AddView(std::string_view tag, std::span<const std::byte> bytes);
  void AddOwned(std::string_view tag, std::string bytes);
  template <typename T>
  void AddVector(std::string_view tag, const std::vector<T>& values) {
    AddView(tag, std::as_bytes(std::span(values)));
  }

  const std::vector<Section>& sections() const { return sections_; }

 private:
  std::vector<Section> sections_;
};

/// Writes and syncs the whole file. Errors: kResourceExhausted (disk full), kUnavailable; what was written by then is
/// removed.
Status WriteSegmentFile(const std::filesystem::path& file, const SegmentHead& head, const SectionList& sections);

/// An open segment file. Sections are read whole and checked against their checksum. Move-only, thread-compatible.
class SegmentFileReader {
 public:
  /// Reads and checks the head. Errors: kNotFound, kCorruption, kFailedPrecondition (a newer version), kUnavailable.
  static Result<SegmentFileReader> Open(const std::filesystem::path& file);

  SegmentFileReader(SegmentFileReader&& other) noexcept;
  SegmentFileReader& operator=(SegmentFileReader&&) = delete;
  ~SegmentFileReader();

  const SegmentHead& head() const { return head_; }
  bool Has(std::string_view tag) const { return Find(tag) != nullptr; }
  /// 0 when it is not there.
  uint64_t SizeOf(std::string_view tag) const;

  /// Errors: kCorruption (not there, not of the size of `bytes`, wrong checksum), kUnavailable.
  Status ReadInto(std::string_view tag, std::span<std::byte> bytes);
  Result<std::string> Read(std::string_view tag);
  /// As many values as there are. Errors: as ReadInto, and kCorruption when there are not `count` of them.
  template <typename T>
  Result<std::vector<T>> ReadVector(std::string_view tag, size_t count) {
    if (SizeOf(tag) / sizeof(T) != count) return tl::unexpected(Bad(tag, "has another size than the head says"));
    std::vector<T> values(count);
    SL_RETURN_IF_ERROR(ReadInto(tag, std::as_writable_bytes(std::span(values))));
    return values;
  }

  /// Every section was read. Errors: kCorruption.
  Status CheckAllRead() const;
  /// kCorruption, with the file and the section in its message.
  Error Bad(std::string_view tag, std::string_view what) const;

 private:
  struct Entry {
    std::string tag;
    uint64_t offset = 0;
    uint64_t size = 0;
    uint32_t checksum = 0;
    bool was_read = false;
  };

  SegmentFileReader(std::filesystem::path file, int fd) : file_(std::move(file)), fd_(fd) {}
  Status ReadHead();
  Status DecodeHead(std::string_view head, uint64_t sections_begin, uint64_t file_size);
  Status ReadAt(uint64_t offset, std::span<std::byte> bytes) const;
  const Entry* Find(std::string_view tag) const;

  std::filesystem::path file_;
  int fd_ = -1;
  SegmentHead head_;
  std::vector<Entry> entries_;
};

}  // namespace sightline::storage
