// SPDX-License-Identifier: BSD-3-Clause
#include "storage/record_codec.h"

#include <functional>
#include <map>
#include <random>
#include <sstream>

#include "tests/support/test_support.h"

namespace sightline::storage {
namespace {

using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;

std::string FromHex(const std::string& hex) {
  std::string bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

/// CRC-32 (polynomial 0xEDB88320) as 4 bytes, by its definition.
std::string Checksum(std::string_view bytes) {
  uint32_t crc = ~uint32_t{0};
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320u : 0);
  }
  crc = ~crc;
  return std::string(reinterpret_cast<const char*>(&crc), sizeof(crc));
}

std::map<std::string, std::string> Golden() {
  std::istringstream lines(testing::ReadTestFile(testing::TestData("storage/records_v1.txt")));
  std::map<std::string, std::string> golden;
  std::string name, hex;
  while (lines >> name >> hex) golden[name] = FromHex(hex);
  return golden;
}

// The values that make_golden_records.py encodes.

ItemRecord GoldenItem() {
  ItemRecord item{
      .id = ItemId{9},
      .paths = {{"/a/b.jpg", 1234, 1'700'000'000'123'456'789}, {"/ä", 0, -1}},
      .hash = {},
      .width = 640,
      .height = 480,
      .added_at = 1'700'000'000,
      .metadata = {{"m", {int64_t{-5}, 0.5}}, {"ok", {true}}, {"tags", {std::string("x"), Timestamp{86400}}}},
      .units = {UnitId{7}, UnitId{0x0102030405060708}}};
  for (size_t i = 0; i < item.hash.size(); ++i) item.hash[i] = static_cast<uint8_t>(i);
  return item;
}

std::vector<UnitVector> GoldenVectors() { return {{std::nullopt, {1, 0, 0}}, {1'500'000, {0, -0.6f, 0.8f}}}; }

TokenMatrix GoldenInt8() {
  TokenMatrix tokens{2, 3, TokenFormat::kInt8, {}, {0.5f, 2}};
  for (int8_t x = -3; x < 3; ++x) tokens.data.push_back(static_cast<std::byte>(x));
  return tokens;
}

TokenMatrix GoldenFp16() {
  const std::vector<float> values = {1, -2};
  return MakeTokenMatrix(values, 1, 2, TokenFormat::kFp16);
}

NewUnit GoldenImageUnit() {
  return {.record = {.id = UnitId{7}, .item = ItemId{9}, .type = UnitType::kImage, .range = {}, .vectors = {{{}, {1}}}},
          .tokens = {},
          .thumbnail = {}};
}

NewUnit GoldenClipUnit() {
  NewUnit unit{.record = {.id = UnitId{7},
                          .item = ItemId{9},
                          .type = UnitType::kClip,
                          .range = TimeRange{1'000'000, 5'000'000},
                          .vectors = GoldenVectors()},
               .tokens = TokenMatrix{2, 9, TokenFormat::kInt8, std::vector<std::byte>(18), {0, 0}},
               .thumbnail = std::vector<std::byte>(4)};
  return unit;
}

JobRecord GoldenJob() {
  return {.id = JobId{1},
          .state = JobState::kStopped,
          .inputs = {"/in", "-"},
          .started_at = 100,
          .updated_at = 200,
          .items_added = 1,
          .items_unchanged = 2,
          .items_duplicate = 3,
          .items_moved = 4,
          .errors = {{"/bad.jpg", "truncated"}},
          .error_count = 5};
}

std::vector<std::byte> GoldenJpeg() { return {std::byte{0xff}, std::byte{0xd8}, std::byte{0xff}, std::byte{0xe0}}; }

const CollectionConfig kGoldenConfig{"small", "f00d", 256, PatchStorage::kInt8};
const CollectionState kGoldenState{Epoch{3}, 1, 2, 4, 26, 4};

TEST(RecordCodecTest, EncodesTheGoldenBytes) {
  auto golden = Golden();
  EXPECT_EQ(EncodeItem(GoldenItem()), golden.at("item"));
  EXPECT_EQ(EncodeUnit(GoldenImageUnit(), Epoch{3}), golden.at("unit_image"));
  EXPECT_EQ(EncodeUnit(GoldenClipUnit(), Epoch{3}), golden.at("unit_clip"));
  EXPECT_EQ(EncodeVectors(GoldenVectors()), golden.at("vectors"));
  EXPECT_EQ(EncodeTokens(GoldenInt8()), golden.at("tokens_int8"));
  EXPECT_EQ(EncodeTokens(GoldenFp16()), golden.at("tokens_fp16"));
  EXPECT_EQ(EncodeThumbnail(GoldenJpeg()), golden.at("thumbnail"));
  EXPECT_EQ(EncodeJob(GoldenJob()), golden.at("job"));
  EXPECT_EQ(EncodeLookup(ItemId{9}), golden.at("lookup"));
  EXPECT_EQ(EncodeConfig(kGoldenConfig), golden.at("config"));
  EXPECT_EQ(EncodeCounters({1025, 2049}), golden.at("counters"));
  EXPECT_EQ(EncodeState(kGoldenState), golden.at("state"));
  EXPECT_EQ(EncodeTermsFilled(1000), golden.at("terms_filled"));
}

TEST(RecordCodecTest, DecodesTheGoldenBytes) {
  auto golden = Golden();
  EXPECT_EQ(*DecodeItem(ItemId{9}, golden.at("item")), GoldenItem());
  EXPECT_EQ(*DecodeVectors(UnitId{7}, golden.at("vectors")), GoldenVectors());
  EXPECT_EQ(*DecodeTokens(UnitId{7}, golden.at("tokens_int8")), GoldenInt8());
  EXPECT_EQ(*DecodeTokens(UnitId{7}, golden.at("tokens_fp16")), GoldenFp16());
  EXPECT_EQ(*DecodeThumbnail(UnitId{7}, golden.at("thumbnail")), GoldenJpeg());
  EXPECT_EQ(*DecodeJob(JobId{1}, golden.at("job")), GoldenJob());
  EXPECT_EQ(*DecodeLookup(golden.at("lookup")), ItemId{9});
  EXPECT_EQ(*DecodeConfig(golden.at("config")), kGoldenConfig);
  EXPECT_EQ(*DecodeCounters(golden.at("counters")), (IdCounters{1025, 2049}));
  EXPECT_EQ(*DecodeState(golden.at("state")), kGoldenState);
  EXPECT_EQ(*DecodeTermsFilled(golden.at("terms_filled")), 1000u);
  const auto clip = DecodeUnit(UnitId{7}, golden.at("unit_clip"));
  ASSERT_THAT(clip, IsOk());
  EXPECT_EQ(clip->record.type, UnitType::kClip);
  EXPECT_EQ(clip->record.item, ItemId{9});
  EXPECT_EQ(clip->record.range, (TimeRange{1'000'000, 5'000'000}));
  EXPECT_EQ(clip->written_at, Epoch{3});
  EXPECT_EQ(clip->vector_count, 2u);
  EXPECT_EQ(clip->token_bytes, 26u);
  EXPECT_EQ(clip->thumbnail_bytes, 4u);
  EXPECT_FALSE(DecodeUnit(UnitId{7}, golden.at("unit_image"))->record.range);
}

TEST(RecordCodecTest, IdKeysSortAsTheirIds) {
  EXPECT_EQ(EncodeIdKey(0x0102030405060708), std::string("\1\2\3\4\5\6\7\10"));
  EXPECT_LT(EncodeIdKey(255), EncodeIdKey(256));
  EXPECT_EQ(*DecodeIdKey(EncodeIdKey(~uint64_t{0})), ~uint64_t{0});
  EXPECT_THAT(DecodeIdKey("short"), IsError(ErrorCode::kCorruption));
  EXPECT_THAT(DecodeIdKey("much too long"), IsError(ErrorCode::kCorruption));
}

TEST(RecordCodecTest, NewerFormatVersionIsRefusedByName) {
  std::string record = EncodeConfig(kGoldenConfig);
  record.resize(record.size() - 4);
  record[1] = 9;
  EXPECT_THAT(DecodeConfig(record + Checksum(record)), IsErrorWith(ErrorCode::kFailedPrecondition, "format version 9"));
}

// Malformed records. Each decoder is given every truncation, every single-bit flip, and random bytes.

using Decode = std::function<Status(std::string_view)>;

template <typename Decoded>
Status Outcome(const Result<Decoded>& decoded) {
  if (decoded) return {};
  return tl::unexpected(decoded.error());
}

std::map<std::string, Decode> Decoders() {
  std::map<std::string, Decode> decoders;
  decoders["item"] = [](auto bytes) { return Outcome(DecodeItem(ItemId{9}, bytes)); };
  decoders["unit_image"] = [](auto bytes) { return Outcome(DecodeUnit(UnitId{7}, bytes)); };
  decoders["unit_clip"] = decoders["unit_image"];
  decoders["vectors"] = [](auto bytes) { return Outcome(DecodeVectors(UnitId{7}, bytes)); };
  decoders["tokens_int8"] = [](auto bytes) { return Outcome(DecodeTokens(UnitId{7}, bytes)); };
  decoders["tokens_fp16"] = decoders["tokens_int8"];
  decoders["thumbnail"] = [](auto bytes) { return Outcome(DecodeThumbnail(UnitId{7}, bytes)); };
  decoders["job"] = [](auto bytes) { return Outcome(DecodeJob(JobId{1}, bytes)); };
  decoders["lookup"] = [](auto bytes) { return Outcome(DecodeLookup(bytes)); };
  decoders["config"] = [](auto bytes) { return Outcome(DecodeConfig(bytes)); };
  decoders["counters"] = [](auto bytes) { return Outcome(DecodeCounters(bytes)); };
  decoders["terms_filled"] = [](auto bytes) { return Outcome(DecodeTermsFilled(bytes)); };
  decoders["state"] = [](auto bytes) { return Outcome(DecodeState(bytes)); };
  return decoders;
}

/// A copy on the heap of exactly its size, so that the address sanitizer sees a read past its end.
Status DecodeExact(const Decode& decode, std::string_view bytes) {
  const std::vector<char> exact(bytes.begin(), bytes.end());
  return decode({exact.data(), exact.size()});
}

TEST(MalformedRecordTest, EveryTruncationIsCorruption) {
  const auto golden = Golden();
  for (const auto& [name, decode] : Decoders()) {
    const std::string& record = golden.at(name);
    ASSERT_THAT(DecodeExact(decode, record), IsOk()) << name;
    for (size_t length = 0; length < record.size(); ++length) {
      EXPECT_THAT(DecodeExact(decode, record.substr(0, length)), IsError(ErrorCode::kCorruption))
          << name << " cut to " << length;
    }
  }
}

TEST(MalformedRecordTest, AppendedByteIsCorruption) {
  const auto golden = Golden();
  for (const auto& [name, decode] : Decoders()) {
    EXPECT_THAT(DecodeExact(decode, golden.at(name) + '\0'), IsError(ErrorCode::kCorruption)) << name;
  }
}

TEST(MalformedRecordTest, EveryFlippedBitIsCorruption) {
  const auto golden = Golden();
  for (const auto& [name, decode] : Decoders()) {
    const bool has_unchecked_body = name.starts_with("tokens");
    const size_t checked = has_unchecked_body ? 1 + 1 + 4 + 4 + 4 : golden.at(name).size();
    for (size_t bit = 0; bit < golden.at(name).size() * 8; ++bit) {
      std::string record = golden.at(name);
      record[bit / 8] = static_cast<char>(record[bit / 8] ^ (1 << bit % 8));
      const Status outcome = DecodeExact(decode, record);
      if (bit / 8 < checked) {
        EXPECT_THAT(outcome, IsError(ErrorCode::kCorruption)) << name << " bit " << bit;
      }
    }
  }
}

TEST(MalformedRecordTest, RandomBytesWithARightChecksumNeverCrash) {
  // What a checksum cannot catch: a record that is whole and nonsense. The decoders must stay inside it all the same.
  const auto golden = Golden();
  std::mt19937_64 random(1);
  for (const auto& [name, decode] : Decoders()) {
    for (int trial = 0; trial < 20'000; ++trial) {
      std::string record = golden.at(name);
      const bool is_tokens = name.starts_with("tokens");
      const size_t body_end = is_tokens ? 10 : record.size() - 4;
      for (uint64_t changes = 1 + random() % 4; changes > 0; --changes) {
        record[1 + random() % (body_end - 1)] = static_cast<char>(random() % 3 == 0 ? 0xff : random());
      }
      const std::string checksum = Checksum(record.substr(0, body_end));
      record.replace(body_end, 4, checksum);
      const Status outcome = DecodeExact(decode, record);
      if (!outcome) {
        EXPECT_TRUE(outcome.error().code == ErrorCode::kCorruption ||
                    outcome.error().code == ErrorCode::kFailedPrecondition)
            << name << ": " << outcome.error().message;
      }
    }
  }
}

TEST(MalformedRecordTest, HugeCountsAllocateNothing) {
  // 2^32 - 1 elements announced in a few bytes, with a right checksum.
  std::string vectors = FromHex("0101ffffffffffffffff");
  EXPECT_THAT(DecodeVectors(UnitId{1}, vectors + Checksum(vectors)), IsError(ErrorCode::kCorruption));
  std::string tokens = FromHex("0103ffffffffffffffff");
  EXPECT_THAT(DecodeTokens(UnitId{1}, tokens + Checksum(tokens)), IsError(ErrorCode::kCorruption));
  tokens = FromHex("010200000080feffffff");
  EXPECT_THAT(DecodeTokens(UnitId{1}, tokens + Checksum(tokens)), IsError(ErrorCode::kCorruption));
  std::string job = FromHex("0101" + std::string(7 * 16, '0') + "ffffffff");
  EXPECT_THAT(DecodeJob(JobId{1}, job + Checksum(job)), IsError(ErrorCode::kCorruption));
}

TEST(MalformedRecordTest, MetadataKeysOutOfOrderAreCorruption) {
  ItemRecord item = GoldenItem();
  item.metadata = {{"a", {true}}, {"b", {true}}};
  std::string record = EncodeItem(item);
  record.resize(record.size() - 4);
  record[record.size() - 7] = 'a';  // "b", its count, its type and its value are the last 8 bytes
  EXPECT_THAT(DecodeItem(ItemId{9}, record + Checksum(record)), IsError(ErrorCode::kCorruption));
}

}  // namespace
}  // namespace sightline::storage
