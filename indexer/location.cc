// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/location.h"

#include <optional>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/location_split.h"

namespace sightline::indexer {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSchemeEnd = "://";

std::optional<int> HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return std::nullopt;
}

std::optional<std::string> PercentDecoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const auto high = HexDigit(text[i + 1]);
    const auto low = HexDigit(text[i + 2]);
    if (!high || !low) return std::nullopt;
    out.push_back(static_cast<char>(*high * 16 + *low));
    i += 2;
  }
  return out;
}

// A file that is there, or may be: what cannot be looked at today is not known to be gone.
bool MayExist(const fs::file_status& status) { return status.type() != fs::file_type::not_found; }

tl::unexpected<Error> Invalid(std::string message) { return Fail(ErrorCode::kInvalidArgument, std::move(message)); }

}  // namespace

bool IsUrl(std::string_view text) {
  const size_t end = text.find(kSchemeEnd);
  return end != std::string_view::npos && end > 0 &&
         text.substr(0, end).find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.") ==
             std::string_view::npos;
}

Result<fs::path> PathFromUri(std::string_view uri) {
  constexpr std::string_view kScheme = "file://";
  if (!uri.starts_with(kScheme)) return Invalid(fmt::format("{}: only file:// URIs can be read", uri));
  std::string_view rest = uri.substr(kScheme.size());
  if (rest.starts_with("localhost/")) rest.remove_prefix(std::string_view("localhost").size());
  if (!rest.starts_with('/')) return Invalid(fmt::format("{}: a file:// URI of another host", uri));
  auto path = PercentDecoded(rest);
  if (!path || path->find('\0') != std::string::npos) return Invalid(fmt::format("{}: not a URI", uri));
  return fs::path(*std::move(path));
}

Result<fs::path> NamedPath(const fs::path& folder, std::string_view path_or_uri) {
  if (IsUrl(path_or_uri)) return PathFromUri(path_or_uri);
  if (path_or_uri.empty()) return Invalid("the path is empty");
  if (path_or_uri.find('\0') != std::string_view::npos) return Invalid("a path with a zero byte");
  return folder / fs::path(path_or_uri);
}

Result<std::string> ItemLocation(const fs::path& folder, std::string_view path_or_uri) {
  SL_ASSIGN_OR_RETURN(const fs::path named, NamedPath(folder, path_or_uri));
  std::error_code error;
  fs::path whole = fs::canonical(named, error);
  if (!error) return whole.string();
  const std::string text = named.string();
  for (const auto& [file, name] : SplitsOf(text)) {
    const fs::path shard = fs::canonical(file, error);
    if (!error && fs::is_regular_file(shard, error)) return fmt::format("{}#{}", shard.string(), name);
  }
  whole = fs::weakly_canonical(named, error);
  return error ? named.lexically_normal().string() : whole.string();
}

bool HasVanished(const std::string& path) {
  if (IsUrl(path)) return false;
  std::error_code ignored;
  if (MayExist(fs::symlink_status(path, ignored))) return false;
  for (const LocationSplit& split : SplitsOf(path)) {
    const fs::file_status file = fs::symlink_status(split.file, ignored);
    if (MayExist(file) && !fs::is_directory(file)) return false;
  }
  return true;
}

}  // namespace sightline::indexer
