// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <set>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

#include "base/result.h"

namespace sightline::encoder {

/// Parses JSON without exceptions. Errors: kCorruption (not JSON), kInvalidArgument (not an object).
Result<nlohmann::json> ParseJsonObject(std::string_view text, std::string_view what);

/// Checks the "format" key of `object`: `name` + "/1". Errors: kFailedPrecondition (a newer version of that format),
/// kInvalidArgument (anything else).
Status CheckFormat(const nlohmann::json& object, std::string_view name);

/// Reads the fields of one JSON object into variables. Remembers the first thing that is wrong; Finish reports it, or
/// the first key that nobody asked for. Confined to one function; `object` must outlive it.
class JsonFields {
 public:
  enum Presence { kRequired, kOptional };

  /// @param path  where the object stands, for messages: "" or "vision."
  JsonFields(const nlohmann::json& object, std::string path) : object_(object), path_(std::move(path)) {}

  /// Each leaves `out` as it is when an optional key is absent or something is wrong. Ranges are inclusive.
  void Int(const std::string& key, int min, int max, int& out, Presence presence = kRequired);
  void Number(const std::string& key, double min, double max, double& out, Presence presence = kRequired);
  void Bool(const std::string& key, bool& out, Presence presence = kRequired);
  void String(const std::string& key, std::string& out, Presence presence = kRequired);
  /// The value of a key that is read elsewhere; null when absent.
  const nlohmann::json* Value(const std::string& key, Presence presence = kRequired);
  /// As Value; must be an object.
  const nlohmann::json* Object(const std::string& key, Presence presence = kRequired);

  /// Remembers `message` about `key` unless something else was wrong before.
  void Reject(const std::string& key, const std::string& message);

  /// Errors: kInvalidArgument with the path of the key.
  Status Finish() const;

 private:
  const nlohmann::json& object_;
  const std::string path_;
  std::set<std::string> known_;
  std::string first_error_;
};

}  // namespace sightline::encoder
