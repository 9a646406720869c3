// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/transfer/npy_header.h"

#include <charconv>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "base/check.h"

namespace sightline::indexer {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kVersionEnd = 8;  // Magic and two bytes of version.

tl::unexpected<Error> Corrupt(std::string message) { return Fail(ErrorCode::kCorruption, std::move(message)); }
tl::unexpected<Error> Unsupported(std::string message) { return Fail(ErrorCode::kUnsupported, std::move(message)); }

/// What the dictionary of a header holds, as far as we read it.
struct HeaderFields {
  std::optional<std::string> descr;
  std::optional<bool> fortran_order;
  std::optional<std::vector<uint64_t>> shape;
};

/// Reads the one kind of Python literal that a header is: a dictionary of strings to strings, booleans and tuples of
/// integers.
class LiteralReader {
 public:
  explicit LiteralReader(std::string_view text) : rest_(text) {}

  Result<HeaderFields> Read() {
    HeaderFields fields;
    if (!Take('{')) return Unreadable();
    while (!Take('}')) {
      const auto key = TakeString();
      if (!key || !Take(':') || !TakeValue(*key, fields)) return Unreadable();
      if (!Take(',') && Peek() != '}') return Unreadable();
    }
    if (Peek() != '\0') return Unreadable();
    if (!fields.fortran_order || !fields.shape) return Corrupt("its header lacks a key");
    return fields;
  }

 private:
  static tl::unexpected<Error> Unreadable() { return Corrupt("its header cannot be read"); }

  /// The next character that is no white space; 0 at the end.
  char Peek() {
    const size_t at = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at);
    return rest_.empty() ? '\0' : rest_[0];
  }

  bool Take(char c) {
    if (Peek() != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool TakeWord(std::string_view word) {
    Peek();
    if (!rest_.starts_with(word)) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  std::optional<std::string> TakeString() {
    const char quote = Peek();
    if (quote != '\'' && quote != '"') return std::nullopt;
    const size_t end = rest_.find(quote, 1);
    if (end == std::string_view::npos) return std::nullopt;
    std::string text(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return text;
  }

  std::optional<std::vector<uint64_t>> TakeTuple() {
    if (!Take('(')) return std::nullopt;
    std::vector<uint64_t> numbers;
    while (!Take(')')) {
      Peek();
      uint64_t number = 0;
      const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), number);
      if (error != std::errc()) return std::nullopt;
      rest_.remove_prefix(static_cast<size_t>(end - rest_.data()));
      numbers.push_back(number);
      if (!Take(',') && Peek() != ')') return std::nullopt;
    }
    return numbers;
  }

  bool TakeValue(const std::string& key, HeaderFields& fields) {
    if (key == "descr") {
      // A structured type is a list: then there is no name to tell, and CheckType says so.
      if (Peek() == '[') return TakeList();
      fields.descr = TakeString();
      return fields.descr.has_value();
    }
    if (key == "fortran_order") {
      if (TakeWord("True")) return fields.fortran_order.emplace(true);
      if (!TakeWord("False")) return false;
      fields.fortran_order = false;
      return true;
    }
    if (key != "shape") return false;
    fields.shape = TakeTuple();
    return fields.shape.has_value();
  }

  bool TakeList() {
    const size_t end = rest_.find(']');
    if (end == std::string_view::npos) return false;
    rest_.remove_prefix(end + 1);
    return true;
  }

  std::string_view rest_;
};

Result<NpyType> TypeOf(const std::optional<std::string>& descr) {
  if (descr == "<f4") return NpyType::kFp32;
  if (descr == "<f2") return NpyType::kFp16;
  if (descr == "<f8") return NpyType::kFp64;
  return Unsupported(fmt::format("its elements are {}; float16, float32 and float64 in little-endian order are read",
                                 descr ? "\"" + *descr + "\"" : "structures"));
}

Result<NpyHeader> HeaderOf(const HeaderFields& fields) {
  NpyHeader header;
  SL_ASSIGN_OR_RETURN(header.type, TypeOf(fields.descr));
  const std::vector<uint64_t>& shape = *fields.shape;
  if (shape.empty() || shape.size() > 2) {
    return Unsupported(fmt::format("it has {} dimensions, not the two of a matrix", shape.size()));
  }
  if (*fields.fortran_order && shape.size() == 2) {
    return Unsupported("it is in Fortran order; save it with numpy.ascontiguousarray");
  }
  header.is_matrix = shape.size() == 2;
  header.rows = header.is_matrix ? shape[0] : 1;
  header.columns = shape.back();
  return header;
}

}  // namespace

size_t SizeOf(NpyType type) {
  switch (type) {
    case NpyType::kFp16:
      return 2;
    case NpyType::kFp32:
      return 4;
    case NpyType::kFp64:
      return 8;
  }
  CheckFailed("SizeOf: not an NpyType", __FILE__, __LINE__);
}

Result<NpyHeader> ParseNpyHeader(std::string_view start) {
  if (start.size() < kVersionEnd || !start.starts_with(kMagic)) return Corrupt("it is not an npy file");
  const int version = static_cast<unsigned char>(start[kMagic.size()]);
  if (version < 1 || version > 3) return Unsupported(fmt::format("it has npy version {}; 1 to 3 are read", version));
  const size_t length_bytes = version == 1 ? 2 : 4;
  const size_t literal_at = kVersionEnd + length_bytes;
  if (start.size() < literal_at) return Corrupt("its header is cut off");
  size_t length = 0;
  for (size_t i = length_bytes; i > 0; --i) {
    length = length << 8 | static_cast<unsigned char>(start[kVersionEnd + i - 1]);
  }
  if (length > kMaxNpyHeaderBytes - literal_at) return Corrupt(fmt::format("it claims a header of {} bytes", length));
  if (length > start.size() - literal_at) return Corrupt("its header is cut off");
  SL_ASSIGN_OR_RETURN(const HeaderFields fields, LiteralReader(start.substr(literal_at, length)).Read());
  SL_ASSIGN_OR_RETURN(NpyHeader header, HeaderOf(fields));
  header.data_offset = literal_at + length;
  return header;
}

std::string EncodeNpyHeader(uint64_t rows, uint64_t columns) {
  std::string header = std::string(kMagic) + std::string("\x01\x00\x76\x00", 4);  // version 1.0, 118 bytes follow
  header += fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}, {}), }}", rows, columns);
  header.resize(kWrittenNpyHeaderBytes - 1, ' ');
  return header + '\n';
}

}  // namespace sightline::indexer
