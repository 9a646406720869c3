// SPDX-License-Identifier: BSD-3-Clause
#include "storage/index_options.h"

#include <array>
#include <string>
#include <utility>

#include "base/check.h"

namespace sightline::storage {
namespace {

constexpr uint32_t kMaxLists = 1u << 20;
constexpr uint32_t kMaxLinks = 512;

template <typename Enum, size_t N>
std::string_view NameIn(const std::array<std::pair<Enum, std::string_view>, N>& names, Enum value) {
  for (const auto& [known, name] : names) {
    if (known == value) return name;
  }
  CheckFailed("NameOf: not a value of its enumeration", __FILE__, __LINE__);
}

template <typename Enum, size_t N>
Result<Enum> ParseIn(const std::array<std::pair<Enum, std::string_view>, N>& names, std::string_view text,
                     std::string_view what) {
  std::string known;
  for (const auto& [value, name] : names) {
    if (name == text) return value;
    known.append(known.empty() ? "" : ", ").append(name);
  }
  std::string message = "no ";
  message.append(what).append(" '").append(text).append("'; there are ").append(known);
  return Fail(ErrorCode::kInvalidArgument, std::move(message));
}

constexpr std::array<std::pair<IndexKind, std::string_view>, 5> kKinds = {
    {{IndexKind::kAuto, "auto"},
     {IndexKind::kFlat, "flat"},
     {IndexKind::kIvfPq, "ivfpq"},
     {IndexKind::kIvfPqFastScan, "ivfpq_fastscan"},
     {IndexKind::kHnsw, "hnsw"}}};
constexpr std::array<std::pair<RowFormat, std::string_view>, 2> kRowFormats = {
    {{RowFormat::kInt8, "int8"}, {RowFormat::kFp16, "fp16"}}};

}  // namespace

std::string_view NameOf(IndexKind kind) { return NameIn(kKinds, kind); }
Result<IndexKind> ParseIndexKind(std::string_view name) { return ParseIn(kKinds, name, "index kind"); }

std::string_view NameOf(RowFormat format) { return NameIn(kRowFormats, format); }
Result<RowFormat> ParseRowFormat(std::string_view name) { return ParseIn(kRowFormats, name, "row format"); }

Status CheckIndexOptions(const IndexOptions& options, uint32_t dim) {
  if (options.lists > kMaxLists) {
    return Fail(ErrorCode::kInvalidArgument, "lists: at most " + std::to_string(kMaxLists));
  }
  if (options.pq_subspaces != 0 && dim % options.pq_subspaces != 0) {
    return Fail(ErrorCode::kInvalidArgument, "pq_subspaces: " + std::to_string(options.pq_subspaces) +
                                                 " does not divide the " + std::to_string(dim) +
                                                 " values of an embedding");
  }
  if (options.links == 1 || options.links > kMaxLinks) {
    return Fail(ErrorCode::kInvalidArgument, "links: 2 to " + std::to_string(kMaxLinks));
  }
  return {};
}

}  // namespace sightline::storage
