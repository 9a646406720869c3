// SPDX-License-Identifier: BSD-3-Clause
#include "app/vector_argument.h"

#include <charconv>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "app/exit_code.h"
#include "indexer/transfer/npy_reader.h"

namespace sightline::app {
namespace {

namespace json = boost::json;

tl::unexpected<Error> Invalid(std::string message) { return Fail(ErrorCode::kInvalidArgument, std::move(message)); }

Result<Embedding> ParseArray(const std::string& text) {
  boost::system::error_code error;
  const json::value value = json::parse(text, error);
  if (error) return Invalid("the vector is not a JSON array: " + error.message());
  Embedding vector;
  for (const json::value& number : value.as_array()) {
    if (!number.is_number()) return Invalid("the vector holds something that is not a number");
    vector.push_back(static_cast<float>(number.to_number<double>()));
  }
  return vector;
}

struct VectorName {
  std::string file;
  std::optional<uint64_t> row;
};

/// A file of the whole name is meant itself, whatever its name ends in.
VectorName SplitName(const std::string& argument) {
  std::error_code ignored;
  const size_t hash = argument.rfind('#');
  if (hash == std::string::npos || std::filesystem::exists(argument, ignored)) return {argument, std::nullopt};
  uint64_t row = 0;
  const char* const end = argument.data() + argument.size();
  const auto [parsed_to, error] = std::from_chars(argument.data() + hash + 1, end, row);
  if (error != std::errc() || parsed_to != end) return {argument, std::nullopt};
  return {argument.substr(0, hash), row};
}

Result<Embedding> ReadRow(const VectorName& name) {
  auto reader = indexer::NpyReader::Open(name.file);
  if (!reader) return InputError(std::move(reader).error());
  if (!name.row && reader->rows() != 1) {
    return Invalid(fmt::format("{} has {} rows: choose one with {}#ROW", name.file, reader->rows(), name.file));
  }
  if (name.row.value_or(0) >= reader->rows()) {
    return Invalid(fmt::format("{} has no row {}; its {} rows count from 0", name.file, *name.row, reader->rows()));
  }
  SL_RETURN_IF_ERROR(reader->Skip(name.row.value_or(0)));
  Embedding vector;
  SL_RETURN_IF_ERROR(reader->Next(vector));
  return vector;
}

}  // namespace

Result<Embedding> ReadVectorArgument(const std::string& argument) {
  const size_t first = argument.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && argument[first] == '[') return ParseArray(argument);
  return ReadRow(SplitName(argument));
}

}  // namespace sightline::app
