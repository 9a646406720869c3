// SPDX-License-Identifier: BSD-3-Clause
#include "eval/query_file.h"

#include <sstream>
#include <string_view>
#include <utility>

#include <boost/json.hpp>

#include "base/file_io.h"
#include "base/utf8.h"
#include "indexer/json_records.h"

namespace sightline::eval {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr size_t kMaxTextBytes = 16 << 20;

std::string AbsolutePath(const fs::path& folder, const std::string& path) {
  std::error_code error;
  const fs::path resolved = fs::weakly_canonical(folder / path, error);
  return error ? (folder / path).lexically_normal().string() : resolved.string();
}

const json::string* TextUnder(const json::object& object, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    const json::value* value = object.if_contains(key);
    if (value != nullptr && value->is_string()) return &value->get_string();
  }
  return nullptr;
}

/// Nothing when it is no query.
std::optional<WrittenQuery> FromJson(const json::value& value, const fs::path& folder) {
  if (value.is_string()) return WrittenQuery{.text = std::string(value.get_string())};
  if (!value.is_object()) return std::nullopt;
  const json::string* text = TextUnder(value.get_object(), {"text", "caption"});
  if (text == nullptr) return std::nullopt;
  WrittenQuery query{.text = std::string(*text)};
  const json::string* item = TextUnder(value.get_object(), {"item", "image"});
  if (item != nullptr) query.item_path = AbsolutePath(folder, std::string(*item));
  return query;
}

Result<std::vector<WrittenQuery>> ReadJson(const fs::path& file, std::vector<std::string>& left_out) {
  SL_ASSIGN_OR_RETURN(auto reader, indexer::JsonRecordReader::Open(file));
  const fs::path folder = fs::absolute(file).parent_path();
  std::vector<WrittenQuery> queries;
  indexer::JsonRecord record;
  while (reader.Next(record)) {
    const std::string place = reader.NameOf(record);
    if (!record.error.empty()) {
      left_out.push_back(place + ": " + record.error);
      continue;
    }
    boost::system::error_code error;
    const json::value value = json::parse(record.text, error);
    auto query = error ? std::nullopt : FromJson(value, folder);
    if (query) {
      queries.push_back(*std::move(query));
    } else {
      left_out.push_back(place + (error ? ": not JSON" : ": neither a string nor an object with \"text\""));
    }
  }
  return queries;
}

Result<std::vector<WrittenQuery>> ReadLines(const fs::path& file, std::vector<std::string>& left_out) {
  SL_ASSIGN_OR_RETURN(const std::string text, ReadFile(file, kMaxTextBytes));
  std::istringstream lines(text);
  std::vector<WrittenQuery> queries;
  size_t number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.find_first_not_of(" \t") == std::string::npos) continue;
    if (IsValidUtf8(line)) {
      queries.push_back({.text = std::move(line)});
    } else {
      left_out.push_back("line " + std::to_string(number) + ": not UTF-8");
    }
  }
  return queries;
}

}  // namespace

Result<std::vector<WrittenQuery>> ReadQueryFile(const fs::path& file, std::vector<std::string>& left_out) {
  const bool is_json = file.extension() == ".json" || file.extension() == ".jsonl";
  return is_json ? ReadJson(file, left_out) : ReadLines(file, left_out);
}

}  // namespace sightline::eval
