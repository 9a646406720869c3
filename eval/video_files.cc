// SPDX-License-Identifier: BSD-3-Clause
#include "eval/video_files.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <system_error>

#include "base/file_io.h"
#include "media/video_reader.h"

namespace sightline::eval {

Status FindVideoFiles(const std::filesystem::path& folder, RetrievalSet& set) {
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  std::set<std::string> names;
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    names.insert(entry->path().filename().string());
  }
  if (error) return tl::unexpected<Error>(ErrnoError(error.value(), "list", folder));
  std::map<std::string, std::string> file_of;
  for (const std::string& name : names) {
    if (media::HasVideoExtension(name)) file_of.emplace(std::filesystem::path(name).stem().string(), name);
  }
  for (std::string& video : set.images) {
    if (names.contains(video)) continue;
    if (const auto file = file_of.find(video); file != file_of.end()) video = file->second;
  }
  return {};
}

bool NamesVideos(const RetrievalSet& set) {
  return std::any_of(set.images.begin(), set.images.end(),
                     [](const std::string& path) { return media::HasVideoExtension(path); });
}

}  // namespace sightline::eval
