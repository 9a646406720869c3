// SPDX-License-Identifier: BSD-3-Clause
#include "app/calibration_gallery.h"

#include <utility>

#include <fmt/format.h>

#include "app/open.h"
#include "app/progress_view.h"
#include "app/scratch_folder.h"

namespace sightline::app {
namespace {

Result<std::unique_ptr<storage::Collection>> OpenOrMake(const std::filesystem::path& folder,
                                                        const encoder::EncoderInfo& info) {
  auto opened = storage::Collection::Open(folder);
  if (opened) {
    SL_RETURN_IF_ERROR(CheckModelOf(folder.string(), (*opened)->config(), info));
    return opened;
  }
  if (opened.error().code != ErrorCode::kNotFound) return opened;
  SL_RETURN_IF_ERROR(MakeFolders(folder.parent_path()));
  return storage::Collection::Create(folder, {.model_name = info.config.name,
                                              .model_fingerprint = info.fingerprint,
                                              .dim = static_cast<uint32_t>(info.config.embed_dim)});
}

void ShowAsked(std::FILE* err, size_t done, size_t total) {
  if (!IsTerminal(err)) return;
  fmt::print(err, "\r\033[K{}/{} queries asked{}", done, total, done == total ? "\r\033[K" : "");
  std::fflush(err);
}

}  // namespace

Result<CalibrationGallery> CalibrationGallery::Make(const Session& session, const CalibrateFlags& flags,
                                                    const eval::RetrievalSet& set, encoder::Encoder& encoder,
                                                    const std::filesystem::path& folder, size_t decode_threads,
                                                    std::stop_token stop) {
  CalibrationGallery made;
  made.session_ = &session;
  made.flags_ = &flags;
  made.set_ = &set;
  made.stop_ = stop;
  SL_ASSIGN_OR_RETURN(made.collection_, OpenOrMake(folder / "collection", encoder.info()));
  const auto view = MakeProgressView(session.io, ProgressStyle::kAuto);
  const eval::GalleryOptions options = {.image_folder = flags.folder,
                                        .captions_file = folder / "captions.jsonl",
                                        .frames = flags.frames.value_or(encoder.info().config.frame_len),
                                        .index = {.decode_threads = decode_threads, .thumbnail_side = 0}};
  SL_ASSIGN_OR_RETURN(made.gallery_,
                      eval::IndexGallery(set, *made.collection_, encoder, options, view.get(), std::move(stop)));
  made.searcher_ = std::make_unique<query::Searcher>(*made.collection_, &encoder, SearcherOptionsOf(session));
  return made;
}

Result<std::vector<eval::CandidateList>> CalibrationGallery::Collect(eval::Direction direction,
                                                                     bool without_own) const {
  std::FILE* const err = session_->io.err;
  return eval::CollectCandidates(*searcher_, *collection_, *set_, gallery_,
                                 {.direction = direction,
                                  .depth = flags_->depth,
                                  .without_own = without_own,
                                  .stop = stop_,
                                  .on_progress = [err](size_t done, size_t total) { ShowAsked(err, done, total); }});
}

}  // namespace sightline::app
