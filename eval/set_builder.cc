// SPDX-License-Identifier: BSD-3-Clause
#include "eval/set_builder.h"

#include <filesystem>
#include <limits>

#include <fmt/format.h>

#include "encoder/text/caption_cleaner.h"

namespace sightline::eval {
namespace {

constexpr int kAnyWords = std::numeric_limits<int>::max();

std::string PlainPath(const std::string& path) { return std::filesystem::path(path).lexically_normal().string(); }

}  // namespace

Result<size_t> SetBuilder::AddImage(std::string path, const std::string& where) {
  const size_t known = set_.images.size();
  const std::string shown = path;
  const size_t image = ImageOf(std::move(path), where);
  if (image == known) return image;
  return Fail(ErrorCode::kInvalidArgument,
              fmt::format("{} has the file of {}: {}", where, images_.at(PlainPath(shown)).where, shown));
}

size_t SetBuilder::ImageOf(std::string path, const std::string& where) {
  const auto [known, is_new] = images_.try_emplace(PlainPath(path), Place{set_.images.size(), where});
  if (is_new) set_.images.push_back(std::move(path));
  return known->second.image;
}

void SetBuilder::AddCaption(std::string text, size_t image, std::string_view where) {
  if (const auto cleaned = encoder::CleanCaption(text, kAnyWords); !cleaned) {
    LeaveOut(where, cleaned.error().message);
    return;
  }
  set_.captions.push_back({.text = std::move(text), .image = image});
}

void SetBuilder::AddCaptionOnce(std::string text, size_t image, const std::string& where) {
  captions_of_.resize(set_.images.size());
  const auto [known, is_new] = captions_of_[image].emplace(text, where);
  if (is_new) return AddCaption(std::move(text), image, where);
  LeaveOut(where, fmt::format("repeats {}", known->second));
}

void SetBuilder::LeaveOut(std::string_view where, std::string_view why) {
  set_.left_out.push_back(fmt::format("{}: {}", where, why));
}

RetrievalSet SetBuilder::Release() && {
  std::vector<bool> has_caption(set_.images.size(), false);
  for (const EvalCaption& caption : set_.captions) has_caption[caption.image] = true;
  for (size_t i = 0; i < set_.images.size(); ++i) {
    if (!has_caption[i]) set_.without_captions.push_back(set_.images[i]);
  }
  return std::move(set_);
}

}  // namespace sightline::eval
