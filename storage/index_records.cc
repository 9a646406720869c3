// SPDX-License-Identifier: BSD-3-Clause
#include "storage/index_records.h"

#include <cstring>
#include <limits>
#include <span>

#include "storage/record_bytes.h"
#include "storage/record_codec.h"

namespace sightline::storage {
namespace {

constexpr uint8_t kManifestVersion = 1;
constexpr uint8_t kOptionsVersion = 1;
constexpr uint8_t kQueriesVersion = 1;

// The least bytes that a segment takes in a manifest.
constexpr size_t kMinSegmentBytes = 8 + 1 + 8 + 8 + 8 + 4 + 4;
constexpr uint64_t kMaxRows = uint64_t{1} << 31;

IndexKind GetKind(RecordReader& reader, IndexKind first) {
  const auto raw = reader.Get<uint8_t>();
  if (raw < static_cast<uint8_t>(first) || raw > static_cast<uint8_t>(IndexKind::kHnsw)) reader.MarkBad();
  return static_cast<IndexKind>(raw);
}

ManifestSegment GetSegment(RecordReader& reader, uint64_t least_number) {
  ManifestSegment segment;
  segment.number = reader.Get<uint64_t>();
  segment.kind = GetKind(reader, IndexKind::kFlat);
  segment.rows = reader.Get<uint64_t>();
  segment.units = reader.Get<uint64_t>();
  segment.file_bytes = reader.Get<uint64_t>();
  segment.file_checksum = reader.Get<uint32_t>();
  const std::string dead = reader.GetString();
  if (segment.number < least_number || segment.rows > kMaxRows || segment.units > segment.rows) reader.MarkBad();
  if (reader.bad()) return segment;
  auto rows = DeadRows::Decode(dead, segment.rows);
  if (rows) {
    segment.dead = *std::move(rows);
  } else {
    reader.MarkBad();
  }
  return segment;
}

}  // namespace

std::string EncodeManifest(const Manifest& manifest) {
  RecordWriter writer(kManifestVersion);
  writer.Put(manifest.covered.value);
  writer.Put(manifest.next_number);
  writer.PutCount(manifest.segments.size());
  for (const ManifestSegment& segment : manifest.segments) {
    writer.Put(segment.number);
    writer.Put(static_cast<uint8_t>(segment.kind));
    writer.Put(segment.rows);
    writer.Put(segment.units);
    writer.Put(segment.file_bytes);
    writer.Put(segment.file_checksum);
    writer.PutString(segment.dead.Encode());
  }
  return writer.Finish();
}

Result<Manifest> DecodeManifest(std::string_view bytes) {
  RecordReader reader(bytes, kManifestVersion);
  Manifest manifest;
  manifest.covered.value = reader.Get<uint64_t>();
  manifest.next_number = reader.Get<uint64_t>();
  const size_t count = reader.GetCount(kMinSegmentBytes);
  uint64_t least_number = 1;
  for (size_t i = 0; i < count && !reader.bad(); ++i) {
    manifest.segments.push_back(GetSegment(reader, least_number));
    least_number = manifest.segments.back().number + 1;
  }
  if (manifest.next_number < least_number) reader.MarkBad();
  SL_RETURN_IF_ERROR(reader.Finish("the index's manifest"));
  return manifest;
}

std::string EncodeIndexOptions(const IndexOptions& options) {
  RecordWriter writer(kOptionsVersion);
  writer.Put(static_cast<uint8_t>(options.kind));
  writer.Put(static_cast<uint8_t>(options.rows));
  writer.Put(options.exact_limit);
  writer.Put(options.seal_rows);
  writer.Put(options.lists);
  writer.Put(options.pq_subspaces);
  writer.Put(static_cast<uint8_t>(options.opq));
  writer.Put(static_cast<uint8_t>(options.two_lists));
  writer.Put(options.links);
  writer.Put(options.probes);
  writer.Put(options.ef_search);
  writer.Put(options.refine_factor);
  return writer.Finish();
}

Result<IndexOptions> DecodeIndexOptions(std::string_view bytes) {
  RecordReader reader(bytes, kOptionsVersion);
  IndexOptions options;
  options.kind = GetKind(reader, IndexKind::kAuto);
  const auto rows = reader.Get<uint8_t>();
  if (rows != static_cast<uint8_t>(RowFormat::kInt8) && rows != static_cast<uint8_t>(RowFormat::kFp16)) {
    reader.MarkBad();
  }
  options.rows = static_cast<RowFormat>(rows);
  options.exact_limit = reader.Get<uint64_t>();
  options.seal_rows = reader.Get<uint64_t>();
  options.lists = reader.Get<uint32_t>();
  options.pq_subspaces = reader.Get<uint32_t>();
  options.opq = reader.GetBool();
  options.two_lists = reader.GetBool();
  options.links = reader.Get<uint32_t>();
  options.probes = reader.Get<uint32_t>();
  options.ef_search = reader.Get<uint32_t>();
  options.refine_factor = reader.Get<uint32_t>();
  SL_RETURN_IF_ERROR(reader.Finish("the index's options"));
  return options;
}

std::string EncodeTrainingQueries(const std::vector<float>& queries, uint32_t dim) {
  RecordWriter writer(kQueriesVersion);
  writer.PutCount(queries.size() / dim);
  writer.Put(dim);
  writer.PutBytes(std::as_bytes(std::span(queries)));
  return writer.Finish();
}

Result<std::vector<float>> DecodeTrainingQueries(std::string_view bytes, uint32_t dim) {
  RecordReader reader(bytes, kQueriesVersion);
  const size_t count = reader.GetCount(dim * sizeof(float));
  if (reader.Get<uint32_t>() != dim) reader.MarkBad();
  std::vector<float> queries(reader.bad() ? 0 : count * dim);
  const auto raw = reader.GetBytes(queries.size() * sizeof(float));
  if (!reader.bad() && !queries.empty()) std::memcpy(queries.data(), raw.data(), raw.size());
  SL_RETURN_IF_ERROR(reader.Finish("the index's training queries"));
  return queries;
}

std::string EncodeChangeKey(Epoch epoch, UnitId unit) { return EncodeIdKey(epoch.value) + EncodeIdKey(unit.value); }

Result<std::pair<Epoch, UnitId>> DecodeChangeKey(std::string_view key) {
  constexpr size_t kHalf = sizeof(uint64_t);
  if (key.size() != 2 * kHalf) {
    return Fail(ErrorCode::kCorruption, "a key of the change log has " + std::to_string(key.size()) + " bytes");
  }
  SL_ASSIGN_OR_RETURN(const uint64_t epoch, DecodeIdKey(key.substr(0, kHalf)));
  SL_ASSIGN_OR_RETURN(const uint64_t unit, DecodeIdKey(key.substr(kHalf)));
  return std::pair(Epoch{epoch}, UnitId{unit});
}

std::string EncodeChange(UnitChange change) { return std::string(1, static_cast<char>(change)); }

Result<UnitChange> DecodeChange(std::string_view bytes) {
  if (bytes != EncodeChange(UnitChange::kPut) && bytes != EncodeChange(UnitChange::kDropped)) {
    return Fail(ErrorCode::kCorruption, "an entry of the change log is neither a put nor a drop");
  }
  return static_cast<UnitChange>(bytes.front());
}

}  // namespace sightline::storage
