// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/files/safetensors.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/guard.h"

namespace sightline::encoder {

using nlohmann::json;

namespace {

/// A header of a published model takes about 100 kB; parsing takes several times its size in memory.
constexpr uint64_t kMaxHeaderBytes = 32 << 20;
constexpr size_t kLengthBytes = 8;
constexpr size_t kMaxDimensions = 16;
constexpr std::string_view kMetadataKey = "__metadata__";

/// Where a tensor lies in the data part.
struct Range {
  uint64_t begin = 0;
  uint64_t end = 0;
  std::string_view name;
};

Result<json> ParseHeader(std::span<const std::byte> bytes) {
  if (bytes.size() < kLengthBytes) return Fail(ErrorCode::kCorruption, "too short for a header");
  uint64_t length = 0;
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > bytes.size() - kLengthBytes || length > kMaxHeaderBytes) {
    return Fail(ErrorCode::kCorruption, "header of " + std::to_string(length) + " bytes in a file of " +
                                            std::to_string(bytes.size()) + " bytes");
  }
  const auto* const text = reinterpret_cast<const char*>(bytes.data() + kLengthBytes);
  json header = json::parse(text, text + length, nullptr, false);
  if (!header.is_object()) return Fail(ErrorCode::kCorruption, "the header is not a JSON object");
  return header;
}

Status ReadMetadata(const json& value, std::map<std::string, std::string, std::less<>>& metadata) {
  if (!value.is_object()) return Fail(ErrorCode::kCorruption, "__metadata__ is not an object");
  for (const auto& [key, text] : value.items()) {
    if (!text.is_string()) return Fail(ErrorCode::kCorruption, "__metadata__ holds something else than strings");
    metadata.emplace(key, text.get<std::string>());
  }
  return {};
}

/// Unsigned integers only: a float or a negative number is not an offset.
bool ReadUnsigned(const json& value, uint64_t& out) {
  if (!value.is_number_unsigned()) return false;
  out = value.get<uint64_t>();
  return true;
}

Result<Shape> ReadShape(const json& value) {
  if (!value.is_array() || value.size() > kMaxDimensions) return Fail(ErrorCode::kCorruption, "not a shape");
  Shape shape;
  for (const json& entry : value) {
    uint64_t size = 0;
    if (!ReadUnsigned(entry, size) || size > INT64_MAX) return Fail(ErrorCode::kCorruption, "not a shape");
    shape.push_back(static_cast<int64_t>(size));
  }
  return shape;
}

/// Checks one entry of the header against the data part.
Result<TensorView> ReadEntry(const json& entry, std::span<const std::byte> data, Range& range) {
  if (!entry.is_object() || entry.size() != 3 || !entry.contains("dtype") || !entry.contains("shape") ||
      !entry.contains("data_offsets") || !entry["dtype"].is_string()) {
    return Fail(ErrorCode::kCorruption, "not {dtype, shape, data_offsets}");
  }
  TensorView view;
  const auto& type_name = entry["dtype"].get_ref<const std::string&>();
  const auto dtype = DTypeFromName(type_name);
  if (!dtype) return Fail(ErrorCode::kUnsupported, "element type " + type_name);
  view.dtype = *dtype;
  SL_ASSIGN_OR_RETURN(view.shape, ReadShape(entry["shape"]));
  const json& offsets = entry["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2 || !ReadUnsigned(offsets[0], range.begin) ||
      !ReadUnsigned(offsets[1], range.end) || range.begin > range.end || range.end > data.size()) {
    return Fail(ErrorCode::kCorruption,
                "data_offsets lie outside the file's " + std::to_string(data.size()) + " bytes of data");
  }
  const auto count = ElementCount(view.shape);
  const uint64_t size_bytes = range.end - range.begin;
  if (!count || *count > data.size() || *count * SizeOf(view.dtype) != size_bytes) {
    return Fail(ErrorCode::kCorruption, std::to_string(size_bytes) + " bytes of data do not fit " + type_name +
                                            " of shape " + ToString(view.shape));
  }
  view.data = data.subspan(range.begin, size_bytes);
  return view;
}

/// The format allows neither overlap (one tensor would alias another) nor holes (bytes that nobody has looked at).
Status CheckCoverage(std::vector<Range> ranges, uint64_t data_bytes) {
  std::sort(ranges.begin(), ranges.end(),
            [](const Range& a, const Range& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
  uint64_t covered = 0;
  for (const Range& range : ranges) {
    if (range.begin != covered) {
      return Fail(ErrorCode::kCorruption, std::string(range.name) + ": its data " +
                                              (range.begin < covered ? "overlaps another tensor" : "follows a hole"));
    }
    covered = range.end;
  }
  if (covered != data_bytes) {
    return Fail(ErrorCode::kCorruption, std::to_string(data_bytes - covered) + " bytes behind the last tensor");
  }
  return {};
}

}  // namespace

Result<SafetensorsFile> SafetensorsFile::Open(const std::filesystem::path& path) {
  SafetensorsFile result;
  SL_ASSIGN_OR_RETURN(result.file_, MappedFile::Open(path));
  auto parse = [&]() -> Status {
    SL_ASSIGN_OR_RETURN(const json header, ParseHeader(result.bytes()));
    uint64_t length = 0;
    std::memcpy(&length, result.bytes().data(), kLengthBytes);
    const auto data = result.bytes().subspan(kLengthBytes + length);
    std::vector<Range> ranges;
    for (const auto& [name, entry] : header.items()) {
      if (name == kMetadataKey) {
        SL_RETURN_IF_ERROR(ReadMetadata(entry, result.metadata_));
        continue;
      }
      Range range;
      auto view = ReadEntry(entry, data, range);
      if (!view) return Annotate(std::move(view).error(), name);
      range.name = result.tensors_.emplace(name, *std::move(view)).first->first;
      ranges.push_back(range);
    }
    return CheckCoverage(std::move(ranges), data.size());
  };
  if (auto parsed = Guard("read safetensors", parse); !parsed) {
    return Annotate(std::move(parsed).error(), path.string());
  }
  return result;
}

const TensorView* SafetensorsFile::Find(std::string_view name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

Status SafetensorsFile::ReadFloats(std::string_view name, std::span<float> out) const {
  const TensorView* const tensor = Find(name);
  if (tensor == nullptr) return Fail(ErrorCode::kNotFound, std::string(name) + ": no such tensor");
  const TensorView* const scale = tensor->dtype == DType::kI8 ? Find(std::string(name) + ".scale") : nullptr;
  if (auto expanded = ExpandToFloat(*tensor, scale, out); !expanded) return Annotate(expanded.error(), name);
  return {};
}

}  // namespace sightline::encoder
