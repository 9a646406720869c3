// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json.hpp>

namespace sightline::testing {

/// Holds answers and routes against the OpenAPI document. Knows the part of JSON Schema that the document uses, and
/// refuses any other keyword, so that nothing in the document goes unchecked. Stricter than JSON Schema in one way: an
/// object with "properties" may have no others unless it says so, so that every field is documented.
class OpenApiChecker {
 public:
  struct Operation {
    std::string method;  ///< "get".
    std::string path;
    std::string id;
    friend auto operator<=>(const Operation&, const Operation&) = default;
  };

  explicit OpenApiChecker(std::string_view document);

  const boost::json::object& document() const { return document_; }
  std::vector<Operation> Operations() const;
  /// The statuses that an operation's answers may have.
  std::set<int> StatusesOf(std::string_view operation_id) const;

  /// The media types of an operation's answers that are no problems.
  std::set<std::string> TypesOf(std::string_view operation_id) const;

  /// What is wrong with an answer of this operation; empty: nothing.
  std::vector<std::string> CheckAnswer(std::string_view operation_id, int status, std::string_view content_type,
                                       std::string_view body) const;
  /// What is wrong with a JSON body that is sent to this operation.
  std::vector<std::string> CheckRequest(std::string_view operation_id, const boost::json::value& body) const;
  /// What is wrong with the document: references that lead nowhere, schemas with keywords that are not known here,
  /// required fields that are not described.
  std::vector<std::string> CheckDocument() const;

 private:
  using Problems = std::vector<std::string>;

  const boost::json::object* FindOperation(std::string_view id) const;
  const boost::json::object& Resolve(const boost::json::object& object) const;
  void Validate(const boost::json::value& value, const boost::json::object& schema, const std::string& at,
                Problems& problems) const;
  void ValidateObject(const boost::json::object& value, const boost::json::object& schema, const std::string& at,
                      Problems& problems) const;
  void CheckNode(const boost::json::value& node, const std::string& at, Problems& problems) const;
  void CheckSchema(const boost::json::object& schema, const std::string& at, Problems& problems) const;

  boost::json::object document_;
};

}  // namespace sightline::testing
