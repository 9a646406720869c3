// SPDX-License-Identifier: BSD-3-Clause
#include "eval/byte_chunks.h"

#include <cstdio>
#include <utility>

namespace sightline::eval {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

}  // namespace

Result<ByteChunks> ByteChunks::OfFile(const std::filesystem::path& path) {
  ByteChunks chunks;
  SL_ASSIGN_OR_RETURN(chunks.file_, OpenFileStream(path));
  chunks.buffer_.resize(kChunkBytes);
  return chunks;
}

ByteChunks ByteChunks::OfText(std::string_view text, size_t chunk_bytes) {
  ByteChunks chunks;
  chunks.chunk_bytes_ = chunk_bytes;
  chunks.next_offset_ = text.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  chunks.rest_ = text.substr(chunks.next_offset_);
  return chunks;
}

Result<std::string_view> ByteChunks::Next() {
  offset_ = next_offset_;
  if (file_ != nullptr) return NextOfFile();
  const std::string_view piece = rest_.substr(0, chunk_bytes_);
  rest_.remove_prefix(piece.size());
  next_offset_ += piece.size();
  return piece;
}

Result<std::string_view> ByteChunks::NextOfFile() {
  const size_t got = std::fread(buffer_.data(), 1, buffer_.size(), file_.get());
  if (std::ferror(file_.get()) != 0) {
    return Fail(ErrorCode::kUnavailable, "cannot be read behind byte " + std::to_string(offset_));
  }
  next_offset_ += got;
  std::string_view piece(buffer_.data(), got);
  if (offset_ == 0 && piece.starts_with(kByteOrderMark)) {
    piece.remove_prefix(kByteOrderMark.size());
    offset_ = kByteOrderMark.size();
    if (piece.empty()) return NextOfFile();  // Nothing but the mark: this is the end.
  }
  return piece;
}

}  // namespace sightline::eval
