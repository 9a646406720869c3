// SPDX-License-Identifier: BSD-3-Clause
#include "app/gallery_collection.h"

#include <sstream>
#include <utility>

#include <fmt/format.h>

#include "app/open.h"
#include "app/scratch_folder.h"
#include "app/version.h"
#include "base/file_io.h"

namespace sightline::app {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kMaxFileBytes = 4096;

std::string Describe(const GalleryMaking& making) {
  return making.frames ? fmt::format("{}, frames of a video: {}", making.precision, *making.frames) : making.precision;
}

// Two lines: how, and by which build.
Status Write(const fs::path& file, const std::string& how, const std::string& made_by) {
  return WriteFileAtomically(file, fmt::format("{}\n{}\n", how, made_by));
}

// What wrote no such file is taken for made in the present way.
Result<std::string> CheckMaking(const fs::path& file, const std::string& how) {
  const auto content = ReadFile(file, kMaxFileBytes);
  if (!content && content.error().code != ErrorCode::kNotFound) return tl::unexpected<Error>(content.error());
  if (!content) {
    SL_RETURN_IF_ERROR(Write(file, how, ""));
    return std::string();
  }
  std::istringstream lines(*content);
  std::string before;
  std::string made_by;
  std::getline(lines, before);
  std::getline(lines, made_by);
  if (before != how) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{} was indexed with {}; not with {}: give another folder, or the same flags",
                            file.parent_path().string(), before, how));
  }
  return made_by;
}

}  // namespace

Result<GalleryCollection> OpenGalleryCollection(const fs::path& folder, const GalleryMaking& making,
                                                const encoder::EncoderInfo& info) {
  const storage::CollectionConfig config = {.model_name = info.config.name,
                                            .model_fingerprint = info.fingerprint,
                                            .dim = static_cast<uint32_t>(info.config.embed_dim),
                                            .patch_storage = making.patches};
  const fs::path path = folder / "collection";
  const fs::path made_with = folder / "made-with";
  auto opened = storage::Collection::Open(path);
  if (opened) {
    SL_RETURN_IF_ERROR(CheckModelOf(path.string(), (*opened)->config(), info));
    if ((*opened)->config() != config) {
      return Fail(ErrorCode::kInvalidArgument, path.string() + " keeps its patches in another way than --patches says");
    }
    SL_ASSIGN_OR_RETURN(std::string made_by, CheckMaking(made_with, Describe(making)));
    return GalleryCollection{*std::move(opened), std::move(made_by)};
  }
  if (opened.error().code != ErrorCode::kNotFound) return tl::unexpected<Error>(std::move(opened).error());
  SL_RETURN_IF_ERROR(MakeFolders(folder));
  SL_RETURN_IF_ERROR(Write(made_with, Describe(making), BuildVersion()));
  SL_ASSIGN_OR_RETURN(auto made, storage::Collection::Create(path, config));
  return GalleryCollection{std::move(made), BuildVersion()};
}

}  // namespace sightline::app
