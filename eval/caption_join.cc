// SPDX-License-Identifier: BSD-3-Clause
#include "eval/caption_join.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "eval/set_builder.h"

namespace sightline::eval {

Status CaptionJoin::AddImage(Image image) {
  const auto [known, is_new] = image_of_.emplace(image.id, images_.size());
  if (!is_new) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{} has the id of {}: {}", image.where, images_[known->second].where, image.id));
  }
  images_.push_back(std::move(image));
  return {};
}

Result<RetrievalSet> CaptionJoin::Join(const std::string& id_name) && {
  SetBuilder builder;
  std::vector<std::optional<size_t>> number_of(images_.size());
  for (size_t i = 0; i < images_.size(); ++i) {
    if (!images_[i].is_wanted) continue;
    SL_ASSIGN_OR_RETURN(number_of[i], builder.AddImage(images_[i].path, images_[i].where));
  }
  for (Caption& caption : captions_) {
    const auto image = image_of_.find(caption.image_id);
    if (image == image_of_.end()) {
      builder.LeaveOut(caption.where, fmt::format("{} {} is not in the file", id_name, caption.image_id));
    } else if (number_of[image->second]) {
      builder.AddCaption(std::move(caption.text), *number_of[image->second], caption.where);
    }
  }
  return std::move(builder).Release();
}

}  // namespace sightline::eval
