// SPDX-License-Identifier: BSD-3-Clause
#include "media/source.h"

#include <utility>

#include "base/guard.h"
#include "media/source_reader.h"

namespace sightline::media {
namespace {

using Bytes = std::vector<std::byte>;

Status CheckSize(uint64_t size_bytes, uint64_t max_bytes, const std::string& name) {
  if (size_bytes <= max_bytes) return {};
  return Fail(ErrorCode::kResourceExhausted,
              name + ": " + std::to_string(size_bytes) + " bytes, more than the limit of " + std::to_string(max_bytes));
}

}  // namespace

Source Source::FromFile(std::filesystem::path path) {
  Source source;
  source.name_ = path.string();
  source.path_ = std::move(path);
  return source;
}

Source Source::FromFileRange(std::filesystem::path path, uint64_t offset_bytes, uint64_t size_bytes, std::string name) {
  Source source;
  source.name_ = std::move(name);
  source.path_ = std::move(path);
  source.offset_bytes_ = offset_bytes;
  source.size_bytes_ = size_bytes;
  return source;
}

Source Source::FromMemory(std::vector<std::byte> bytes, std::string name) {
  return FromMemory(std::make_shared<const Bytes>(std::move(bytes)), std::move(name));
}

Source Source::FromMemory(std::shared_ptr<const std::vector<std::byte>> bytes, std::string name) {
  Source source;
  source.name_ = std::move(name);
  source.memory_ = std::move(bytes);
  return source;
}

Result<std::shared_ptr<const std::vector<std::byte>>> Source::ReadAll(uint64_t max_bytes) const {
  if (memory_) {
    SL_RETURN_IF_ERROR(CheckSize(memory_->size(), max_bytes, name_));
    return memory_;
  }
  SL_ASSIGN_OR_RETURN(const SourceReader reader, SourceReader::Open(*this));
  const uint64_t wanted = reader.size_bytes();
  SL_RETURN_IF_ERROR(CheckSize(wanted, max_bytes, name_));
  return Guard("read " + name_, [&]() -> Result<std::shared_ptr<const Bytes>> {
    auto bytes = std::make_shared<Bytes>(wanted);
    SL_ASSIGN_OR_RETURN(const size_t got, reader.ReadAt(0, *bytes));
    const bool whole = size_bytes_ == UINT64_MAX;
    if (got < wanted && !whole) return Fail(ErrorCode::kCorruption, name_ + ": the file shrank while it was read");
    bytes->resize(got);  // a whole file that shrank while we read it: what is there now
    return bytes;
  });
}

}  // namespace sightline::media
