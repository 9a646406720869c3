// SPDX-License-Identifier: BSD-3-Clause
#include <string>
#include <utility>
#include <variant>

#include "base/utf8.h"
#include "http/metadata_json_internal.h"

namespace sightline::http {
namespace {

namespace json = boost::json;

json::value ValueJson(const MetadataValue& value) {
  struct Visitor {
    json::value operator()(const std::string& text) const { return json::string(ValidUtf8(text)); }
    json::value operator()(int64_t number) const { return number; }
    json::value operator()(double number) const { return number; }
    json::value operator()(const Timestamp& time) const { return time.seconds; }
    json::value operator()(bool flag) const { return flag; }
  };
  return std::visit(Visitor(), value);
}

}  // namespace

json::object MetadataJson(const Metadata& metadata) {
  json::object out;
  for (const auto& [key, values] : metadata) {
    json::array list;
    for (const MetadataValue& value : values) list.push_back(ValueJson(value));
    out[ValidUtf8(key)] = std::move(list);
  }
  return out;
}

}  // namespace sightline::http
