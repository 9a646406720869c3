// SPDX-License-Identifier: BSD-3-Clause
#include "app/calibration_gallery.h"

#include <utility>

#include <fmt/format.h>

#include "app/gallery_collection.h"
#include "app/open.h"
#include "app/progress_view.h"

namespace sightline::app {
namespace {

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
  const int frames = flags.frames.value_or(encoder.info().config.frame_len);
  const GalleryMaking making = {.precision = PrecisionOf(session, flags.model),
                                .frames = set.has_videos ? std::optional(frames) : std::nullopt};
  SL_ASSIGN_OR_RETURN(GalleryCollection kept, OpenGalleryCollection(folder, making, encoder.info()));
  made.collection_ = std::move(kept.collection);
  const auto view = MakeProgressView(session.io, ProgressStyle::kAuto);
  const eval::GalleryOptions options = {.image_folder = flags.folder,
                                        .captions_file = folder / "captions.jsonl",
                                        .frames = frames,
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
