// SPDX-License-Identifier: BSD-3-Clause
#include <string>
#include <utility>
#include <vector>

#include "eval/json_stream_internal.h"
#include "tests/support/test_support.h"

namespace sightline::eval {
namespace {

using ::testing::ElementsAre;
using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;

const RecordShape kShape = {.lists = {"images", "annotations"}, .keys = {"name", "id", "raw", "texts"}};
const RecordShape kRootShape = {.lists = {""}, .keys = {"name"}};

// What came, each record as one text.
struct Streamed {
  Result<std::vector<bool>> seen;
  std::vector<std::string> records;
};

Streamed Stream(std::string_view json, const RecordShape& shape = kShape,
                size_t chunk_bytes = ByteChunks::kChunkBytes) {
  Streamed out = {.seen = std::vector<bool>(), .records = {}};
  out.seen = StreamRecords(ByteChunks::OfText(json, chunk_bytes), shape, [&out](const StreamedRecord& record) {
    out.records.push_back(record.where + " " + boost::json::serialize(record.fields));
    return Result<bool>(true);
  });
  return out;
}

TEST(JsonStreamTest, KeepsWhatIsAskedForAndReadsOverTheRest) {
  const Streamed out = Stream(R"({"info": {"images": [1, {"name": "no"}]}, "annotations": [{"id": 7, "box": [[1], {}]}],
      "images": [{"tokens": ["x", {"name": "no"}], "name": "a", "texts": [{"raw": "b", "n": 2}, "c", null, 1.5, true]},
                 {"other": {"name": "no"}, "id": 18446744073709551615}], "x": "images"})");
  ASSERT_THAT(out.seen, IsOk());
  EXPECT_EQ(*out.seen, std::vector<bool>({true, true}));
  EXPECT_THAT(out.records, ElementsAre(R"(entry 0 of "annotations" {"id":7})",
                                       R"(entry 0 of "images" {"name":"a","texts":[{"raw":"b"},"c",null,1.5E0,true]})",
                                       R"(entry 1 of "images" {"id":18446744073709551615})"));
}

// Strings, keys, numbers, escapes and UTF-8 are cut at every byte.
TEST(JsonStreamTest, PiecesOfAnySizeGiveTheSame) {
  const std::string json =
      "\xEF\xBB\xBF { \"images\" : [ {\"na\\u006de\": \"caf\xC3\xA9 \\ud83d\\ude00 \\\"x\\\"\", \"id\": -120}, "
      "{\"skip\": \"\xE2\x82\xAC\", \"texts\": [1e3, \"\"]} ] } ";
  const Streamed whole = Stream(json);
  ASSERT_THAT(whole.seen, IsOk());
  ASSERT_EQ(whole.records.size(), 2U);
  EXPECT_EQ(whole.records[0],
            "entry 0 of \"images\" {\"name\":\"caf\xC3\xA9 \xF0\x9F\x98\x80 \\\"x\\\"\",\"id\":-120}");
  for (size_t chunk = 1; chunk < 20; ++chunk) {
    const Streamed cut = Stream(json, kShape, chunk);
    ASSERT_THAT(cut.seen, IsOk()) << chunk;
    EXPECT_EQ(cut.records, whole.records) << chunk;
  }
}

TEST(JsonStreamTest, StopsWhereTheReaderHasEnough) {
  size_t records = 0;
  const auto seen = StreamRecords(ByteChunks::OfText(R"([{"name": "a"}, {"name": "b"}, broken)"), kRootShape,
                                  [&records](const StreamedRecord&) { return Result<bool>(++records < 2); });
  EXPECT_THAT(seen, IsOk());
  EXPECT_EQ(records, 2U);
}

TEST(JsonStreamMalformedTest, BrokenJsonNamesTheByte) {
  EXPECT_THAT(Stream("").seen, IsErrorWith(ErrorCode::kCorruption, "byte 0"));
  EXPECT_THAT(Stream(R"({"images": [{"name": "a"})").seen, IsErrorWith(ErrorCode::kCorruption, "byte 25: incomplete"));
  EXPECT_THAT(Stream(R"({"images": [}]})").seen, IsErrorWith(ErrorCode::kCorruption, "byte 12"));
  EXPECT_THAT(Stream(R"({"images": []} x)").seen, IsErrorWith(ErrorCode::kCorruption, "byte 15: extra data"));
  for (size_t chunk = 1; chunk < 20; ++chunk) {
    EXPECT_THAT(Stream(R"({"images": []} x)", kShape, chunk).seen, IsErrorWith(ErrorCode::kCorruption, "byte 15"));
  }
}

TEST(JsonStreamMalformedTest, BytesThatAreNotUtf8AreNamedAlsoInWhatIsReadOver) {
  EXPECT_THAT(Stream("{\"images\": [{\"skip\": \"\xE9\"}]}").seen,
              IsErrorWith(ErrorCode::kCorruption, "not UTF-8, or not JSON, at byte 22"));
  EXPECT_THAT(Stream("{\"images\": [{\"name\": \"\xFF\"}]}").seen,
              IsErrorWith(ErrorCode::kCorruption, "not UTF-8, or not JSON, at byte 22"));
}

TEST(JsonStreamMalformedTest, DeepNestingIsRefusedAlsoInWhatIsReadOver) {
  EXPECT_THAT(Stream("{\"skip\": " + std::string(100'000, '[')).seen, IsErrorWith(ErrorCode::kCorruption, "deep"));
}

TEST(JsonStreamMalformedTest, OtherShapesAreNamed) {
  EXPECT_THAT(Stream("[]").seen, IsErrorWith(ErrorCode::kInvalidArgument, "not a JSON object"));
  EXPECT_THAT(Stream("1").seen, IsErrorWith(ErrorCode::kInvalidArgument, "not a JSON object"));
  EXPECT_THAT(Stream("{}", kRootShape).seen, IsErrorWith(ErrorCode::kInvalidArgument, "not a JSON array"));
  EXPECT_THAT(Stream(R"({"images": {}})").seen, IsErrorWith(ErrorCode::kInvalidArgument, "\"images\" is not a list"));
  EXPECT_THAT(Stream(R"({"annotations": 1})").seen,
              IsErrorWith(ErrorCode::kInvalidArgument, "\"annotations\" is not a list"));
  EXPECT_THAT(Stream(R"({"images": [{}, []]})").seen,
              IsErrorWith(ErrorCode::kInvalidArgument, "entry 1 of \"images\": not an object"));
  EXPECT_THAT(Stream(R"(["x"])", kRootShape).seen, IsErrorWith(ErrorCode::kInvalidArgument, "entry 0: not an object"));
}

TEST(JsonStreamMalformedTest, ARecordHasALimitButWhatIsReadOverHasNone) {
  const std::string big(17 << 20, 'x');
  EXPECT_THAT(Stream("[{\"name\": \"" + big + "\"}]", kRootShape).seen,
              IsErrorWith(ErrorCode::kResourceExhausted, "entry 0"));
  const Streamed skipped = Stream("[{\"pixels\": \"" + big + "\", \"name\": \"a\"}]", kRootShape);
  ASSERT_THAT(skipped.seen, IsOk());
  EXPECT_THAT(skipped.records, ElementsAre(R"(entry 0 {"name":"a"})"));
}

std::vector<std::string> Lines(std::string_view text, Status& status, size_t chunk = ByteChunks::kChunkBytes) {
  std::vector<std::string> records;
  status = StreamLines(ByteChunks::OfText(text, chunk), {"name"}, [&records](const StreamedRecord& record) {
    records.push_back(record.where + " " + boost::json::serialize(record.fields));
    return Result<bool>(true);
  });
  return records;
}

TEST(JsonLinesStreamTest, EveryLineThatIsNotBlankIsARecord) {
  const std::string text = "\xEF\xBB\xBF{\"name\": \"a\"}\r\n\n  \n{\"x\": [{}], \"name\": \"b\"}\n{\"name\": \"\\n\"}";
  for (size_t chunk = 1; chunk < 40; ++chunk) {
    Status status;
    const auto records = Lines(text, status, chunk);
    ASSERT_THAT(status, IsOk()) << chunk;
    EXPECT_THAT(records, ElementsAre(R"(line 1 {"name":"a"})", R"(line 4 {"name":"b"})", R"(line 5 {"name":"\n"})"));
  }
}

TEST(JsonLinesStreamMalformedTest, BrokenLinesAreNamed) {
  Status status;
  EXPECT_EQ(Lines("{\"name\": \"a\"}\n{\"name\": \n\"b\"}\n", status).size(), 1U);
  EXPECT_THAT(status, IsErrorWith(ErrorCode::kCorruption, "line 2: not JSON at byte 23: incomplete"));
  Lines("\n{} {}\n", status);
  EXPECT_THAT(status, IsErrorWith(ErrorCode::kCorruption, "line 2: not JSON at byte 4: extra data"));
  Lines("{}\n[]\n", status);
  EXPECT_THAT(status, IsErrorWith(ErrorCode::kInvalidArgument, "line 2: not an object"));
  Lines("{}\n{\"name\": \"\xE9\"}", status);
  EXPECT_THAT(status, IsErrorWith(ErrorCode::kCorruption, "line 2: not UTF-8"));
}

}  // namespace
}  // namespace sightline::eval
