// SPDX-License-Identifier: BSD-3-Clause
#include "app/rank_file.h"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>
#include <boost/json.hpp>

#include "base/file_io.h"
#include "eval/metrics.h"

namespace sightline::app {
namespace {

namespace json = boost::json;

constexpr uint64_t kMaxFileBytes = 1u << 30;

// Missing keys and values of other types are exceptions, which ReadRankFile catches.
std::vector<size_t> Numbers(const json::value& object, const char* key) {
  return json::value_to<std::vector<size_t>>(object.at(key));
}

std::vector<size_t> Ranks(const json::value& stage, const char* key, size_t count) {
  std::vector<size_t> ranks;
  for (const json::value& rank : stage.at(key).as_array()) {
    ranks.push_back(rank.is_null() ? eval::kNotRanked : rank.to_number<size_t>() - 1);
  }
  if (ranks.size() != count) throw std::invalid_argument("as many ranks as queries");
  return ranks;
}

RankFile Parse(const json::value& root) {
  RankFile file;
  file.set_hash = json::value_to<std::string>(root.at("set_hash"));
  file.img_asked = Numbers(root.at("img_queries"), "asked");
  file.txt_asked = Numbers(root.at("txt_queries"), "asked");
  file.img_images = Numbers(root.at("img_queries"), "image");
  file.txt_images = Numbers(root.at("txt_queries"), "image");
  for (const auto& [name, stage] : root.at("stages").as_object()) {
    file.stages.push_back({.name = std::string(name),
                           .img = Ranks(stage, "img_ranks", file.img_images.size()),
                           .txt = Ranks(stage, "txt_ranks", file.txt_images.size())});
  }
  return file;
}

}  // namespace

const StageRanks* RankFile::Find(const std::string& name) const {
  const auto found =
      std::find_if(stages.begin(), stages.end(), [&name](const StageRanks& stage) { return stage.name == name; });
  return found == stages.end() ? nullptr : &*found;
}

Result<RankFile> ReadRankFile(const std::filesystem::path& path) {
  SL_ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxFileBytes));
  boost::system::error_code error;
  const json::value root = json::parse(text, error);
  if (error) return Fail(ErrorCode::kCorruption, fmt::format("{}: not JSON: {}", path.string(), error.message()));
  try {
    return Parse(root);
  } catch (const std::exception&) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{} is not what sightline eval prints with --json --ranks", path.string()));
  }
}

}  // namespace sightline::app
