// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "eval/retrieval_set.h"

namespace sightline::eval {

/// Makes a set of what a reader finds, in its order. `where` is the place in the file, for messages: "entry 3".
///
/// Note [A path twice]
/// Two pictures of one path would make a search that finds the file right for one and wrong for the other. Formats with
/// one entry per picture (X2-VLM, Karpathy, COCO, MSRVTT's JSON) call AddImage, which refuses the second; formats with
/// one entry per caption (CSV, JSON lines) call ImageOf, which adds the captions to the first.
class SetBuilder {
 public:
  /// Says that the pictures are videos.
  void SetVideos() { set_.has_videos = true; }

  /// A picture that its format has once. @return its index.
  /// Errors: kInvalidArgument (the path is there already; the message has both places).
  Result<size_t> AddImage(std::string path, const std::string& where);

  /// The index of the picture with that path, new or not.
  size_t ImageOf(std::string path, const std::string& where);

  /// A caption of picture `image`. What the model can make nothing of (not UTF-8, no words) is left out.
  void AddCaption(std::string text, size_t image, std::string_view where);

  /// As AddCaption; one that repeats an earlier caption of the same picture is left out.
  void AddCaptionOnce(std::string text, size_t image, const std::string& where);

  /// Lists a caption that cannot take part.
  void LeaveOut(std::string_view where, std::string_view why);

  /// The set, with its pictures without captions listed.
  RetrievalSet Release() &&;

 private:
  struct Place {
    size_t image = 0;
    std::string where;
  };

  RetrievalSet set_;
  std::unordered_map<std::string, Place> images_;                          // By path without "./" and the like.
  std::vector<std::unordered_map<std::string, std::string>> captions_of_;  // Per picture: text to place.
};

}  // namespace sightline::eval
