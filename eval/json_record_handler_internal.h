// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/json.hpp>
#include <boost/json/value_stack.hpp>

#include "base/result.h"
#include "eval/json_stream_internal.h"

namespace sightline::eval {

// Note [Streaming records]
// A split file of COCO is 150 MB, most of it lists of tokens; sets with base64 pictures are far larger. The parser
// hands over events; this handler follows them with a stack of where it is, and builds a value of only those members
// that a reader asked for. A value that nobody asked for costs a depth counter and no memory.
class RecordHandler {
 public:
  static constexpr size_t max_object_size = std::numeric_limits<size_t>::max();
  static constexpr size_t max_array_size = max_object_size;
  static constexpr size_t max_key_size = max_object_size;
  static constexpr size_t max_string_size = max_object_size;

  RecordHandler(const RecordShape& shape, bool is_lines, const OnRecord& on_record)
      : shape_(shape), on_record_(on_record), is_lines_(is_lines), seen_(shape.lists.size(), false) {
    values_.reset();
  }

  // For JSON lines: the root that comes next is the record of that line.
  void BeginLine(size_t number) {
    number_ = number;
    places_ = {Place::kList};
  }

  const std::optional<Error>& failure() const { return failure_; }
  bool stopped() const { return stopped_; }
  std::vector<bool> seen() && { return std::move(seen_); }

  bool on_document_begin(boost::json::error_code&) { return true; }
  bool on_document_end(boost::json::error_code&) { return true; }
  bool on_object_begin(boost::json::error_code& error) { return Begin(Place::kObject, error); }
  bool on_object_end(size_t, boost::json::error_code& error) { return End(error); }
  bool on_array_begin(boost::json::error_code& error) { return Begin(Place::kArray, error); }
  bool on_array_end(size_t, boost::json::error_code& error) { return End(error); }

  bool on_key_part(boost::json::string_view part, size_t, boost::json::error_code&) {
    if (skipped_ == 0 && key_.size() <= kMaxKeyBytes) key_.append(part.data(), part.size());
    return true;
  }
  bool on_key(boost::json::string_view part, size_t total, boost::json::error_code& error) {
    on_key_part(part, total, error);
    if (skipped_ == 0) TakeKey();
    key_.clear();
    return true;
  }

  bool on_string_part(boost::json::string_view part, size_t, boost::json::error_code& error) {
    if (!IsKept()) return true;
    values_.push_chars(part);
    return Count(part.size(), error);
  }
  bool on_string(boost::json::string_view part, size_t, boost::json::error_code& error) {
    return Scalar(
        part.size(), [&] { values_.push_string(part); }, error);
  }
  bool on_number_part(boost::json::string_view, boost::json::error_code&) { return true; }
  bool on_int64(int64_t value, boost::json::string_view, boost::json::error_code& error) {
    return Scalar(
        0, [&] { values_.push_int64(value); }, error);
  }
  bool on_uint64(uint64_t value, boost::json::string_view, boost::json::error_code& error) {
    return Scalar(
        0, [&] { values_.push_uint64(value); }, error);
  }
  bool on_double(double value, boost::json::string_view, boost::json::error_code& error) {
    return Scalar(
        0, [&] { values_.push_double(value); }, error);
  }
  bool on_bool(bool value, boost::json::error_code& error) {
    return Scalar(
        0, [&] { values_.push_bool(value); }, error);
  }
  bool on_null(boost::json::error_code& error) {
    return Scalar(
        0, [&] { values_.push_null(); }, error);
  }
  bool on_comment_part(boost::json::string_view, boost::json::error_code&) { return true; }
  bool on_comment(boost::json::string_view, boost::json::error_code&) { return true; }

 private:
  static constexpr size_t kMaxKeyBytes = 256;                           // No key that is asked for is longer.
  static constexpr size_t kBytesPerValue = sizeof(boost::json::value);  // What a value takes besides its text.

  enum class Place { kRootObject, kList, kObject, kArray };  // The last two: of or in a record.

  // Of the value that comes now: whether it is in a record, part of it, and one that nobody asked for.
  bool IsInRecord() const {
    return !places_.empty() && (places_.back() == Place::kObject || places_.back() == Place::kArray);
  }
  bool IsKept() const { return skipped_ == 0 && IsInRecord() && (places_.back() == Place::kArray || key_is_kept_); }
  bool IsReadOver() const;

  void TakeKey();
  std::optional<size_t> ListOf(const std::string& name) const;
  bool CanBeArray() const { return ListOf("").has_value(); }
  bool CanBeObject() const { return shape_.lists.size() > (CanBeArray() ? 1U : 0U); }
  bool Begin(Place kind, boost::json::error_code& error);
  bool BeginRoot(Place kind, boost::json::error_code& error);
  bool BeginList(Place kind, boost::json::error_code& error);
  bool Open(Place kind, boost::json::error_code& error);
  bool End(boost::json::error_code& error);

  template <typename Push>
  bool Scalar(size_t text_bytes, const Push& push, boost::json::error_code& error) {
    if (skipped_ > 0 || IsReadOver()) return true;
    if (places_.empty()) return RefuseRoot(error);
    if (places_.back() == Place::kRootObject) return RefuseList(error);
    if (places_.back() == Place::kList) return RefuseRecord(error);
    push();
    ++sizes_.back();
    return Count(kBytesPerValue + text_bytes, error);
  }

  bool Count(size_t bytes, boost::json::error_code& error);
  bool HandOver(boost::json::error_code& error);
  std::string Where() const;
  bool Refuse(ErrorCode code, std::string message, boost::json::error_code& error);
  bool RefuseRecord(boost::json::error_code& error);
  bool RefuseList(boost::json::error_code& error);
  bool RefuseRoot(boost::json::error_code& error);

  const RecordShape& shape_;
  const OnRecord& on_record_;
  bool is_lines_;
  std::vector<bool> seen_;
  std::vector<Place> places_;   // Open and not skipped, from the root.
  std::vector<size_t> sizes_;   // Of the open objects and arrays of the record: what is kept of them.
  size_t skipped_ = 0;          // Open objects and arrays that are read over.
  std::optional<size_t> list_;  // That the records are of; in the root object, that the last key names.
  size_t number_ = 0;           // Of the record in its list, or of the line.
  size_t kept_bytes_ = 0;       // Of the record.
  std::string key_;
  bool key_is_kept_ = false;
  boost::json::value_stack values_;
  std::optional<Error> failure_;
  bool stopped_ = false;
};

}  // namespace sightline::eval
