// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/encoder_share.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <string_view>
#include <utility>

#include "base/check.h"

namespace sightline::encoder {
namespace {

// Of runtime/vision_run.cc: fewer leave its batches half empty.
constexpr size_t kPassOnGpu = 64;
constexpr size_t kPassOnCpu = 8;

ShareOptions Complete(ShareOptions options, const EncoderInfo& info) {
  const bool gpu = info.device.starts_with("cuda");
  if (options.pictures_per_turn == 0) options.pictures_per_turn = gpu ? kPassOnGpu : kPassOnCpu;
  if (options.pictures_beside_searches == 0) options.pictures_beside_searches = gpu ? kPassOnGpu : 2;
  return options;
}

// How many of the first clips make one turn: at least one, then as many as have no more different frames.
size_t ClipsPerTurn(std::span<const ClipRequest> clips, size_t pictures) {
  std::set<const ImageRgb8*> frames;
  size_t count = 0;
  for (const ClipRequest& clip : clips) {
    frames.insert(clip.frames.begin(), clip.frames.end());
    if (count > 0 && frames.size() > pictures) break;
    ++count;
  }
  return count;
}

}  // namespace

class EncoderShare::SearchEncoder final : public Encoder {
 public:
  SearchEncoder(EncoderShare& share, Encoder& encoder) : share_(share), encoder_(encoder) {}

  const EncoderInfo& info() const override { return encoder_.info(); }
  std::vector<Result<ImageEncoding>> EncodeImages(std::span<const ImageRequest> requests,
                                                  TokenFormat patch_format) override {
    const Pass pass(share_);
    return encoder_.EncodeImages(requests, patch_format);
  }
  std::vector<Result<ClipEncoding>> EncodeClips(std::span<const ClipRequest> requests,
                                                TokenFormat patch_format) override {
    const Pass pass(share_);
    return encoder_.EncodeClips(requests, patch_format);
  }
  std::vector<Result<TextEncoding>> EncodeTexts(std::span<const TextRequest> requests) override {
    const Pass pass(share_);
    return encoder_.EncodeTexts(requests);
  }
  std::vector<Result<std::vector<float>>> Match(std::span<const MatchRequest> requests) override {
    const Pass pass(share_);
    return encoder_.Match(requests);
  }

 private:
  EncoderShare& share_;
  Encoder& encoder_;
};

class EncoderShare::JobEncoder final : public Encoder {
 public:
  JobEncoder(EncoderShare& share, Encoder& encoder) : share_(share), encoder_(encoder) {}

  const EncoderInfo& info() const override { return encoder_.info(); }
  std::vector<Result<ImageEncoding>> EncodeImages(std::span<const ImageRequest> requests,
                                                  TokenFormat patch_format) override {
    return InTurns<ImageEncoding>(
        requests, [this](auto rest) { return std::min(rest.size(), share_.PicturesOfTurn()); },
        [&](auto part) { return encoder_.EncodeImages(part, patch_format); });
  }
  std::vector<Result<ClipEncoding>> EncodeClips(std::span<const ClipRequest> requests,
                                                TokenFormat patch_format) override {
    return InTurns<ClipEncoding>(
        requests, [this](auto rest) { return ClipsPerTurn(rest, share_.PicturesOfTurn()); },
        [&](auto part) { return encoder_.EncodeClips(part, patch_format); });
  }
  // Texts are short: a batch of them takes about as long as a few pictures.
  std::vector<Result<TextEncoding>> EncodeTexts(std::span<const TextRequest> requests) override {
    return InTurns<TextEncoding>(
        requests, [](auto rest) { return rest.size(); }, [&](auto part) { return encoder_.EncodeTexts(part); });
  }
  std::vector<Result<std::vector<float>>> Match(std::span<const MatchRequest> requests) override {
    return InTurns<std::vector<float>>(
        requests, [](auto) { return size_t{1}; }, [&](auto part) { return encoder_.Match(part); });
  }

 private:
  template <typename T, typename Request, typename Count, typename Encode>
  std::vector<Result<T>> InTurns(std::span<const Request> requests, const Count& count_of, const Encode& encode) {
    std::vector<Result<T>> out;
    out.reserve(requests.size());
    while (!requests.empty()) {
      share_.WaitForTurn();
      const size_t count = count_of(requests);
      std::vector<Result<T>> part = encode(requests.first(count));
      std::move(part.begin(), part.end(), std::back_inserter(out));
      requests = requests.subspan(count);
    }
    return out;
  }

  EncoderShare& share_;
  Encoder& encoder_;
};

EncoderShare::EncoderShare(std::unique_ptr<Encoder> encoder, const ShareOptions& options)
    : encoder_(std::move(encoder)),
      options_(Complete(options, encoder_->info())),
      for_searches_(std::make_unique<SearchEncoder>(*this, *encoder_)),
      for_jobs_(std::make_unique<JobEncoder>(*this, *encoder_)) {}

EncoderShare::~EncoderShare() = default;

void EncoderShare::Enter() {
  const std::lock_guard lock(mutex_);
  ++searches_;
}

void EncoderShare::Leave() {
  {
    const std::lock_guard lock(mutex_);
    SL_CHECK(searches_ > 0);
    --searches_;
    ++calls_ended_;
    last_search_ = std::chrono::steady_clock::now();
  }
  may_turn_.notify_all();
}

void EncoderShare::WaitForTurn() {
  std::unique_lock lock(mutex_);
  const uint64_t until = calls_ended_ + options_.most_calls_before;
  may_turn_.wait(lock, [&] { return searches_ == 0 || calls_ended_ >= until; });
}

size_t EncoderShare::PicturesOfTurn() {
  const std::lock_guard lock(mutex_);
  const bool is_quiet =
      searches_ == 0 && (!last_search_ || std::chrono::steady_clock::now() - *last_search_ > options_.quiet_after);
  return is_quiet ? options_.pictures_per_turn : options_.pictures_beside_searches;
}

}  // namespace sightline::encoder
