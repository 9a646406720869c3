// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/scanner.h"

#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <system_error>

#include "indexer/media_name.h"

namespace sightline::indexer {
namespace {

namespace fs = std::filesystem;

bool IsHidden(std::string_view name) { return name.starts_with('.'); }

bool LooksLikePicture(const fs::path& path) { return HasMediaName(path.filename().native()); }

std::string DescribeType(fs::file_type type) {
  switch (type) {
    case fs::file_type::fifo:
      return "not a regular file: a FIFO";
    case fs::file_type::socket:
      return "not a regular file: a socket";
    case fs::file_type::block:
    case fs::file_type::character:
      return "not a regular file: a device";
    default:
      return "not a regular file";
  }
}

// Device and inode; nothing when the folder cannot be reached.
std::optional<std::pair<uint64_t, uint64_t>> KeyOf(const fs::path& folder) {
  struct stat info {};
  if (::stat(folder.c_str(), &info) != 0) return std::nullopt;
  return std::pair<uint64_t, uint64_t>(info.st_dev, info.st_ino);
}

constexpr std::string_view kOutside = "it leads out of the folders that may be read";

// Why a link or a path cannot be followed to its end.
std::string DescribeUnreachable(const fs::path& path, const std::error_code& error) {
  std::error_code ignored;
  if (!fs::is_symlink(fs::symlink_status(path, ignored))) return error.message();
  std::string target = fs::read_symlink(path, ignored).string();
  return "broken link to " + target + ": " + error.message();
}

}  // namespace

bool Scanner::Scan(std::span<const fs::path> inputs, const Visitor& visit) {
  return std::all_of(inputs.begin(), inputs.end(), [&](const fs::path& input) { return ScanInput(input, visit); });
}

bool Scanner::ScanInput(const fs::path& input, const Visitor& visit) {
  std::error_code error;
  const fs::path canonical = fs::canonical(input, error);
  if (error) {
    std::error_code ignored;
    fs::path absolute = fs::absolute(input, ignored).lexically_normal();
    return visit({absolute, DescribeUnreachable(absolute, error)});
  }
  if (!MayTake(canonical)) return visit({fs::absolute(input, error).lexically_normal(), std::string(kOutside)});
  const fs::file_status status = fs::status(canonical, error);
  if (fs::is_directory(status)) return WalkFolder(canonical, visit);
  if (error) return visit({canonical, error.message()});
  if (!fs::is_regular_file(status)) return visit({canonical, DescribeType(status.type())});
  return VisitLinked(canonical, visit);
}

bool Scanner::WalkFolder(const fs::path& root, const Visitor& visit) {
  std::vector<fs::path> pending{root};
  while (!pending.empty()) {
    const fs::path folder = std::move(pending.back());
    pending.pop_back();
    const auto key = KeyOf(folder);
    if (key && !walked_.try_emplace(*key, true).second) continue;
    Listing listing;
    std::string error;
    if (!ListFolder(folder, listing, error)) {
      if (key) walked_[*key] = false;
      if (!visit({folder, error})) return false;
    }
    for (const std::string& name : listing.refused) {
      if (!visit({folder / name, std::string(kOutside)})) return false;
    }
    for (const std::string& name : listing.files) {
      if (!VisitEntry(folder / name, visit)) return false;
    }
    for (auto it = listing.folders.rbegin(); it != listing.folders.rend(); ++it) pending.emplace_back(std::move(*it));
  }
  return true;
}

bool Scanner::ListFolder(const fs::path& folder, Listing& listing, std::string& error) const {
  std::error_code code;
  std::vector<std::pair<std::string, std::string>> folders;  // name, canonical path
  fs::directory_iterator it(folder, code);
  for (; !code && it != fs::directory_iterator(); it.increment(code)) {
    std::string name = it->path().filename().string();
    if (IsHidden(name)) continue;
    std::error_code ignored;  // what cannot be looked at is visited as a file, and fails there
    const bool is_link = fs::is_symlink(it->symlink_status(ignored));
    if (!fs::is_directory(it->status(ignored))) {
      listing.files.push_back(std::move(name));
      continue;
    }
    std::string path = is_link ? fs::canonical(it->path(), ignored).string() : it->path().string();
    if (is_link && !path.empty() && !MayTake(path)) {
      listing.refused.push_back(std::move(name));
      continue;
    }
    folders.emplace_back(std::move(name), std::move(path));
  }
  std::sort(listing.files.begin(), listing.files.end());
  std::sort(folders.begin(), folders.end());
  std::sort(listing.refused.begin(), listing.refused.end());
  for (auto& [name, path] : folders) {
    if (!path.empty()) listing.folders.push_back(std::move(path));
  }
  if (code) error = "cannot list the folder: " + code.message();
  return !code;
}

bool Scanner::VisitEntry(const fs::path& path, const Visitor& visit) {
  if (!LooksLikePicture(path)) return true;
  std::error_code error;
  const fs::file_status own = fs::symlink_status(path, error);
  if (fs::is_symlink(own)) {
    const fs::path canonical = fs::canonical(path, error);
    if (error) return visit({path, DescribeUnreachable(path, error)});
    if (!MayTake(canonical)) return visit({path, std::string(kOutside)});
    const fs::file_status target = fs::status(canonical, error);
    if (!fs::is_regular_file(target)) return visit({path, DescribeType(target.type())});
    return VisitLinked(canonical, visit);
  }
  // What vanished since the folder was listed is reported by whoever opens it.
  if (!fs::is_regular_file(own) && own.type() != fs::file_type::not_found && !error) {
    return visit({path, DescribeType(own.type())});
  }
  if (!taken_singly_.empty() && taken_singly_.contains(path.native())) return true;
  return visit({path, {}});
}

bool Scanner::VisitLinked(const fs::path& canonical, const Visitor& visit) {
  const bool a_walk_takes_it = LooksLikePicture(canonical) && !IsHidden(canonical.filename().native());
  if (a_walk_takes_it) {
    const auto folder = KeyOf(canonical.parent_path());
    const auto walked = folder ? walked_.find(*folder) : walked_.end();
    if (walked != walked_.end() && walked->second) return true;
  }
  if (!taken_singly_.insert(canonical.native()).second) return true;
  return visit({canonical, {}});
}

}  // namespace sightline::indexer
