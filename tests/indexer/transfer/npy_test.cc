// SPDX-License-Identifier: BSD-3-Clause
#include <cmath>

#include "indexer/transfer/npy_header.h"
#include "indexer/transfer/npy_reader.h"
#include "tests/indexer/transfer/npy_bytes.h"
#include "tests/support/test_support.h"

namespace sightline::indexer {
namespace {

using ::testing::ElementsAre;
using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;
using testing::NpyBytes;
using testing::NpyDictionary;
using testing::NpyOf;
using testing::RawBytes;
using testing::TempDir;
using testing::WriteTestFile;

class NpyTest : public ::testing::Test {
 protected:
  Result<NpyReader> Open(const std::string& bytes) {
    WriteTestFile(dir_ / "a.npy", bytes);
    return NpyReader::Open(dir_ / "a.npy");
  }

  static std::vector<Embedding> RowsOf(NpyReader& reader) {
    std::vector<Embedding> rows;
    Embedding row;
    for (;;) {
      const auto more = reader.Next(row);
      EXPECT_THAT(more, IsOk());
      if (!more || !*more) return rows;
      rows.push_back(row);
    }
  }

  TempDir dir_;
};

TEST_F(NpyTest, ReadsEveryVersionOfTheFormat) {
  for (const int version : {1, 2, 3}) {
    auto reader = Open(NpyBytes(
        {.version = version, .dictionary = NpyDictionary("<f4", 2, 3), .data = RawBytes<float>({1, 2, 3, 4, 5, 6})}));
    ASSERT_THAT(reader, IsOk()) << version;
    EXPECT_EQ(reader->rows(), 2U);
    EXPECT_EQ(reader->columns(), 3U);
    EXPECT_THAT(RowsOf(*reader), ElementsAre(Embedding{1, 2, 3}, Embedding{4, 5, 6}));
  }
}

// What `numpy.save` of numpy 1.24 wrote for numpy.array([[1, -2], [0.5, 65504]], numpy.float16).
TEST_F(NpyTest, ReadsHalfPrecisionAsNumpyWritesIt) {
  const std::string header = "{'descr': '<f2', 'fortran_order': False, 'shape': (2, 2), }";
  std::string bytes = std::string("\x93NUMPY\x01\x00v\x00", 10) + header + std::string(117 - header.size(), ' ') + "\n";
  bytes += std::string("\x00\x3c\x00\xc0\x00\x38\xff\x7b", 8);
  auto reader = Open(bytes);
  ASSERT_THAT(reader, IsOk());
  EXPECT_THAT(RowsOf(*reader), ElementsAre(Embedding{1, -2}, Embedding{0.5, 65504}));
}

TEST_F(NpyTest, ReadsDoublesAndCallsWhatDoesNotFitInfinite) {
  auto reader = Open(NpyBytes({.dictionary = NpyDictionary("<f8", 1, 2), .data = RawBytes<double>({0.25, 1e300})}));
  ASSERT_THAT(reader, IsOk());
  Embedding row;
  ASSERT_THAT(reader->Next(row), IsOk());
  EXPECT_EQ(row[0], 0.25F);
  EXPECT_TRUE(std::isinf(row[1]));
}

TEST_F(NpyTest, AVectorIsOneRow) {
  auto reader = Open(NpyBytes(
      {.dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", .data = RawBytes<float>({1, 2, 3})}));
  ASSERT_THAT(reader, IsOk());
  EXPECT_FALSE(reader->header().is_matrix);
  EXPECT_THAT(RowsOf(*reader), ElementsAre(Embedding{1, 2, 3}));
}

TEST_F(NpyTest, SkipsToARow) {
  auto reader = Open(NpyOf({{1, 2}, {3, 4}, {5, 6}}));
  ASSERT_THAT(reader, IsOk());
  ASSERT_THAT(reader->Skip(2), IsOk());
  EXPECT_THAT(RowsOf(*reader), ElementsAre(Embedding{5, 6}));
}

TEST_F(NpyTest, OtherDimensionsOrdersAndTypesAreUnsupportedByName) {
  const auto with = [&](const std::string& dictionary) { return Open(NpyBytes({.dictionary = dictionary})); };
  EXPECT_THAT(with("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }"),
              IsErrorWith(ErrorCode::kUnsupported, "Fortran"));
  EXPECT_THAT(with("{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2, 3), }"),
              IsErrorWith(ErrorCode::kUnsupported, "3 dimensions"));
  EXPECT_THAT(with("{'descr': '<f4', 'fortran_order': False, 'shape': (), }"),
              IsErrorWith(ErrorCode::kUnsupported, "0 dimensions"));
  EXPECT_THAT(with("{'descr': '>f4', 'fortran_order': False, 'shape': (2, 3), }"),
              IsErrorWith(ErrorCode::kUnsupported, ">f4"));
  EXPECT_THAT(with("{'descr': '|O', 'fortran_order': False, 'shape': (2, 3), }"),
              IsErrorWith(ErrorCode::kUnsupported, "|O"));
  EXPECT_THAT(with("{'descr': [('x', '<f4')], 'fortran_order': False, 'shape': (2, 3), }"),
              IsErrorWith(ErrorCode::kUnsupported, "structures"));
  EXPECT_THAT(Open(NpyBytes({.version = 4, .dictionary = NpyDictionary("<f4", 0, 3)})),
              IsErrorWith(ErrorCode::kUnsupported, "version 4"));
}

TEST_F(NpyTest, DamagedHeadersAreCorrupt) {
  for (const char* dictionary :
       {"", "{", "{'descr': '<f4'", "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)",
        "{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2, 3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, 3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999, 3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2 3), }",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), 'more': 1, }",
        "{'descr': '<f4', 'fortran_order': False, }", "{'descr': '<f4', 'shape': (2, 3), }", "[1, 2]"}) {
    EXPECT_THAT(Open(NpyBytes({.dictionary = dictionary})), IsError(ErrorCode::kCorruption)) << dictionary;
  }
  EXPECT_THAT(Open(""), IsError(ErrorCode::kCorruption));
  EXPECT_THAT(Open("no npy file at all"), IsErrorWith(ErrorCode::kCorruption, "not an npy file"));
  const std::string whole = NpyOf({{1, 2}});
  for (size_t size = 0; size < 128; ++size) {
    EXPECT_THAT(Open(whole.substr(0, size)), IsError(ErrorCode::kCorruption)) << size;
  }
  EXPECT_THAT(Open(std::string("\x93NUMPY\x02\x00\xff\xff\xff\xff", 12) + std::string(1000, ' ')),
              IsErrorWith(ErrorCode::kCorruption, "claims a header of 4294967295 bytes"));
}

// None of them may allocate what the shape claims.
TEST_F(NpyTest, HugeClaimedShapesAreCutOffFiles) {
  const auto claim = [&](const std::string& shape) {
    return Open(NpyBytes({.dictionary = "{'descr': '<f4', 'fortran_order': False, 'shape': " + shape + ", }",
                          .data = RawBytes<float>({1, 2, 3})}));
  };
  EXPECT_THAT(claim("(1000000000000, 256)"), IsErrorWith(ErrorCode::kCorruption, "1000000000000 rows"));
  EXPECT_THAT(claim("(18446744073709551615, 2)"), IsErrorWith(ErrorCode::kCorruption, "cut off"));
  EXPECT_THAT(claim("(4611686018427387905, 1)"), IsErrorWith(ErrorCode::kCorruption, "cut off"));
  EXPECT_THAT(claim("(1, 18446744073709551615)"), IsErrorWith(ErrorCode::kUnsupported, "18446744073709551615 values"));
  EXPECT_THAT(claim("(18446744073709551615,)"), IsError(ErrorCode::kUnsupported));
  EXPECT_THAT(claim("(5, 0)"), IsErrorWith(ErrorCode::kCorruption, "no values"));
  EXPECT_THAT(claim("(2, 3)"), IsErrorWith(ErrorCode::kCorruption, "claims 2 rows and has the bytes of 1"));
  EXPECT_THAT(claim("(1, 3)"), IsOk());
}

TEST_F(NpyTest, AFileThatShrinksWhileItIsReadSaysWhere) {
  std::vector<std::vector<float>> rows(1000, std::vector<float>(1024, 1));
  auto reader = Open(NpyOf(rows));
  ASSERT_THAT(reader, IsOk());
  Embedding row;
  ASSERT_THAT(reader->Next(row), IsOk());
  std::filesystem::resize_file(dir_ / "a.npy", 128);
  Result<bool> more = true;
  while (more && *more) more = reader->Next(row);
  EXPECT_THAT(more, IsErrorWith(ErrorCode::kCorruption, "the file has shrunk"));
}

TEST_F(NpyTest, WhatIsNoFileIsNamed) {
  EXPECT_THAT(NpyReader::Open(dir_ / "none.npy"), IsErrorWith(ErrorCode::kNotFound, "none.npy"));
  EXPECT_THAT(NpyReader::Open(dir_.path()), IsError(ErrorCode::kInvalidArgument));
}

TEST_F(NpyTest, WrittenHeadersHaveOneLengthAndAreRead) {
  for (const uint64_t rows : {uint64_t{0}, uint64_t{7}, UINT64_MAX / 8}) {
    const std::string header = EncodeNpyHeader(rows, 65536);
    EXPECT_EQ(header.size(), kWrittenNpyHeaderBytes);
    const auto parsed = ParseNpyHeader(header);
    ASSERT_THAT(parsed, IsOk());
    EXPECT_EQ(parsed->rows, rows);
    EXPECT_EQ(parsed->columns, 65536U);
    EXPECT_EQ(parsed->data_offset, kWrittenNpyHeaderBytes);
  }
  EXPECT_EQ(EncodeNpyHeader(2, 2), std::string("\x93NUMPY\x01\x00v\x00", 10) +
                                       "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 2), }" +
                                       std::string(58, ' ') + "\n");
}

}  // namespace
}  // namespace sightline::indexer
