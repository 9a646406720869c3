// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/json_records.h"

#include <sys/stat.h>

#include <random>
#include <string>
#include <vector>

#include "tests/support/test_support.h"

namespace sightline::indexer {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsOk;
using testing::TempDir;
using testing::WriteTestFile;

class JsonRecordsTest : public ::testing::Test {
 protected:
  // "number: text" or "number! error" of each record.
  std::vector<std::string> Read(const std::string& content) {
    WriteTestFile(dir_ / "f", content);
    auto reader = JsonRecordReader::Open(dir_ / "f");
    EXPECT_THAT(reader, IsOk());
    std::vector<std::string> out;
    JsonRecord record;
    while (reader->Next(record)) {
      out.push_back(std::to_string(record.number) + (record.error.empty() ? ": " + record.text : "! " + record.error));
    }
    EXPECT_FALSE(reader->Next(record)) << "the end stays the end";
    return out;
  }

  TempDir dir_;
};

TEST_F(JsonRecordsTest, LinesAreRecordsAndEmptyOnesAreCountedOnly) {
  EXPECT_THAT(Read("{\"a\": 1}\n\n  \r\n{\"b\": 2}\r\n{\"c\": 3}"),
              ElementsAre("1: {\"a\": 1}", "4: {\"b\": 2}\r", "5: {\"c\": 3}"));
}

TEST_F(JsonRecordsTest, ElementsOfAnArrayAreRecords) {
  EXPECT_THAT(Read(R"( [ {"a": [1, {"b": "],}\" \\"}]} , "x",3 , [4,5]
 ] )"),
              ElementsAre(R"(0: {"a": [1, {"b": "],}\" \\"}]} )", "1: \"x\"", "2: 3 ", "3: [4,5]\n "));
}

TEST_F(JsonRecordsTest, EmptyFilesAndArraysHaveNoRecords) {
  for (const char* content : {"", "\n\n", "[]", " [ \n ]\n", "\xEF\xBB\xBF"}) EXPECT_THAT(Read(content), IsEmpty());
}

TEST_F(JsonRecordsTest, ByteOrderMarkIsSkipped) {
  EXPECT_THAT(Read("\xEF\xBB\xBF{}\n"), ElementsAre("1: {}"));
  EXPECT_THAT(Read("\xEF\xBB\xBF\n[{}]"), ElementsAre("0: {}"));
}

TEST_F(JsonRecordsTest, RecordsMayCrossTheBuffersEnd) {
  std::string lines;
  std::string array = "[";
  const std::string record = "{\"text\": \"" + std::string(100'000, 'x') + "\"}";
  for (int i = 0; i < 20; ++i) {
    lines += record + "\n";
    array += (i == 0 ? "" : ",\n") + record;
  }
  for (const auto& records : {Read(lines), Read(array + "]")}) {
    ASSERT_EQ(records.size(), 20U);
    for (const std::string& one : records) EXPECT_TRUE(one.ends_with(": " + record));
  }
}

TEST_F(JsonRecordsTest, BrokenElementEndsAtTheNextComma) {
  EXPECT_THAT(Read(R"([{"a": 1} {"b"}, oops, {"c": 3}])"),
              ElementsAre(R"(0: {"a": 1} {"b"})", "1: oops", R"(2: {"c": 3})"));
}

TEST_F(JsonRecordsTest, ArrayThatIsCutOffSaysSo) {
  EXPECT_THAT(Read(R"([{"a": 1}, {"b")"),
              ElementsAre(R"(0: {"a": 1})", R"(1: {"b")", HasSubstr("2! the array does not")));
  EXPECT_THAT(Read("[1,"), ElementsAre("0: 1", HasSubstr("1! the array does not end")));
  EXPECT_THAT(Read("["), ElementsAre(HasSubstr("0! the array does not end")));
}

TEST_F(JsonRecordsTest, WhatFollowsAnArraySaysSo) {
  EXPECT_THAT(Read("[1] [2]"), ElementsAre("0: 1", "1! something follows the array"));
}

TEST_F(JsonRecordsTest, EmptyElementIsAnError) { EXPECT_THAT(Read("[1,,2]"), ElementsAre("0: 1", "1! empty", "2: 2")); }

TEST_F(JsonRecordsTest, TooLongRecordIsAnErrorAndTheNextIsRead) {
  const std::string huge(JsonRecordReader::kMaxRecordBytes + 1, 'x');
  EXPECT_THAT(Read("1\n" + huge + "\n3\n"), ElementsAre("1: 1", HasSubstr("2! longer than"), "3: 3"));
  EXPECT_THAT(Read("[1,\"" + huge + "\",3]"), ElementsAre("0: 1", HasSubstr("1! longer than"), "2: 3"));
}

TEST_F(JsonRecordsTest, OnlyRegularFilesAreOpened) {
  EXPECT_THAT(JsonRecordReader::Open(dir_ / "none"), IsError(ErrorCode::kNotFound));
  EXPECT_THAT(JsonRecordReader::Open(dir_.path()), IsError(ErrorCode::kInvalidArgument));
  ASSERT_EQ(::mkfifo((dir_ / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(JsonRecordReader::Open(dir_ / "pipe"), IsError(ErrorCode::kInvalidArgument));
}

TEST_F(JsonRecordsTest, RandomBytesEnd) {
  std::mt19937 random(11);
  const std::string alphabet = "[]{},:\"\\ \n1ax\xC3";
  for (int round = 0; round < 300; ++round) {
    std::string content(random() % 200, ' ');
    for (char& c : content) c = alphabet[random() % alphabet.size()];
    EXPECT_LE(Read((round % 2 == 0 ? "[" : "") + content).size(), content.size() + 2);
  }
}

}  // namespace
}  // namespace sightline::indexer
