// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/limits.h"
#include "base/result.h"
#include "http/content_reader.h"

namespace sightline::http {

enum class Method { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions };

/// "GET".
std::string_view NameOf(Method method);
/// Case-sensitive, as in a request line. Absent for methods that we never answer (TRACE, CONNECT).
std::optional<Method> ParseMethod(std::string_view name);

/// True when both are equal but for the case of ASCII letters.
bool EqualIgnoringCase(std::string_view a, std::string_view b);

/// Fields of a message's head, in order. Names are compared without case. Thread-compatible.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  void Add(std::string name, std::string value);
  /// Replaces every field of this name.
  void Set(std::string name, std::string value);
  /// The first field of this name. The view lives until the next change.
  std::optional<std::string_view> Find(std::string_view name) const;

  size_t size() const { return fields_.size(); }
  std::vector<Field>::const_iterator begin() const { return fields_.begin(); }
  std::vector<Field>::const_iterator end() const { return fields_.end(); }

 private:
  std::vector<Field> fields_;
};

/// Who asks. Filled by the server before the handler is called.
struct Principal {
  std::string name = "local";              ///< Of the key; "local" where there are no keys.
  bool admin = true;                       ///< May change what it may see.
  std::vector<std::string> collections{};  ///< Empty: all, those to come included.

  bool MayRead(std::string_view collection) const;
  bool MayWrite(std::string_view collection) const { return admin && MayRead(collection); }
  /// Make and drop collections, and whatever else concerns the whole server.
  bool MayAdminister() const { return admin && collections.empty(); }
};

/// A complete request. Immutable once a handler has it.
struct Request {
  std::string id;  ///< From X-Request-Id when that is sane, else made here; it is in the log and in the answer.
  Method method = Method::kGet;
  std::string path;                                            ///< Decoded.
  std::map<std::string, std::string, std::less<>> parameters;  ///< Of the route ({c}, {id}), decoded.
  std::vector<std::pair<std::string, std::string>> query;      ///< Decoded, in order.
  Headers headers;
  std::string body;
  std::string remote_address;  ///< "127.0.0.1", "::1"; empty for a local socket.
  Principal principal;
  /// The deadline of the answer, and a stop token that fires when the client has gone or the server stops hard.
  Limits limits;

  /// The parameter `name` of the route; empty when the route has none of that name.
  std::string_view Parameter(std::string_view name) const;
  /// The first query parameter of this name.
  std::optional<std::string_view> Query(std::string_view name) const;
};

/// What is sent back. The server adds Content-Length, Date, X-Request-Id and the security headers; it answers ranges of
/// a body with a reader, If-None-Match where there is an ETag, and compresses text where the client takes that.
struct Response {
  int status = 200;
  Headers headers{};
  /// Bytes; bytes that are shared (embedded files, caches), never null; or bytes that are read while they are sent,
  /// never null.
  std::variant<std::string, std::shared_ptr<const std::string>, std::shared_ptr<ContentReader>> body{};
};

/// How many bytes the whole body has.
uint64_t BodySize(const Response& response);

/// Takes the answer. Called exactly once for every request, from any thread. An answer for a client that has gone is
/// dropped; a Reply that is destroyed without a call answers 500.
using Reply = std::function<void(Response)>;

/// Answers a request. Called on an I/O thread: it may look at memory and hand work on, but must not compute, block or
/// touch a disk (OnPool runs work elsewhere). Must not throw.
using Handler = std::function<void(std::shared_ptr<const Request>, Reply)>;

/// Decodes %XX; with `plus_is_space` also "+", as in a query. Absent for a broken escape or a NUL.
std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space);
/// Splits and decodes "a=1&b=2". Absent for a broken escape.
std::optional<std::vector<std::pair<std::string, std::string>>> ParseQuery(std::string_view text);

}  // namespace sightline::http
