// SPDX-License-Identifier: BSD-3-Clause
#include "http/multipart.h"

#include <gmock/gmock.h>

#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

using testing::IsErrorWith;
using testing::IsOk;
using ::testing::SizeIs;

constexpr std::string_view kType = "multipart/form-data; boundary=AaB03x";

TEST(MultipartTest, PartsComeWithTheirNamesAndBytes) {
  const std::string body =
      "--AaB03x\r\nContent-Disposition: form-data; name=\"words\"\r\n\r\na red car\r\n"
      "--AaB03x\r\ncontent-disposition: FORM-DATA; filename=\"C:\\photos\\a \\\"b\\\".jpg\"; name=file\r\n"
      "Content-Type: image/jpeg\r\n\r\n\xFF\xD8\r\n--AaB03\r\n\r\n--AaB03x--\r\nignored";
  const auto parts = ParseMultipart(kType, body);
  ASSERT_THAT(parts, IsOk());
  ASSERT_THAT(*parts, SizeIs(2));
  EXPECT_EQ((*parts)[0].name, "words");
  EXPECT_EQ((*parts)[0].content, "a red car");
  EXPECT_EQ((*parts)[0].file_name, "");
  EXPECT_EQ((*parts)[1].name, "file");
  EXPECT_EQ((*parts)[1].file_name, "a \"b\".jpg");
  EXPECT_EQ((*parts)[1].content_type, "image/jpeg");
  EXPECT_EQ((*parts)[1].content, "\xFF\xD8\r\n--AaB03\r\n");
}

TEST(MultipartTest, QuotedBoundaryPreambleAndEmptyContentAreRead) {
  const auto parts =
      ParseMultipart("Multipart/Form-Data; charset=utf-8; boundary=\"a b\"",
                     "preamble\r\n--a b  \r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n\r\n--a b--");
  ASSERT_THAT(parts, IsOk());
  ASSERT_THAT(*parts, SizeIs(1));
  EXPECT_EQ((*parts)[0].content, "");
}

TEST(MultipartTest, FormWithoutPartsIsEmpty) {
  const auto parts = ParseMultipart(kType, "--AaB03x--\r\n");
  ASSERT_THAT(parts, IsOk());
  EXPECT_THAT(*parts, SizeIs(0));
}

TEST(MultipartTest, BrokenFormsAreRefused) {
  const auto expect = [](std::string_view body, const std::string& why) {
    EXPECT_THAT(ParseMultipart(kType, body), IsErrorWith(ErrorCode::kInvalidArgument, why)) << body;
  };
  expect("", "no boundary in its body");
  expect("nothing of the kind", "no boundary in its body");
  expect("--AaB03x", "broken behind a boundary");
  expect("--AaB03x\r\n", "without its last boundary");
  expect("--AaB03x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx", "without its last boundary");
  expect("--AaB03x\r\nContent-Disposition: form-data; name=\"a\"\r\n--AaB03x--", "no end of its head");
  expect("--AaB03x\r\n\r\nx\r\n--AaB03x--", "has no name");
  expect("--AaB03x\r\nContent-Disposition: form-data\r\n\r\nx\r\n--AaB03x--", "has no name");
  expect("--AaB03x\r\nnonsense\r\n\r\nx\r\n--AaB03x--", "without a colon");
  expect("--AaB03x\r\n--AaB03x\r\n--AaB03x--", "without its last boundary");
  EXPECT_THAT(ParseMultipart("multipart/form-data", "--x--"), IsErrorWith(ErrorCode::kInvalidArgument, "boundary"));
  std::string many;
  for (int i = 0; i < 33; ++i) many += "--AaB03x\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n";
  expect(many + "--AaB03x--", "more than 32 parts");
  expect("--AaB03x\r\nX: " + std::string(9000, 'x') + "\r\n\r\nx\r\n--AaB03x--", "too long");
}

TEST(MultipartTest, OnlyFormsAreForms) {
  EXPECT_TRUE(IsMultipart("multipart/form-data; boundary=x"));
  EXPECT_TRUE(IsMultipart("Multipart/Form-Data"));
  EXPECT_FALSE(IsMultipart("multipart/mixed; boundary=x"));
  EXPECT_FALSE(IsMultipart("application/json"));
  EXPECT_FALSE(IsMultipart(""));
}

}  // namespace
}  // namespace sightline::http
