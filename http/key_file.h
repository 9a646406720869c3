// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "http/api_key.h"

/// The keys of one data folder, in a file that only its owner may read. Changes are made one after the other, also by
/// several processes, and are durable when they return. Blocking I/O.
namespace sightline::http {

/// Where the keys of a data folder are.
std::filesystem::path KeyFilePath(const std::filesystem::path& data_dir);

/// All keys, oldest first. Nothing when there is no file, which is not the same as a file without keys: while there is
/// one, nobody gets in without a key. Errors: kCorruption, kFailedPrecondition (a newer format, or others may write to
/// the file), kUnavailable.
Result<std::optional<std::vector<ApiKey>>> ReadKeyFile(const std::filesystem::path& file);

/// What somebody asks for when making a key; see ApiKey.
struct NewKey {
  std::string name;
  bool admin = false;
  std::vector<std::string> collections{};
};

/// Makes a key, adds it, and makes the file when there is none; its folder must be there.
/// @return the key, which is shown once and kept nowhere.
/// Errors: kInvalidArgument (name), kAlreadyExists (name), those of ReadKeyFile, and write errors.
Result<std::string> AddKey(const std::filesystem::path& file, const NewKey& wanted);

/// Takes a key away; the file stays when it was the last one.
/// @return how many are left. Errors: kNotFound, those of ReadKeyFile, and write errors.
Result<size_t> RevokeKey(const std::filesystem::path& file, std::string_view name);

}  // namespace sightline::http
