// SPDX-License-Identifier: BSD-3-Clause
#include "storage/segment/segment_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "base/file_io.h"
#include "storage/record_bytes.h"

namespace sightline::storage {
namespace {

constexpr std::string_view kMagic = "SLSG";
constexpr size_t kTagBytes = 4;
constexpr size_t kPrefixBytes = 16;  ///< Magic, version, size of the head, checksum: the same in every version.
constexpr uint8_t kHeadRecordVersion = 1;
constexpr uint64_t kMaxHeadBytes = 1 << 16;
constexpr uint32_t kMaxDim = 65'536;

uint32_t Checksum(std::string_view bytes) {
  return static_cast<uint32_t>(::crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

std::string_view ToChars(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string EncodePrefix(uint32_t head_bytes) {
  std::string prefix(kMagic);
  for (const uint32_t value : {kSegmentFileVersion, head_bytes}) {
    prefix.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  const uint32_t checksum = Checksum(prefix);
  return prefix.append(reinterpret_cast<const char*>(&checksum), sizeof(checksum));
}

std::string EncodeHead(const SegmentHead& head, const SectionList& sections) {
  RecordWriter writer(kHeadRecordVersion);
  const IndexOptions& options = head.options;
  writer.Put(static_cast<uint8_t>(options.kind));
  writer.Put(static_cast<uint8_t>(options.rows));
  writer.Put(static_cast<uint8_t>(options.opq));
  writer.Put(static_cast<uint8_t>(options.two_lists));
  for (const uint64_t value : {options.exact_limit, options.seal_rows}) writer.Put(value);
  for (const uint32_t value : {options.lists, options.pq_subspaces, options.links, options.probes, options.ef_search,
                               options.refine_factor, head.dim}) {
    writer.Put(value);
  }
  for (const uint64_t value : {head.rows, head.units}) writer.Put(value);
  writer.PutCount(sections.sections().size());
  for (const SectionList::Section& section : sections.sections()) {
    writer.PutBytes(std::as_bytes(std::span(section.tag)));
    writer.Put(static_cast<uint64_t>(section.bytes().size()));
    writer.Put(Checksum(section.bytes()));
  }
  return writer.Finish();
}

bool IsKind(uint8_t kind) {
  return kind >= static_cast<uint8_t>(IndexKind::kFlat) && kind <= static_cast<uint8_t>(IndexKind::kHnsw);
}

IndexOptions DecodeOptions(RecordReader& reader) {
  IndexOptions options;
  const auto kind = reader.Get<uint8_t>();
  const auto rows = reader.Get<uint8_t>();
  if (!IsKind(kind) ||
      (rows != static_cast<uint8_t>(RowFormat::kInt8) && rows != static_cast<uint8_t>(RowFormat::kFp16))) {
    reader.MarkBad();
  }
  options.kind = static_cast<IndexKind>(kind);
  options.rows = static_cast<RowFormat>(rows);
  options.opq = reader.GetBool();
  options.two_lists = reader.GetBool();
  for (uint64_t* value : {&options.exact_limit, &options.seal_rows}) *value = reader.Get<uint64_t>();
  for (uint32_t* value : {&options.lists, &options.pq_subspaces, &options.links, &options.probes, &options.ef_search,
                          &options.refine_factor}) {
    *value = reader.Get<uint32_t>();
  }
  return options;
}

Status WriteAll(int fd, std::string_view content, const std::filesystem::path& file) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), std::min<size_t>(content.size(), 1 << 26));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return tl::unexpected(ErrnoError(errno, "write", file));
    content.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

Status WriteParts(int fd, const std::filesystem::path& file, const SegmentHead& head, const SectionList& sections) {
  const std::string head_bytes = EncodeHead(head, sections);
  SL_RETURN_IF_ERROR(WriteAll(fd, EncodePrefix(static_cast<uint32_t>(head_bytes.size())), file));
  SL_RETURN_IF_ERROR(WriteAll(fd, head_bytes, file));
  for (const SectionList::Section& section : sections.sections()) {
    SL_RETURN_IF_ERROR(WriteAll(fd, section.bytes(), file));
  }
  if (::fsync(fd) != 0) return tl::unexpected(ErrnoError(errno, "fsync", file));
  return {};
}

}  // namespace

void SectionList::AddView(std::string_view tag, std::span<const std::byte> bytes) {
  SL_CHECK(tag.size() == kTagBytes);
  sections_.push_back({std::string(tag), bytes, {}});
}

void SectionList::AddOwned(std::string_view tag, std::string bytes) {
  SL_CHECK(tag.size() == kTagBytes);
  sections_.push_back({std::string(tag), {}, std::move(bytes)});
}

Status WriteSegmentFile(const std::filesystem::path& file, const SegmentHead& head, const SectionList& sections) {
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return tl::unexpected(ErrnoError(errno, "create", file));
  const Status written = WriteParts(fd, file, head, sections);
  ::close(fd);
  if (!written) ::unlink(file.c_str());
  return written;
}

SegmentFileReader::SegmentFileReader(SegmentFileReader&& other) noexcept
    : file_(std::move(other.file_)),
      fd_(std::exchange(other.fd_, -1)),
      head_(other.head_),
      entries_(std::move(other.entries_)) {}

SegmentFileReader::~SegmentFileReader() {
  if (fd_ >= 0) ::close(fd_);
}

Result<SegmentFileReader> SegmentFileReader::Open(const std::filesystem::path& file) {
  const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return tl::unexpected(ErrnoError(errno, "open", file));
  SegmentFileReader reader(file, fd);
  SL_RETURN_IF_ERROR(reader.ReadHead());
  return reader;
}

Error SegmentFileReader::Bad(std::string_view tag, std::string_view what) const {
  std::string message = file_.string();
  message.append(": ").append(tag).append(tag.empty() ? "" : ": ").append(what);
  return {ErrorCode::kCorruption, std::move(message)};
}

Status SegmentFileReader::ReadHead() {
  struct stat info {};
  if (::fstat(fd_, &info) != 0) return tl::unexpected(ErrnoError(errno, "stat", file_));
  if (!S_ISREG(info.st_mode)) return tl::unexpected(Bad("", "not a regular file"));
  const auto file_size = static_cast<uint64_t>(info.st_size);
  std::string prefix(kPrefixBytes, '\0');
  if (file_size < kPrefixBytes) return tl::unexpected(Bad("", "not a segment file: too short"));
  SL_RETURN_IF_ERROR(ReadAt(0, std::as_writable_bytes(std::span(prefix))));
  RecordReader reader = RecordReader::Unframed(prefix);
  const std::string_view magic = ToChars(reader.GetBytes(kMagic.size()));
  const auto version = reader.Get<uint32_t>();
  const auto head_bytes = reader.Get<uint32_t>();
  reader.CheckChecksum();
  if (reader.bad() || magic != kMagic)
    return tl::unexpected(Bad("", "not a segment file, or damaged at its beginning"));
  if (version > kSegmentFileVersion) {
    return Fail(ErrorCode::kFailedPrecondition, file_.string() + ": a segment of format version " +
                                                    std::to_string(version) + "; this program reads up to " +
                                                    std::to_string(kSegmentFileVersion));
  }
  if (version == 0 || head_bytes > kMaxHeadBytes || head_bytes > file_size - kPrefixBytes) {
    return tl::unexpected(Bad("", "the head is cut off"));
  }
  std::string head(head_bytes, '\0');
  SL_RETURN_IF_ERROR(ReadAt(kPrefixBytes, std::as_writable_bytes(std::span(head))));
  return DecodeHead(head, kPrefixBytes + head_bytes, file_size);
}

Status SegmentFileReader::DecodeHead(std::string_view head, uint64_t sections_begin, uint64_t file_size) {
  RecordReader reader(head, kHeadRecordVersion);
  head_.options = DecodeOptions(reader);
  head_.dim = reader.Get<uint32_t>();
  head_.rows = reader.Get<uint64_t>();
  head_.units = reader.Get<uint64_t>();
  if (head_.dim == 0 || head_.dim > kMaxDim || head_.rows >= uint64_t{1} << 31 || head_.units > head_.rows ||
      (head_.units == 0) != (head_.rows == 0)) {
    reader.MarkBad();
  }
  uint64_t offset = sections_begin;
  for (size_t left = reader.GetCount(kTagBytes + 12); left > 0; --left) {
    Entry entry;
    entry.tag = ToChars(reader.GetBytes(kTagBytes));
    entry.offset = offset;
    entry.size = reader.Get<uint64_t>();
    entry.checksum = reader.Get<uint32_t>();
    if (reader.bad() || entry.size > file_size - offset || Has(entry.tag)) return tl::unexpected(Bad("", "bad head"));
    offset += entry.size;
    entries_.push_back(std::move(entry));
  }
  if (!reader.Finish("the head")) return tl::unexpected(Bad("", "the head contradicts its format"));
  if (offset != file_size) return tl::unexpected(Bad("", "the file is longer or shorter than its head says"));
  return {};
}

Status SegmentFileReader::ReadAt(uint64_t offset, std::span<std::byte> bytes) const {
  while (!bytes.empty()) {
    const ssize_t got = ::pread(fd_, bytes.data(), std::min<size_t>(bytes.size(), 1 << 26), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return tl::unexpected(ErrnoError(errno, "read", file_));
    if (got == 0) return tl::unexpected(Bad("", "the file ends too early"));
    offset += static_cast<uint64_t>(got);
    bytes = bytes.subspan(static_cast<size_t>(got));
  }
  return {};
}

const SegmentFileReader::Entry* SegmentFileReader::Find(std::string_view tag) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [tag](const Entry& e) { return e.tag == tag; });
  return found == entries_.end() ? nullptr : &*found;
}

uint64_t SegmentFileReader::SizeOf(std::string_view tag) const {
  const Entry* entry = Find(tag);
  return entry != nullptr ? entry->size : 0;
}

Status SegmentFileReader::ReadInto(std::string_view tag, std::span<std::byte> bytes) {
  const auto entry = std::find_if(entries_.begin(), entries_.end(), [tag](const Entry& e) { return e.tag == tag; });
  if (entry == entries_.end()) return tl::unexpected(Bad(tag, "is missing"));
  if (entry->size != bytes.size()) return tl::unexpected(Bad(tag, "has another size than the head says"));
  SL_RETURN_IF_ERROR(ReadAt(entry->offset, bytes));
  if (Checksum(ToChars(bytes)) != entry->checksum) return tl::unexpected(Bad(tag, "has a wrong checksum"));
  entry->was_read = true;
  return {};
}

Result<std::string> SegmentFileReader::Read(std::string_view tag) {
  std::string bytes(SizeOf(tag), '\0');
  SL_RETURN_IF_ERROR(ReadInto(tag, std::as_writable_bytes(std::span(bytes))));
  return bytes;
}

Status SegmentFileReader::CheckAllRead() const {
  for (const Entry& entry : entries_) {
    if (!entry.was_read) return tl::unexpected(Bad(entry.tag, "is a section that this kind of segment does not have"));
  }
  return {};
}

}  // namespace sightline::storage
