// SPDX-License-Identifier: BSD-3-Clause
#include "storage/segment_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>

#include "base/file_io.h"

namespace sightline::storage {
namespace {

namespace fs = std::filesystem;

constexpr size_t kBlockBytes = 1 << 20;

/// An open descriptor. Move is not needed.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

Status SyncFolder(const fs::path& folder) {
  const Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (opened.get() < 0 || ::fsync(opened.get()) != 0) {
    return tl::unexpected(ErrnoError(errno, "sync the folder", folder));
  }
  return {};
}

Status MakeSegmentsFolder(const fs::path& collection) {
  const fs::path folder = SegmentsFolder(collection);
  if (::mkdir(folder.c_str(), 0777) == 0) return SyncFolder(collection);
  if (errno == EEXIST) return {};
  return tl::unexpected(ErrnoError(errno, "create the folder", folder));
}

struct FileSum {
  uint64_t bytes = 0;
  uint32_t checksum = 0;
};

Result<FileSum> SumFile(const fs::path& file, const std::function<Status()>& pause) {
  const Descriptor opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (opened.get() < 0) return tl::unexpected(ErrnoError(errno, "open", file));
  std::vector<unsigned char> block(kBlockBytes);
  FileSum sum;
  while (true) {
    if (pause) SL_RETURN_IF_ERROR(pause());
    const ssize_t got = ::read(opened.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return tl::unexpected(ErrnoError(errno, "read", file));
    if (got == 0) return sum;
    sum.checksum = static_cast<uint32_t>(::crc32_z(sum.checksum, block.data(), static_cast<size_t>(got)));
    sum.bytes += static_cast<uint64_t>(got);
  }
}

Status WriteAndRename(const fs::path& collection, const fs::path& file, const SealedSegment& segment) {
  SL_RETURN_IF_ERROR(MakeSegmentsFolder(collection));
  fs::path temporary = file;
  temporary += ".tmp";
  std::error_code ignored;
  if (auto written = segment.Write(temporary); !written) {
    fs::remove(temporary, ignored);
    return written;
  }
  if (::rename(temporary.c_str(), file.c_str()) != 0) {
    const int error_number = errno;
    fs::remove(temporary, ignored);
    return tl::unexpected(ErrnoError(error_number, "rename", temporary));
  }
  return SyncFolder(SegmentsFolder(collection));
}

/// How many units have dead rows: the rows of one are consecutive and all dead.
size_t CountDeadUnits(const SealedSegment& segment, const DeadRows& dead) {
  size_t units = 0;
  UnitId last;
  for (uint32_t row : dead.Since(DeadRows(dead.rows()))) {
    const UnitId unit = segment.Info(row).unit;
    if (unit != last) ++units;
    last = unit;
  }
  return units;
}

}  // namespace

fs::path SegmentsFolder(const fs::path& collection) { return collection / "segments"; }

fs::path SegmentFile(const fs::path& collection, uint64_t number) {
  return SegmentsFolder(collection) / (std::to_string(number) + ".seg");
}

Result<std::shared_ptr<const SegmentSlot>> PutSegment(const fs::path& collection, uint64_t number,
                                                      std::shared_ptr<const SealedSegment> segment,
                                                      const std::function<Status()>& pause) {
  const fs::path file = SegmentFile(collection, number);
  SL_RETURN_IF_ERROR(WriteAndRename(collection, file, *segment));
  const auto sum = SumFile(file, pause);
  if (!sum) {
    std::error_code ignored;
    fs::remove(file, ignored);
    return tl::unexpected(sum.error());
  }
  const size_t rows = segment->rows();
  return std::make_shared<const SegmentSlot>(SegmentSlot{.number = number,
                                                         .file_bytes = sum->bytes,
                                                         .file_checksum = sum->checksum,
                                                         .segment = std::move(segment),
                                                         .dead = DeadRows(rows),
                                                         .dead_units = 0});
}

Result<std::shared_ptr<const SegmentSlot>> LoadSegment(const fs::path& collection, const ManifestSegment& listed) {
  const fs::path file = SegmentFile(collection, listed.number);
  std::error_code failed;
  const uint64_t bytes = fs::file_size(file, failed);
  if (!failed && bytes != listed.file_bytes) {
    return Fail(ErrorCode::kCorruption, file.string() + ": has " + std::to_string(bytes) + " bytes instead of " +
                                            std::to_string(listed.file_bytes));
  }
  SL_ASSIGN_OR_RETURN(auto segment, SealedSegment::Load(file));
  if (segment->kind() != listed.kind || segment->rows() != listed.rows || segment->units() != listed.units) {
    return Fail(ErrorCode::kCorruption, file.string() + ": is not the segment that the manifest lists");
  }
  const size_t dead_units = CountDeadUnits(*segment, listed.dead);
  return std::make_shared<const SegmentSlot>(SegmentSlot{.number = listed.number,
                                                         .file_bytes = listed.file_bytes,
                                                         .file_checksum = listed.file_checksum,
                                                         .segment = std::move(segment),
                                                         .dead = listed.dead,
                                                         .dead_units = dead_units});
}

Status CheckSegmentFile(const fs::path& collection, uint64_t number, uint64_t bytes, uint32_t checksum,
                        const std::function<Status()>& pause) {
  const fs::path file = SegmentFile(collection, number);
  SL_ASSIGN_OR_RETURN(const FileSum sum, SumFile(file, pause));
  if (sum.bytes == bytes && sum.checksum == checksum) return {};
  return Fail(ErrorCode::kCorruption, file.string() + ": is not what was written (size or checksum)");
}

void RemoveOtherSegments(const fs::path& collection, const std::vector<uint64_t>& keep) {
  std::vector<fs::path> others;
  std::error_code failed;
  for (fs::directory_iterator it(SegmentsFolder(collection), failed), end; !failed && it != end; it.increment(failed)) {
    const auto is_kept = [&](uint64_t number) { return SegmentFile(collection, number) == it->path(); };
    if (std::none_of(keep.begin(), keep.end(), is_kept)) others.push_back(it->path());
  }
  for (const fs::path& other : others) fs::remove(other, failed);
}

}  // namespace sightline::storage
