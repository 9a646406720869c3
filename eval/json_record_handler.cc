// SPDX-License-Identifier: BSD-3-Clause
#include "eval/json_record_handler_internal.h"

#include <algorithm>

#include <fmt/format.h>

namespace sightline::eval {
namespace {

constexpr size_t kMaxKeptBytes = 16 << 20;

}  // namespace

void RecordHandler::TakeKey() {
  if (places_.back() == Place::kRootObject) {
    list_ = key_.empty() ? std::nullopt : ListOf(key_);
    return;
  }
  key_is_kept_ = std::find(shape_.keys.begin(), shape_.keys.end(), key_) != shape_.keys.end();
  if (key_is_kept_) values_.push_key(key_);
}

std::optional<size_t> RecordHandler::ListOf(const std::string& name) const {
  const auto found = std::find(shape_.lists.begin(), shape_.lists.end(), name);
  if (found == shape_.lists.end()) return std::nullopt;
  return static_cast<size_t>(found - shape_.lists.begin());
}

bool RecordHandler::Begin(Place kind, boost::json::error_code& error) {
  if (skipped_ > 0 || IsReadOver()) {
    ++skipped_;
    return true;
  }
  if (IsInRecord()) return Open(kind, error);
  if (!places_.empty() && places_.back() == Place::kList) {
    return kind == Place::kObject ? Open(kind, error) : RefuseRecord(error);
  }
  return places_.empty() ? BeginRoot(kind, error) : BeginList(kind, error);
}

bool RecordHandler::IsReadOver() const {
  if (places_.empty()) return false;
  return places_.back() == Place::kRootObject ? !list_ : (IsInRecord() && !IsKept());
}

bool RecordHandler::BeginRoot(Place kind, boost::json::error_code& error) {
  list_ = kind == Place::kArray ? ListOf("") : std::nullopt;
  if (kind == Place::kArray ? !CanBeArray() : !CanBeObject()) return RefuseRoot(error);
  if (kind == Place::kArray) return BeginList(kind, error);
  places_.push_back(Place::kRootObject);
  return true;
}

bool RecordHandler::BeginList(Place kind, boost::json::error_code& error) {
  if (kind != Place::kArray) return RefuseList(error);
  number_ = 0;
  seen_[*list_] = true;
  places_.push_back(Place::kList);
  return true;
}

bool RecordHandler::Open(Place kind, boost::json::error_code& error) {
  places_.push_back(kind);
  sizes_.push_back(0);
  return Count(kBytesPerValue, error);
}

bool RecordHandler::End(boost::json::error_code& error) {
  if (skipped_ > 0) {
    --skipped_;
    return true;
  }
  const Place ended = places_.back();
  places_.pop_back();
  if (ended == Place::kRootObject || ended == Place::kList) return true;
  const size_t size = sizes_.back();
  sizes_.pop_back();
  ended == Place::kObject ? values_.push_object(size) : values_.push_array(size);
  if (places_.back() == Place::kList) return HandOver(error);
  ++sizes_.back();
  return true;
}

bool RecordHandler::Count(size_t bytes, boost::json::error_code& error) {
  kept_bytes_ += bytes;
  if (kept_bytes_ <= kMaxKeptBytes) return true;
  return Refuse(ErrorCode::kResourceExhausted, fmt::format("{}: more than {} bytes", Where(), kMaxKeptBytes), error);
}

bool RecordHandler::HandOver(boost::json::error_code& error) {
  const boost::json::value value = values_.release();
  values_.reset();
  kept_bytes_ = 0;
  auto next = on_record_({.list = list_.value_or(0), .where = Where(), .fields = value.get_object()});
  ++number_;
  if (!next) failure_ = std::move(next).error();
  stopped_ = next && !*next;
  if (failure_ || stopped_) error = boost::json::error::exception;
  return !failure_ && !stopped_;
}

std::string RecordHandler::Where() const {
  if (is_lines_) return fmt::format("line {}", number_);
  const std::string& name = shape_.lists[*list_];
  return name.empty() ? fmt::format("entry {}", number_) : fmt::format("entry {} of \"{}\"", number_, name);
}

bool RecordHandler::Refuse(ErrorCode code, std::string message, boost::json::error_code& error) {
  failure_ = Error{code, std::move(message)};
  error = boost::json::error::exception;
  return false;
}

bool RecordHandler::RefuseRecord(boost::json::error_code& error) {
  const char* const hint = is_lines_ ? ", as every line of JSON lines is" : "";
  return Refuse(ErrorCode::kInvalidArgument, fmt::format("{}: not an object{}", Where(), hint), error);
}

bool RecordHandler::RefuseList(boost::json::error_code& error) {
  return Refuse(ErrorCode::kInvalidArgument, fmt::format("\"{}\" is not a list", shape_.lists[*list_]), error);
}

bool RecordHandler::RefuseRoot(boost::json::error_code& error) {
  const char* const wanted = !CanBeObject() ? "array" : (CanBeArray() ? "array or object" : "object");
  return Refuse(ErrorCode::kInvalidArgument, fmt::format("the evaluation set is not a JSON {}", wanted), error);
}

}  // namespace sightline::eval
