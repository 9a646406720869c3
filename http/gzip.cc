// SPDX-License-Identifier: BSD-3-Clause
#include "http/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <optional>

#include "base/check.h"
#include "http/field_list.h"
#include "http/message.h"

namespace sightline::http {
namespace {

constexpr int kLevel = 5;
constexpr int kGzipWindow = 15 + 16;  // The largest window; 16 asks for the gzip wrapper.
constexpr int kMemoryLevel = 8;

/// "gzip;q=0" is refused, anything else with that name is taken.
bool IsWanted(std::string_view element) {
  const auto quality = FieldParameter(element, "q");
  return !quality || quality->find_first_of("123456789") != std::string_view::npos;
}

}  // namespace

bool AcceptsGzip(std::string_view accept_encoding) {
  std::optional<bool> any;
  for (const std::string_view element : FieldElements(accept_encoding)) {
    const std::string_view name = FieldValue(element);
    if (EqualIgnoringCase(name, "gzip") || EqualIgnoringCase(name, "x-gzip")) return IsWanted(element);
    if (name == "*") any = IsWanted(element);
  }
  return any.value_or(false);
}

bool IsCompressible(std::string_view content_type) {
  constexpr std::array<std::string_view, 3> kTypes = {"application/json", "application/javascript", "image/svg+xml"};
  const std::string_view type = FieldValue(content_type);
  return type.starts_with("text/") || type.ends_with("+json") || std::ranges::find(kTypes, type) != kTypes.end();
}

Result<std::string> Gzip(std::string_view bytes) {
  z_stream stream = {};
  if (deflateInit2(&stream, kLevel, Z_DEFLATED, kGzipWindow, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) {
    return Fail(ErrorCode::kResourceExhausted, "no memory to compress the answer");
  }
  std::string out(deflateBound(&stream, bytes.size()), '\0');
  // zlib does not change its input; next_in is not const because old callers declare it so.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  SL_CHECK(bytes.size() == stream.avail_in && out.size() == stream.avail_out);  // Callers do not compress gigabytes.
  const int result = deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  SL_CHECK(result == Z_STREAM_END);  // The bound was the bound.
  return out;
}

}  // namespace sightline::http
