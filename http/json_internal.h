// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json.hpp>

#include "http/message.h"
#include "http/problem.h"

namespace sightline::http {

constexpr size_t kMaxJsonDepth = 32;

/// Of one text that a model reads. It reads far less of it, but what was sent comes back in answers.
constexpr size_t kMaxTextBytes = 64u << 10;

/// An answer with a JSON body.
Response JsonResponse(int status, const boost::json::value& body);

/// Parses any JSON text that a client sent. Errors: kInvalidArgument (not JSON, nested deeper than kMaxJsonDepth, bytes
/// after it, text that is not UTF-8), 413 (so many values that they take some times the memory of the text).
ProblemOr<boost::json::value> ParseJson(std::string_view text);

/// The body of a request as a JSON object. Errors: those of ParseJson; 415 (a Content-Type that is not JSON; none is
/// taken for JSON); kInvalidArgument (empty, or no object). The route limits its size.
ProblemOr<boost::json::object> ParseJsonBody(const Request& request);

/// `pointer` with one more step, escaped: ("/query", "a/b") gives "/query/a~1b" (RFC 6901).
std::string JsonPointer(std::string_view pointer, std::string_view key);
std::string JsonPointer(std::string_view pointer, size_t index);

/// A value as a person wrote it, cut where it gets long.
std::string QuoteJson(const boost::json::value& value);

/// Reads the fields of one object into variables. Remembers the first thing that is wrong; Finish reports it, or the
/// first field that nobody asked for. A null is an absent field. Confined to one function; `object` must outlive it.
///
///   ObjectReader reader(body, "");
///   reader.Text("name", &name, ObjectReader::kRequired);
///   reader.Integer("top_k", 1, 1000, &top_k);
///   SL_RETURN_IF_PROBLEM(reader.Finish());
class ObjectReader {
 public:
  enum Presence { kRequired, kOptional };

  /// @param pointer  where the object stands in the body: "" for the body itself, "/query".
  ObjectReader(const boost::json::object& object, std::string pointer)
      : object_(object), pointer_(std::move(pointer)) {}

  /// Each leaves `out` as it is when an optional field is absent or something is wrong. Ranges are inclusive.
  void Text(std::string_view key, std::string* out, Presence presence = kOptional);
  void Text(std::string_view key, std::optional<std::string>* out);
  /// A text that a model reads: at most kMaxTextBytes.
  void Words(std::string_view key, std::optional<std::string>* out);
  void Integer(std::string_view key, uint64_t min, uint64_t max, uint64_t* out, Presence presence = kOptional);
  void Number(std::string_view key, double min, double max, double* out, Presence presence = kOptional);
  void Number(std::string_view key, double min, double max, std::optional<double>* out);
  void Bool(std::string_view key, bool* out, Presence presence = kOptional);
  /// A list of texts.
  void Texts(std::string_view key, size_t max_count, std::vector<std::string>* out, Presence presence = kOptional);
  /// A list of finite numbers.
  void Floats(std::string_view key, size_t max_count, std::vector<float>* out, Presence presence = kOptional);
  /// What is read elsewhere; null when absent. `Object` and `Array` refuse anything else.
  const boost::json::value* Value(std::string_view key, Presence presence = kOptional);
  const boost::json::object* Object(std::string_view key, Presence presence = kOptional);
  const boost::json::array* Array(std::string_view key, Presence presence = kOptional);
  /// A field that is known and not looked at.
  void Ignore(std::string_view key) { known_.push_back(key); }

  /// Where the field `key` stands.
  std::string PointerOf(std::string_view key) const { return JsonPointer(pointer_, key); }

  /// Remembers `message` about `key` unless something else was wrong before.
  void Reject(std::string_view key, std::string message);

  bool ok() const { return !problem_; }
  /// Errors: kInvalidArgument with the pointer of the field.
  ProblemOr<void> Finish() const;

 private:
  const boost::json::object& object_;
  const std::string pointer_;
  std::vector<std::string_view> known_;
  std::optional<Problem> problem_;
};

}  // namespace sightline::http
