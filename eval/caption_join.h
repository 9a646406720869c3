// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/result.h"
#include "eval/retrieval_set.h"

namespace sightline::eval {

/// Joins pictures and captions that a file has in two lists, in whatever order, by the pictures' ids.
class CaptionJoin {
 public:
  struct Image {
    std::string id;
    std::string path;
    std::string where;  ///< Place in the file, for messages.
    bool is_wanted = true;
  };
  struct Caption {
    std::string image_id;
    std::string text;
    std::string where;
  };

  /// Errors: kInvalidArgument (the id is there already; the message has both places).
  Status AddImage(Image image);
  void AddCaption(Caption caption) { captions_.push_back(std::move(caption)); }

  /// The wanted pictures in order, and the captions in order. A caption of a picture that is not there is left out and
  /// listed, one of a picture that is not wanted is no part of the set. `id_name` is the key of the id, for messages.
  /// Errors: kInvalidArgument (two wanted pictures of one path; the message has both places).
  Result<RetrievalSet> Join(const std::string& id_name) &&;

 private:
  std::vector<Image> images_;
  std::unordered_map<std::string, size_t> image_of_;  // By id.
  std::vector<Caption> captions_;
};

}  // namespace sightline::eval
