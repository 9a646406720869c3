// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace sightline::http {

/// A range of a body: bytes first..first + size - 1.
struct ByteRange {
  uint64_t first = 0;
  uint64_t size = 0;
  friend bool operator==(const ByteRange&, const ByteRange&) = default;
};

/// What a Range field asks of a body of `total` bytes.
struct RangeChoice {
  enum Kind {
    kWhole,          ///< No range, one that is not understood, or several (answer_plan.cc, Note [Several ranges]).
    kPart,           ///< `range`, not empty.
    kUnsatisfiable,  ///< Nothing of it is there: 416.
  };
  Kind kind = kWhole;
  ByteRange range{};
};
RangeChoice ChooseRange(std::string_view range_field, uint64_t total);

/// How a response goes out, after everything that HTTP asks of it (RFC 9110): conditions, ranges, compression.
struct AnswerPlan {
  Response response;      ///< Status, headers, and the whole body.
  ByteRange range;        ///< What of the body is sent.
  bool gzip = false;      ///< Compress the body before it is sent; `range` is all of it.
  bool send_body = true;  ///< Off for HEAD, 204 and 304.
  /// Off where Content-Length would not be that of a GET: HEAD of what would be compressed, 204, 304.
  bool send_length = true;
};

/// Bodies shorter than this are not compressed.
constexpr uint64_t kSmallestGzip = 1024;

/// Plans the answer: 304 where If-None-Match or If-Modified-Since holds, 206 and 416 for ranges, no body for HEAD.
/// Pure; no I/O.
AnswerPlan PlanAnswer(const Request& request, Response response);

/// Replaces the body by its compressed form and says so in the headers; leaves it when it would not get shorter.
/// CPU-bound.
void CompressBody(AnswerPlan& plan);

}  // namespace sightline::http
