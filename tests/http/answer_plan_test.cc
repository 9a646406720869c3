// SPDX-License-Identifier: BSD-3-Clause
#include "http/answer_plan.h"

#include <zlib.h>

#include "http/gzip.h"
#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

RangeChoice Part(uint64_t first, uint64_t size) { return {.kind = RangeChoice::kPart, .range = {first, size}}; }

void ExpectRange(std::string_view field, RangeChoice expected) {
  const RangeChoice choice = ChooseRange(field, 1000);
  EXPECT_EQ(choice.kind, expected.kind) << field;
  EXPECT_EQ(choice.range, expected.range) << field;
}

Request Get(Headers headers, Method method = Method::kGet) {
  Request request;
  request.method = method;
  request.headers = std::move(headers);
  return request;
}

Response Picture() {
  return {.headers = {{"Content-Type", "image/jpeg"}, {"ETag", "\"v1\""}}, .body = std::string("0123456789")};
}

Response Text(size_t bytes) {
  return {.headers = {{"Content-Type", "application/json"}, {"ETag", "\"v1\""}}, .body = std::string(bytes, 'a')};
}

std::string Gunzip(std::string_view packed, size_t size) {
  std::string out(size + 1, '\0');
  z_stream stream = {};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST(ChooseRangeTest, OneRangeIsAPart) {
  ExpectRange("bytes=0-0", Part(0, 1));
  ExpectRange("Bytes=0-0", Part(0, 1));
  ExpectRange("bytes=10-19", Part(10, 10));
  ExpectRange("bytes=990-", Part(990, 10));
  ExpectRange("bytes=990-5000", Part(990, 10));
  ExpectRange("bytes=-10", Part(990, 10));
  ExpectRange("bytes=-5000", Part(0, 1000));
}

TEST(ChooseRangeTest, WhatIsNotThereIsUnsatisfiable) {
  for (const char* field : {"bytes=1000-", "bytes=1000-2000", "bytes=-0"}) {
    ExpectRange(field, {.kind = RangeChoice::kUnsatisfiable});
  }
  EXPECT_EQ(ChooseRange("bytes=0-", 0).kind, RangeChoice::kUnsatisfiable);
  EXPECT_EQ(ChooseRange("bytes=-1", 0).kind, RangeChoice::kUnsatisfiable);
}

TEST(ChooseRangeMalformedTest, WhatIsNotUnderstoodIsIgnored) {
  for (const char* field :
       {"", "bytes", "bytes=", "bytes=-", "bytes=5", "bytes=5-2", "bytes=a-b", "bytes=1-2,4-5", "items=0-1",
        "bytes=--1", "bytes=+1-2", "bytes=99999999999999999999-", "bytes=0-99999999999999999999"}) {
    ExpectRange(field, {});
  }
}

TEST(AnswerPlanTest, RangesOfPictures) {
  const AnswerPlan plan = PlanAnswer(Get({{"Range", "bytes=2-4"}}), Picture());
  EXPECT_EQ(plan.response.status, 206);
  EXPECT_EQ(plan.range, (ByteRange{2, 3}));
  EXPECT_EQ(plan.response.headers.Find("Content-Range"), "bytes 2-4/10");
  EXPECT_EQ(PlanAnswer(Get({}), Picture()).response.headers.Find("Accept-Ranges"), "bytes");
  const AnswerPlan head = PlanAnswer(Get({{"Range", "bytes=2-4"}}, Method::kHead), Picture());
  EXPECT_EQ(head.response.status, 200);
  EXPECT_EQ(head.response.headers.Find("Accept-Ranges"), "bytes");
  const AnswerPlan beyond = PlanAnswer(Get({{"Range", "bytes=10-"}}), Picture());
  EXPECT_EQ(beyond.response.status, 416);
  EXPECT_EQ(beyond.response.headers.Find("Content-Range"), "bytes */10");
  EXPECT_EQ(beyond.range, ByteRange());
}

TEST(AnswerPlanTest, ARangeOfAnotherVersionIsTheWholeBody) {
  EXPECT_EQ(PlanAnswer(Get({{"Range", "bytes=2-4"}, {"If-Range", "\"v1\""}}), Picture()).response.status, 206);
  EXPECT_EQ(PlanAnswer(Get({{"Range", "bytes=2-4"}, {"If-Range", "\"v2\""}}), Picture()).response.status, 200);
}

TEST(AnswerPlanTest, WhatTheClientHasIsNotSentAgain) {
  for (const char* field : {"\"v1\"", "W/\"v1\"", "\"v0\", \"v1\"", "*"}) {
    const AnswerPlan plan = PlanAnswer(Get({{"If-None-Match", field}}), Picture());
    EXPECT_EQ(plan.response.status, 304) << field;
    EXPECT_FALSE(plan.send_body || plan.send_length) << field;
  }
  EXPECT_EQ(PlanAnswer(Get({{"If-None-Match", "\"v2\""}}), Picture()).response.status, 200);
  EXPECT_EQ(PlanAnswer(Get({{"If-None-Match", "\"v1\""}}, Method::kPost), Picture()).response.status, 200);
  Response problem = Picture();
  problem.status = 404;
  EXPECT_EQ(PlanAnswer(Get({{"If-None-Match", "*"}}), problem).response.status, 404);
}

TEST(AnswerPlanTest, TextIsCompressedWhereItPays) {
  const Headers gzip = {{"Accept-Encoding", "deflate, gzip"}};
  EXPECT_TRUE(PlanAnswer(Get(gzip), Text(2000)).gzip);
  EXPECT_EQ(PlanAnswer(Get(gzip), Text(2000)).response.headers.Find("Vary"), "Accept-Encoding");
  EXPECT_FALSE(PlanAnswer(Get(gzip), Text(100)).gzip);
  EXPECT_FALSE(PlanAnswer(Get({}), Text(2000)).gzip);
  Response picture = Picture();
  picture.body = std::string(2000, 'a');
  EXPECT_FALSE(PlanAnswer(Get(gzip), picture).gzip);
  const AnswerPlan head = PlanAnswer(Get(gzip, Method::kHead), Text(2000));
  EXPECT_FALSE(head.gzip || head.send_body || head.send_length);
}

TEST(AnswerPlanTest, TheCompressedBodyIsTheBody) {
  AnswerPlan plan = PlanAnswer(Get({{"Accept-Encoding", "gzip"}}), Text(5000));
  CompressBody(plan);
  const std::string& packed = std::get<std::string>(plan.response.body);
  EXPECT_LT(packed.size(), 100);
  EXPECT_EQ(plan.range, (ByteRange{0, packed.size()}));
  EXPECT_EQ(plan.response.headers.Find("Content-Encoding"), "gzip");
  EXPECT_EQ(plan.response.headers.Find("ETag"), "W/\"v1\"");
  EXPECT_EQ(Gunzip(packed, 5000), std::string(5000, 'a'));
}

TEST(AnswerPlanTest, ABodyThatDoesNotGetShorterStays) {
  std::string noise;
  uint32_t state = 1;
  for (int i = 0; i < 2000; ++i) noise.push_back(static_cast<char>((state = state * 1664525 + 1013904223) >> 24));
  AnswerPlan plan =
      PlanAnswer(Get({{"Accept-Encoding", "gzip"}}), {.headers = {{"Content-Type", "text/plain"}}, .body = noise});
  ASSERT_TRUE(plan.gzip);
  CompressBody(plan);
  EXPECT_EQ(std::get<std::string>(plan.response.body), noise);
  EXPECT_EQ(plan.response.headers.Find("Content-Encoding"), std::nullopt);
}

TEST(GzipTest, AcceptEncodingIsRead) {
  for (const char* field : {"gzip", "GZIP", "br, gzip;q=0.5", "*", "x-gzip", "gzip;q=1.0"})
    EXPECT_TRUE(AcceptsGzip(field)) << field;
  for (const char* field : {"", "br", "gzip;q=0", "gzip; q=0.000", "*;q=0", "identity", "gzip;q=0, *", "gzipped"}) {
    EXPECT_FALSE(AcceptsGzip(field)) << field;
  }
}

TEST(GzipTest, EmptyAndBinaryBytesSurvive) {
  std::string bytes;
  for (int i = 0; i < 70'000; ++i) bytes.push_back(static_cast<char>(i * i));
  const auto packed = Gzip(bytes);
  ASSERT_THAT(packed, testing::IsOk());
  EXPECT_EQ(Gunzip(*packed, bytes.size()), bytes);
  EXPECT_EQ(Gunzip(*Gzip(""), 0), "");
}

}  // namespace
}  // namespace sightline::http
