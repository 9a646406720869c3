// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/files/zip_reader.h"

#include "tests/encoder/files/checkpoint_builder.h"
#include "tests/support/test_support.h"

namespace sightline::encoder {
namespace {

using ::sightline::testing::IsError;
using ::sightline::testing::IsErrorWith;
using ::sightline::testing::IsOk;
using ::sightline::testing::ReadTestFile;
using ::sightline::testing::TestData;

constexpr auto kCorrupt = ErrorCode::kCorruption;

std::string TextOf(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

TEST(ZipReaderTest, ReadsStoredEntries) {
  const std::string file = MakeZip({{"a/x", "first"}, {"a/folder/", ""}, {"a/y", ""}});
  const auto entries = ReadZip(AsBytes(file));
  ASSERT_THAT(entries, IsOk());
  ASSERT_EQ(entries->size(), 2U) << "folders are no entries";
  EXPECT_EQ(TextOf(entries->at("a/x")), "first");
  EXPECT_EQ(TextOf(entries->at("a/y")), "");
}

TEST(ZipReaderTest, ReadsZip64Entries) {
  std::vector<ZipTestEntry> entries = {{"a", "first"}, {"b", "second"}};
  entries[0].is_zip64 = entries[1].is_zip64 = true;
  const std::string file = MakeZip(entries, true);
  const auto read = ReadZip(AsBytes(file));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(TextOf(read->at("a")), "first");
  EXPECT_EQ(TextOf(read->at("b")), "second");
}

TEST(ZipReaderTest, ReadsACommentThatLooksLikeAnEnd) {
  std::string file = MakeZip({{"a", "first"}});
  const std::string comment = "PK\5\6 is how it ends";
  file.replace(file.size() - 2, 2, Raw(static_cast<uint16_t>(comment.size())));
  const std::string with_comment = file + comment;
  EXPECT_THAT(ReadZip(AsBytes(with_comment)), IsOk());
}

TEST(ZipReaderTest, ReadsWhatTorchWrote) {
  const std::string file = ReadTestFile(TestData("retrieval_tiny/model.th"));
  ASSERT_TRUE(LooksLikeZip(AsBytes(file)));
  const auto entries = ReadZip(AsBytes(file));
  ASSERT_THAT(entries, IsOk());
  EXPECT_EQ(entries->size(), 177U);
  EXPECT_EQ(TextOf(entries->at("model_state_epoch_best/version")), "3\n");
}

TEST(ZipReaderMalformedTest, EveryTruncationIsCorrupt) {
  const std::string file = MakeZip({{"a", "first"}, {"b", "second"}});
  for (size_t length = 0; length < file.size(); ++length) {
    EXPECT_THAT(ReadZip(AsBytes(file).first(length)), IsError(kCorrupt)) << length;
  }
}

TEST(ZipReaderMalformedTest, EveryZip64TruncationIsCorrupt) {
  std::vector<ZipTestEntry> entries = {{"a", "first"}};
  entries[0].is_zip64 = true;
  const std::string file = MakeZip(entries, true);
  for (size_t length = 0; length < file.size(); ++length) {
    EXPECT_THAT(ReadZip(AsBytes(file).first(length)), IsError(kCorrupt)) << length;
  }
}

TEST(ZipReaderMalformedTest, CompressedAndEncryptedEntriesAreUnsupported) {
  ZipTestEntry entry{"a", "first"};
  entry.method = 8;
  EXPECT_THAT(ReadZip(AsBytes(MakeZip({entry}))), IsErrorWith(ErrorCode::kUnsupported, "a is compressed"));
  entry.method = 0;
  entry.flags = 1;
  EXPECT_THAT(ReadZip(AsBytes(MakeZip({entry}))), IsErrorWith(ErrorCode::kUnsupported, "encrypted"));
}

TEST(ZipReaderMalformedTest, PathTricksAreRefused) {
  for (const char* name : {"../a", "a/../../b", "/etc/passwd", "a\\b", "..", "a/..", "C:x", "a\nb", ""}) {
    EXPECT_THAT(ReadZip(AsBytes(MakeZip({{name, "x"}}))), IsErrorWith(kCorrupt, "an entry is named")) << name;
  }
  EXPECT_THAT(ReadZip(AsBytes(MakeZip({{"a..b/..c", "x"}}))), IsOk());
}

TEST(ZipReaderMalformedTest, TwoEntriesOfOneNameAreRefused) {
  EXPECT_THAT(ReadZip(AsBytes(MakeZip({{"a", "1"}, {"a", "2"}}))), IsErrorWith(kCorrupt, "two entries"));
}

TEST(ZipReaderMalformedTest, LocalHeaderOfAnotherNameIsRefused) {
  ZipTestEntry entry{"a", "first"};
  entry.local_name = "b";
  EXPECT_THAT(ReadZip(AsBytes(MakeZip({entry}))), IsErrorWith(kCorrupt, "differs from its local header"));
}

TEST(ZipReaderMalformedTest, EntriesOutsideTheFileAreRefused) {
  ZipTestEntry entry{"a", "first"};
  for (const int64_t shift : {int64_t{1}, int64_t{5}, int64_t{40}, int64_t{1000}, int64_t{0x7fffffff}}) {
    entry.offset_shift = shift;
    EXPECT_THAT(ReadZip(AsBytes(MakeZip({entry}))), IsError(kCorrupt)) << shift;
  }
  entry.offset_shift = 0;
  for (const int64_t shift : {int64_t{1}, int64_t{100}, int64_t{0x7fffffff}}) {
    entry.size_shift = shift;
    EXPECT_THAT(ReadZip(AsBytes(MakeZip({entry}))), IsErrorWith(kCorrupt, "outside the file")) << shift;
  }
  entry.is_zip64 = true;
  for (const int64_t shift : {int64_t{1}, int64_t{-6}, INT64_MAX}) {
    entry.size_shift = shift;
    EXPECT_THAT(ReadZip(AsBytes(MakeZip({entry}, true))), IsErrorWith(kCorrupt, "outside the file")) << shift;
  }
  entry.size_shift = 0;
  entry.offset_shift = -1;
  EXPECT_THAT(ReadZip(AsBytes(MakeZip({entry}, true))), IsErrorWith(kCorrupt, "outside the file"));
}

TEST(ZipReaderMalformedTest, OverlappingEntriesAreRefused) {
  // The second entry's header and data are part of the first one's data.
  const std::string inner = MakeZip({{"b", "inner"}});
  const std::string inner_local = inner.substr(0, inner.find("PK\1\2"));
  ZipTestEntry outer{"a", inner_local};
  ZipTestEntry nested{"b", "inner"};
  const size_t header_bytes = 30 + 1 + 4;
  nested.offset_shift = -static_cast<int64_t>(inner_local.size());
  const std::string file = MakeZip({outer, nested});
  ASSERT_EQ(file.substr(header_bytes, inner_local.size()), inner_local);
  EXPECT_THAT(ReadZip(AsBytes(file)), IsErrorWith(kCorrupt, "b overlaps a"));
}

TEST(ZipReaderMalformedTest, ImpossibleEntryCountIsRefused) {
  std::string file = MakeZip({{"a", "first"}}, true);
  const size_t end64 = file.find("PK\6\6");
  const uint64_t huge = uint64_t{1} << 60;
  file.replace(end64 + 24, 16, Raw(huge) + Raw(huge));
  EXPECT_THAT(ReadZip(AsBytes(file)), IsError(ErrorCode::kResourceExhausted));
  file.replace(end64 + 24, 16, Raw(uint64_t{2}) + Raw(uint64_t{2}));
  EXPECT_THAT(ReadZip(AsBytes(file)), IsErrorWith(kCorrupt, "more entries"));
}

}  // namespace
}  // namespace sightline::encoder
