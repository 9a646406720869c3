// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/transfer/npy_reader.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "base/file_io.h"
#include "base/token_matrix.h"

namespace sightline::indexer {
namespace {

// Read ahead by the C library.
constexpr size_t kBufferBytes = 1 << 20;

template <typename Element>
Element ElementAt(const std::byte* bytes, size_t index) {
  Element element;
  std::memcpy(&element, bytes + index * sizeof(Element), sizeof(Element));
  return element;
}

void ToFloats(NpyType type, const std::byte* bytes, Embedding& row) {
  switch (type) {
    case NpyType::kFp16:
      for (size_t i = 0; i < row.size(); ++i) row[i] = HalfToFloat(ElementAt<uint16_t>(bytes, i));
      return;
    case NpyType::kFp32:
      std::memcpy(row.data(), bytes, row.size() * sizeof(float));
      return;
    case NpyType::kFp64:
      for (size_t i = 0; i < row.size(); ++i) row[i] = static_cast<float>(ElementAt<double>(bytes, i));
      return;
  }
}

int64_t Nanoseconds(const struct timespec& time) { return time.tv_sec * 1'000'000'000 + time.tv_nsec; }

}  // namespace

Result<NpyReader> NpyReader::Open(const std::filesystem::path& path) {
  NpyReader reader;
  reader.path_ = path;
  SL_ASSIGN_OR_RETURN(reader.file_, OpenFileStream(path));
  struct stat info {};
  if (::fstat(::fileno(reader.file_.get()), &info) != 0) return tl::unexpected(ErrnoError(errno, "look at", path));
  reader.changed_ns_ = std::max(Nanoseconds(info.st_mtim), Nanoseconds(info.st_ctim));
  std::setvbuf(reader.file_.get(), nullptr, _IOFBF, kBufferBytes);
  if (auto read = reader.ReadHeader(static_cast<uint64_t>(info.st_size)); !read) {
    return Annotate(std::move(read).error(), path.string());
  }
  return reader;
}

Status NpyReader::ReadHeader(uint64_t size_bytes) {
  std::string start(std::min<uint64_t>(size_bytes, kMaxNpyHeaderBytes), '\0');
  start.resize(std::fread(start.data(), 1, start.size(), file_.get()));
  if (std::ferror(file_.get()) != 0) return Fail(ErrorCode::kUnavailable, "it cannot be read");
  SL_ASSIGN_OR_RETURN(header_, ParseNpyHeader(start));
  if (header_.columns == 0) return Fail(ErrorCode::kCorruption, "its rows have no values");
  if (header_.columns > kMaxColumns) {
    return Fail(ErrorCode::kUnsupported,
                fmt::format("its rows have {} values; at most {} are read", header_.columns, kMaxColumns));
  }
  const uint64_t row_bytes = header_.columns * SizeOf(header_.type);
  const uint64_t data_bytes = size_bytes - header_.data_offset;
  if (header_.rows > data_bytes / row_bytes) {
    return Fail(ErrorCode::kCorruption, fmt::format("it is cut off: it claims {} rows and has the bytes of {}",
                                                    header_.rows, data_bytes / row_bytes));
  }
  surplus_bytes_ = data_bytes - header_.rows * row_bytes;
  bytes_.resize(row_bytes);
  if (::fseeko(file_.get(), static_cast<off_t>(header_.data_offset), SEEK_SET) != 0) {
    return Fail(ErrorCode::kUnavailable, "it cannot be read");
  }
  return {};
}

Result<bool> NpyReader::Next(Embedding& row) {
  if (next_row_ == header_.rows) return false;
  if (std::fread(bytes_.data(), 1, bytes_.size(), file_.get()) != bytes_.size()) {
    const bool failed = std::ferror(file_.get()) != 0;
    return Fail(failed ? ErrorCode::kUnavailable : ErrorCode::kCorruption,
                fmt::format("{}: row {} {}", path_.string(), next_row_,
                            failed ? "cannot be read" : "is not there any more: the file has shrunk"));
  }
  row.resize(header_.columns);
  ToFloats(header_.type, bytes_.data(), row);
  ++next_row_;
  return true;
}

Status NpyReader::Skip(uint64_t count) {
  count = std::min(count, header_.rows - next_row_);
  if (::fseeko(file_.get(), static_cast<off_t>(count * bytes_.size()), SEEK_CUR) != 0) {
    return Fail(ErrorCode::kUnavailable, path_.string() + ": cannot be read");
  }
  next_row_ += count;
  return {};
}

}  // namespace sightline::indexer
