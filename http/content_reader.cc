// SPDX-License-Identifier: BSD-3-Clause
#include "http/content_reader.h"

#include <utility>

#include "media/source_reader.h"

namespace sightline::http {
namespace {

class SourceContent : public ContentReader {
 public:
  explicit SourceContent(media::SourceReader reader) : reader_(std::move(reader)) {}

  uint64_t size() const override { return reader_.size_bytes(); }

  Status ReadAt(uint64_t offset, std::span<std::byte> out) override {
    SL_ASSIGN_OR_RETURN(const size_t got, reader_.ReadAt(offset, out));
    if (got < out.size()) return Fail(ErrorCode::kCorruption, "the file has become shorter while it was sent");
    return {};
  }

 private:
  const media::SourceReader reader_;
};

}  // namespace

Result<std::shared_ptr<ContentReader>> OpenContent(const media::Source& source) {
  SL_ASSIGN_OR_RETURN(media::SourceReader reader, media::SourceReader::Open(source));
  return std::make_shared<SourceContent>(std::move(reader));
}

}  // namespace sightline::http
