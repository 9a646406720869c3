// SPDX-License-Identifier: BSD-3-Clause
#include "storage/record_codec.h"

#include <algorithm>
#include <limits>

#include "storage/record_bytes.h"

namespace sightline::storage {
namespace {

// Record versions; each family counts its own. Published ones are read forever.
constexpr uint8_t kUnitVersion = 1;
constexpr uint8_t kVectorsVersion = 1;
constexpr uint8_t kTokensVersion = 1;
constexpr uint8_t kThumbnailVersion = 1;
constexpr uint8_t kLookupVersion = 1;
constexpr uint8_t kCountersVersion = 1;
constexpr uint8_t kStateVersion = 1;
constexpr uint8_t kTermsVersion = 1;  // Of the rules by which terms are made, too.

constexpr auto kVectorFormat = static_cast<uint8_t>(TokenFormat::kFp32);

std::string Name(std::string_view kind, uint64_t id) { return std::string(kind) + " " + std::to_string(id); }

template <typename Record>
Result<Record> Checked(Record record, const RecordReader& reader, std::string_view what) {
  SL_RETURN_IF_ERROR(reader.Finish(what));
  return record;
}

UnitType GetUnitType(RecordReader& reader) {
  const auto raw = reader.Get<uint8_t>();
  if (raw < static_cast<uint8_t>(UnitType::kImage) || raw > static_cast<uint8_t>(UnitType::kText)) reader.MarkBad();
  return static_cast<UnitType>(raw);
}

/// `count` floats straight into a vector; nothing when the record is too short for them.
std::vector<float> GetFloats(RecordReader& reader, size_t count) {
  if (count > reader.rest() / sizeof(float)) {
    reader.MarkBad();
    return {};
  }
  const auto bytes = reader.GetBytes(count * sizeof(float));
  std::vector<float> floats(bytes.size() / sizeof(float));
  if (!floats.empty()) std::memcpy(floats.data(), bytes.data(), bytes.size());
  return floats;
}

}  // namespace

std::string EncodeUnit(const NewUnit& unit, Epoch written_at) {
  const UnitRecord& record = unit.record;
  RecordWriter writer(kUnitVersion);
  writer.Put(static_cast<uint8_t>(record.type));
  writer.Put(record.item.value);
  writer.Put(written_at.value);
  writer.PutCount(record.vectors.size());
  writer.Put(static_cast<uint64_t>(unit.tokens ? unit.tokens->size_bytes() : 0));
  writer.Put(static_cast<uint64_t>(unit.thumbnail.size()));
  writer.Put(static_cast<uint8_t>(record.range.has_value()));
  if (record.range) {
    writer.Put(record.range->start_us);
    writer.Put(record.range->end_us);
  }
  return writer.Finish();
}

Result<StoredUnit> DecodeUnit(UnitId id, std::string_view bytes) {
  RecordReader reader(bytes, kUnitVersion);
  StoredUnit unit;
  unit.record.id = id;
  unit.record.type = GetUnitType(reader);
  unit.record.item = ItemId{reader.Get<uint64_t>()};
  unit.written_at = Epoch{reader.Get<uint64_t>()};
  unit.vector_count = reader.Get<uint32_t>();
  unit.token_bytes = reader.Get<uint64_t>();
  unit.thumbnail_bytes = reader.Get<uint64_t>();
  if (reader.GetBool()) {
    const auto start_us = reader.Get<int64_t>();
    const auto end_us = reader.Get<int64_t>();
    unit.record.range = TimeRange{start_us, end_us};
  }
  return Checked(std::move(unit), reader, Name("unit", id.value));
}

std::string EncodeVectors(std::span<const UnitVector> vectors) {
  RecordWriter writer(kVectorsVersion);
  writer.Put(kVectorFormat);
  writer.PutCount(vectors.size());
  writer.PutCount(vectors.empty() ? 0 : vectors.front().embedding.size());
  for (const UnitVector& vector : vectors) {
    writer.Put(static_cast<uint8_t>(vector.frame_time_us.has_value()));
    writer.Put(vector.frame_time_us.value_or(0));
  }
  for (const UnitVector& vector : vectors) writer.PutBytes(std::as_bytes(std::span(vector.embedding)));
  return writer.Finish();
}

Result<std::vector<UnitVector>> DecodeVectors(UnitId id, std::string_view bytes) {
  RecordReader reader(bytes, kVectorsVersion);
  if (reader.Get<uint8_t>() != kVectorFormat) reader.MarkBad();
  std::vector<UnitVector> vectors(reader.GetCount(sizeof(uint8_t) + sizeof(int64_t) + sizeof(uint32_t)));
  const size_t dim = reader.Get<uint32_t>();
  for (UnitVector& vector : vectors) {
    const bool is_frame = reader.GetBool();
    const auto time_us = reader.Get<int64_t>();
    if (is_frame) vector.frame_time_us = time_us;
  }
  for (UnitVector& vector : vectors) vector.embedding = GetFloats(reader, dim);
  return Checked(std::move(vectors), reader, Name("the vectors of unit", id.value));
}

std::string EncodeTokens(const TokenMatrix& tokens) {
  RecordWriter writer(kTokensVersion);
  writer.Put(static_cast<uint8_t>(tokens.format));
  writer.Put(tokens.tokens);
  writer.Put(tokens.width);
  writer.PutChecksum();
  writer.PutBytes(std::as_bytes(std::span(tokens.scales)));
  writer.PutBytes(tokens.data);
  return writer.Take();
}

Result<TokenMatrix> DecodeTokens(UnitId id, std::string_view bytes) {
  RecordReader reader = RecordReader::Unframed(bytes);
  TokenMatrix tokens;
  if (reader.Get<uint8_t>() != kTokensVersion) reader.MarkBad();
  const auto format = reader.Get<uint8_t>();
  if (format != static_cast<uint8_t>(TokenFormat::kInt8) && format != static_cast<uint8_t>(TokenFormat::kFp16)) {
    reader.MarkBad();
  }
  tokens.tokens = reader.Get<uint32_t>();
  tokens.width = reader.Get<uint32_t>();
  reader.CheckChecksum();
  if (!reader.bad()) {
    tokens.format = static_cast<TokenFormat>(format);
    if (tokens.format == TokenFormat::kInt8) tokens.scales = GetFloats(reader, tokens.tokens);
    // At most 2^32 * 2^32 * 2: the product of the counts fits, doubling it may not.
    const uint64_t elements = static_cast<uint64_t>(tokens.tokens) * tokens.width;
    const uint64_t element_bytes = tokens.format == TokenFormat::kInt8 ? 1 : 2;
    if (elements != reader.rest() / element_bytes) reader.MarkBad();
    const auto data = reader.GetBytes(reader.bad() ? 0 : elements * element_bytes);
    tokens.data.assign(data.begin(), data.end());
  }
  return Checked(std::move(tokens), reader, Name("the tokens of unit", id.value));
}

std::string EncodeThumbnail(std::span<const std::byte> jpeg) {
  RecordWriter writer(kThumbnailVersion);
  writer.PutBytes(jpeg);
  return writer.Finish();
}

Result<std::vector<std::byte>> DecodeThumbnail(UnitId id, std::string_view bytes) {
  RecordReader reader(bytes, kThumbnailVersion);
  const auto jpeg = reader.GetBytes(reader.rest());
  return Checked(std::vector<std::byte>(jpeg.begin(), jpeg.end()), reader, Name("the thumbnail of unit", id.value));
}

std::string EncodeLookup(ItemId item) {
  RecordWriter writer(kLookupVersion);
  writer.Put(item.value);
  return writer.Finish();
}

Result<ItemId> DecodeLookup(std::string_view bytes) {
  RecordReader reader(bytes, kLookupVersion);
  return Checked(ItemId{reader.Get<uint64_t>()}, reader, "a path or hash");
}

std::string EncodeCounters(const IdCounters& counters) {
  RecordWriter writer(kCountersVersion);
  writer.Put(counters.next_item);
  writer.Put(counters.next_unit);
  return writer.Finish();
}

Result<IdCounters> DecodeCounters(std::string_view bytes) {
  RecordReader reader(bytes, kCountersVersion);
  IdCounters counters;
  counters.next_item = reader.Get<uint64_t>();
  counters.next_unit = reader.Get<uint64_t>();
  if (counters.next_item == 0 || counters.next_unit == 0) reader.MarkBad();
  return Checked(counters, reader, "the id counters");
}

std::string EncodeState(const CollectionState& state) {
  RecordWriter writer(kStateVersion);
  for (uint64_t number :
       {state.epoch.value, state.items, state.units, state.vectors, state.token_bytes, state.thumbnail_bytes}) {
    writer.Put(number);
  }
  return writer.Finish();
}

Result<CollectionState> DecodeState(std::string_view bytes) {
  RecordReader reader(bytes, kStateVersion);
  CollectionState state;
  for (uint64_t* number :
       {&state.epoch.value, &state.items, &state.units, &state.vectors, &state.token_bytes, &state.thumbnail_bytes}) {
    *number = reader.Get<uint64_t>();
  }
  if (!state.epoch) reader.MarkBad();
  return Checked(state, reader, "the collection's state");
}

std::string EncodeTermsFilled(uint64_t below) {
  RecordWriter writer(kTermsVersion);
  writer.Put(below);
  return writer.Finish();
}

Result<uint64_t> DecodeTermsFilled(std::string_view bytes) {
  RecordReader reader(bytes, kTermsVersion);
  return Checked(reader.Get<uint64_t>(), reader, "the state of the terms");
}

std::string EncodeIdKey(uint64_t id) {
  std::string key(sizeof(id), '\0');
  for (size_t i = 0; i < key.size(); ++i) key[i] = static_cast<char>(id >> (8 * (key.size() - 1 - i)));
  return key;
}

Result<uint64_t> DecodeIdKey(std::string_view key) {
  if (key.size() != sizeof(uint64_t)) {
    return Fail(ErrorCode::kCorruption, "a stored key has " + std::to_string(key.size()) + " bytes instead of 8");
  }
  uint64_t id = 0;
  for (char c : key) id = id << 8 | static_cast<unsigned char>(c);
  return id;
}

}  // namespace sightline::storage
