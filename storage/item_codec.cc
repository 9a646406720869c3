// SPDX-License-Identifier: BSD-3-Clause
// The records that hold lists: items with their metadata, jobs, and the collection's configuration.
#include <limits>
#include <type_traits>

#include "storage/record_bytes.h"
#include "storage/record_codec.h"
#include "storage/write_checks.h"

namespace sightline::storage {
namespace {

constexpr uint8_t kItemVersion = 1;
constexpr uint8_t kJobVersion = 1;
constexpr uint8_t kConfigVersion = 1;

// The least bytes that an element of each list takes.
constexpr size_t kMinPathBytes = 4 + 8 + 8;
constexpr size_t kMinKeyBytes = 4 + 4;
constexpr size_t kMinValueBytes = 1 + 1;
constexpr size_t kMinStringBytes = 4;

void PutValue(RecordWriter& writer, const MetadataValue& value) {
  writer.Put(static_cast<uint8_t>(value.index()));
  std::visit(
      [&writer](const auto& held) {
        using Held = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<Held, std::string>) {
          writer.PutString(held);
        } else if constexpr (std::is_same_v<Held, Timestamp>) {
          writer.Put(held.seconds);
        } else if constexpr (std::is_same_v<Held, bool>) {
          writer.Put(static_cast<uint8_t>(held));
        } else {
          writer.Put(held);
        }
      },
      value);
}

MetadataValue GetValue(RecordReader& reader) {
  switch (reader.Get<uint8_t>()) {
    case 0:
      return reader.GetString();
    case 1:
      return reader.Get<int64_t>();
    case 2:
      return reader.Get<double>();
    case 3:
      return Timestamp{reader.Get<int64_t>()};
    case 4:
      return reader.GetBool();
    default:
      reader.MarkBad();
      return false;
  }
}

void PutMetadata(RecordWriter& writer, const Metadata& metadata) {
  writer.PutCount(metadata.size());
  for (const auto& [key, values] : metadata) {
    writer.PutString(key);
    writer.PutCount(values.size());
    for (const MetadataValue& value : values) PutValue(writer, value);
  }
}

Metadata GetMetadata(RecordReader& reader) {
  Metadata metadata;
  const size_t keys = reader.GetCount(kMinKeyBytes);
  for (size_t k = 0; k < keys && !reader.bad(); ++k) {
    std::string key = reader.GetString();
    // Ascending, as they are written: one record has one form, and a key cannot hide another.
    if (!metadata.empty() && key <= metadata.rbegin()->first) reader.MarkBad();
    std::vector<MetadataValue> values(reader.GetCount(kMinValueBytes));
    for (MetadataValue& value : values) value = GetValue(reader);
    metadata.insert_or_assign(std::move(key), std::move(values));
  }
  return metadata;
}

int GetSize(RecordReader& reader) {
  const auto size = reader.Get<uint32_t>();
  if (size > static_cast<uint32_t>(std::numeric_limits<int>::max())) reader.MarkBad();
  return static_cast<int>(size);
}

JobState GetJobState(RecordReader& reader) {
  const auto raw = reader.Get<uint8_t>();
  if (raw < static_cast<uint8_t>(JobState::kRunning) || raw > static_cast<uint8_t>(JobState::kFailed)) reader.MarkBad();
  return static_cast<JobState>(raw);
}

}  // namespace

std::string EncodeItem(const ItemRecord& item) {
  RecordWriter writer(kItemVersion);
  writer.PutBytes(std::as_bytes(std::span(item.hash)));
  writer.Put(static_cast<uint32_t>(item.width));
  writer.Put(static_cast<uint32_t>(item.height));
  writer.Put(item.added_at);
  writer.PutCount(item.paths.size());
  for (const ItemPath& path : item.paths) {
    writer.PutString(path.path);
    writer.Put(path.size_bytes);
    writer.Put(path.mtime_ns);
  }
  writer.PutCount(item.units.size());
  for (UnitId unit : item.units) writer.Put(unit.value);
  PutMetadata(writer, item.metadata);
  return writer.Finish();
}

Result<ItemRecord> DecodeItem(ItemId id, std::string_view bytes) {
  RecordReader reader(bytes, kItemVersion);
  ItemRecord item;
  item.id = id;
  for (uint8_t& byte : item.hash) byte = reader.Get<uint8_t>();
  item.width = GetSize(reader);
  item.height = GetSize(reader);
  item.added_at = reader.Get<int64_t>();
  item.paths.resize(reader.GetCount(kMinPathBytes));
  for (ItemPath& path : item.paths) {
    path.path = reader.GetString();
    path.size_bytes = reader.Get<uint64_t>();
    path.mtime_ns = reader.Get<int64_t>();
  }
  if (item.paths.empty()) reader.MarkBad();
  item.units.resize(reader.GetCount(sizeof(uint64_t)));
  for (UnitId& unit : item.units) unit.value = reader.Get<uint64_t>();
  item.metadata = GetMetadata(reader);
  SL_RETURN_IF_ERROR(reader.Finish("item " + std::to_string(id.value)));
  return item;
}

std::string EncodeJob(const JobRecord& job) {
  RecordWriter writer(kJobVersion);
  writer.Put(static_cast<uint8_t>(job.state));
  writer.Put(job.started_at);
  writer.Put(job.updated_at);
  for (uint64_t count : {job.items_added, job.items_unchanged, job.items_duplicate, job.items_moved, job.error_count}) {
    writer.Put(count);
  }
  writer.PutCount(job.inputs.size());
  for (const std::string& input : job.inputs) writer.PutString(input);
  writer.PutCount(job.errors.size());
  for (const JobError& error : job.errors) {
    writer.PutString(error.path);
    writer.PutString(error.reason);
  }
  return writer.Finish();
}

Result<JobRecord> DecodeJob(JobId id, std::string_view bytes) {
  RecordReader reader(bytes, kJobVersion);
  JobRecord job;
  job.id = id;
  job.state = GetJobState(reader);
  job.started_at = reader.Get<int64_t>();
  job.updated_at = reader.Get<int64_t>();
  for (uint64_t* count :
       {&job.items_added, &job.items_unchanged, &job.items_duplicate, &job.items_moved, &job.error_count}) {
    *count = reader.Get<uint64_t>();
  }
  job.inputs.resize(reader.GetCount(kMinStringBytes));
  for (std::string& input : job.inputs) input = reader.GetString();
  job.errors.resize(reader.GetCount(2 * kMinStringBytes));
  for (JobError& error : job.errors) {
    error.path = reader.GetString();
    error.reason = reader.GetString();
  }
  SL_RETURN_IF_ERROR(reader.Finish("job " + std::to_string(id.value)));
  return job;
}

std::string EncodeConfig(const CollectionConfig& config) {
  RecordWriter writer(kConfigVersion);
  writer.Put(kFormatVersion);
  writer.PutString(config.model_name);
  writer.PutString(config.model_fingerprint);
  writer.Put(config.dim);
  writer.Put(static_cast<uint8_t>(config.patch_storage));
  return writer.Finish();
}

Result<CollectionConfig> DecodeConfig(std::string_view bytes) {
  RecordReader reader(bytes, kConfigVersion);
  const auto format_version = reader.Get<uint32_t>();
  if (!reader.bad() && format_version > kFormatVersion) {
    return Fail(ErrorCode::kFailedPrecondition, "the collection has format version " + std::to_string(format_version) +
                                                    "; this program reads up to " + std::to_string(kFormatVersion));
  }
  CollectionConfig config;
  config.model_name = reader.GetString();
  config.model_fingerprint = reader.GetString();
  config.dim = reader.Get<uint32_t>();
  config.patch_storage = static_cast<PatchStorage>(reader.Get<uint8_t>());
  if (format_version == 0 || !CheckConfig(config)) reader.MarkBad();
  SL_RETURN_IF_ERROR(reader.Finish("the collection's configuration"));
  return config;
}

}  // namespace sightline::storage
