// SPDX-License-Identifier: BSD-3-Clause
#include "http/key_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/file_io.h"

namespace sightline::http {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr int64_t kVersion = 1;
constexpr uint64_t kMaxFileBytes = 16u << 20;
constexpr unsigned kMode = 0600;
constexpr size_t kShownCharacters = 9;  // "sl_" and six more: 220 of the 256 bits stay unknown.

// Held while the file is changed. A file of its own, because the other one is replaced.
class ChangeLock {
 public:
  static Result<ChangeLock> Acquire(const fs::path& file) {
    fs::path path = file;
    path += ".lock";
    ChangeLock lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kMode));
    if (lock.fd_ < 0) return tl::unexpected(ErrnoError(errno, "open", path));
    while (::flock(lock.fd_, LOCK_EX) != 0) {
      if (errno != EINTR) return tl::unexpected(ErrnoError(errno, "lock", path));
    }
    return lock;
  }
  ChangeLock(ChangeLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  ChangeLock& operator=(ChangeLock&&) = delete;
  ~ChangeLock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  explicit ChangeLock(int fd) : fd_(fd) {}
  int fd_;
};

bool ParseDigest(std::string_view hex, Sha256Digest& digest) {
  if (hex.size() != digest.size() * 2) return false;
  const auto value = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  };
  for (size_t i = 0; i < digest.size(); ++i) {
    const int high = value(hex[2 * i]);
    const int low = value(hex[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    digest[i] = static_cast<uint8_t>(high << 4 | low);
  }
  return true;
}

std::string Text(const json::value& value) {
  const json::string& text = value.as_string();
  return {text.data(), text.size()};
}

// Throws where a field is missing or of another type.
ApiKey ParseKey(const json::object& object) {
  ApiKey key;
  key.name = Text(object.at("name"));
  key.begins = Text(object.at("begins"));
  const std::string scope = Text(object.at("scope"));
  if (scope != "admin" && scope != "read") throw std::invalid_argument("an unknown scope");
  key.admin = scope == "admin";
  for (const json::value& name : object.at("collections").as_array()) key.collections.push_back(Text(name));
  key.created_at = object.at("created_at").as_int64();
  if (!ParseDigest(Text(object.at("sha256")), key.digest)) throw std::invalid_argument("not a SHA-256");
  return key;
}

json::object KeyJson(const ApiKey& key) {
  json::array collections;
  for (const std::string& name : key.collections) collections.emplace_back(name);
  return {{"name", key.name},
          {"begins", key.begins},
          {"scope", key.admin ? "admin" : "read"},
          {"collections", std::move(collections)},
          {"created_at", key.created_at},
          {"sha256", ToHex(key.digest)}};
}

Result<std::vector<ApiKey>> ParseKeys(const fs::path& file, std::string_view content) {
  try {
    const json::value parsed = json::parse({content.data(), content.size()});
    const json::object& root = parsed.as_object();
    if (root.at("version").as_int64() > kVersion) {
      return Fail(ErrorCode::kFailedPrecondition, file.string() + ": keys of a newer version of sightline");
    }
    std::vector<ApiKey> keys;
    for (const json::value& key : root.at("keys").as_array()) keys.push_back(ParseKey(key.as_object()));
    return keys;
  } catch (const std::exception& error) {
    return Fail(ErrorCode::kCorruption, fmt::format("{}: not a file of keys: {}", file.string(), error.what()));
  }
}

Status WriteKeys(const fs::path& file, std::span<const ApiKey> keys) {
  json::array list;
  for (const ApiKey& key : keys) list.emplace_back(KeyJson(key));
  const json::object root = {{"version", kVersion}, {"keys", std::move(list)}};
  return WriteFileAtomically(file, json::serialize(root) + "\n", kMode);
}

int64_t SecondsSince1970() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::seconds>(now).count();
}

auto FindName(std::vector<ApiKey>& keys, std::string_view name) {
  return std::find_if(keys.begin(), keys.end(), [name](const ApiKey& key) { return key.name == name; });
}

}  // namespace

fs::path KeyFilePath(const fs::path& data_dir) { return data_dir / "keys.json"; }

Result<std::optional<std::vector<ApiKey>>> ReadKeyFile(const fs::path& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) {
    if (errno == ENOENT) return std::nullopt;
    return tl::unexpected(ErrnoError(errno, "read", file));
  }
  if ((info.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    return Fail(
        ErrorCode::kFailedPrecondition,
        fmt::format("{0}: others may write to it, so they could give themselves keys: chmod 600 {0}", file.string()));
  }
  SL_ASSIGN_OR_RETURN(const std::string content, ReadFile(file, kMaxFileBytes));
  SL_ASSIGN_OR_RETURN(std::vector<ApiKey> keys, ParseKeys(file, content));
  return keys;
}

Result<std::string> AddKey(const fs::path& file, const NewKey& wanted) {
  SL_RETURN_IF_ERROR(CheckKeyName(wanted.name));
  SL_ASSIGN_OR_RETURN(const ChangeLock lock, ChangeLock::Acquire(file));
  SL_ASSIGN_OR_RETURN(auto known, ReadKeyFile(file));
  std::vector<ApiKey> keys = std::move(known).value_or(std::vector<ApiKey>());
  if (FindName(keys, wanted.name) != keys.end()) {
    return Fail(ErrorCode::kAlreadyExists, fmt::format("there is a key \"{}\" already: revoke it first", wanted.name));
  }
  SL_ASSIGN_OR_RETURN(std::string text, MakeKeyText());
  keys.push_back({.name = wanted.name,
                  .begins = text.substr(0, kShownCharacters),
                  .admin = wanted.admin,
                  .collections = wanted.collections,
                  .created_at = SecondsSince1970(),
                  .digest = DigestOfKey(text)});
  SL_RETURN_IF_ERROR(WriteKeys(file, keys));
  return text;
}

Result<size_t> RevokeKey(const fs::path& file, std::string_view name) {
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return Fail(ErrorCode::kNotFound, fmt::format("there is no key \"{}\"", name));
  SL_ASSIGN_OR_RETURN(const ChangeLock lock, ChangeLock::Acquire(file));
  SL_ASSIGN_OR_RETURN(auto known, ReadKeyFile(file));
  std::vector<ApiKey> keys = std::move(known).value_or(std::vector<ApiKey>());
  const auto key = FindName(keys, name);
  if (key == keys.end()) return Fail(ErrorCode::kNotFound, fmt::format("there is no key \"{}\"", name));
  keys.erase(key);
  SL_RETURN_IF_ERROR(WriteKeys(file, keys));
  return keys.size();
}

}  // namespace sightline::http
