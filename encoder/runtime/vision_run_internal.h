// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include <ATen/core/Tensor.h>

#include "base/result.h"
#include "base/types.h"
#include "encoder/runtime/fast_model_internal.h"

namespace sightline::encoder {

/// One place where a picture is read: a request, by its number, and which of its pictures it is.
struct PictureUse {
  size_t request = 0;
  size_t position = 0;
};

/// A picture and everything that reads it.
struct SharedPicture {
  const ImageRgb8* pixels = nullptr;
  std::vector<PictureUse> uses;
};

/// Each picture once, told apart by its address, in the order of first use.
class PictureList {
 public:
  void Add(const ImageRgb8* picture, const PictureUse& use);
  std::span<const SharedPicture> pictures() const { return pictures_; }

 private:
  std::vector<SharedPicture> pictures_;
  std::unordered_map<const ImageRgb8*, size_t> index_;
};

/// The requests that wait for pictures.
class PictureReader {
 public:
  virtual ~PictureReader() = default;

  /// Asked before a picture of the request goes through the tower. False when the request has been answered, be it by
  /// the error that its limits have passed.
  virtual bool StillWants(size_t request) = 0;
  /// @param patches    (N+1, D) fp32 on the CPU, contiguous. Keeps its whole batch in memory.
  virtual void Take(const PictureUse& use, const at::Tensor& patches, const Embedding& embedding) = 0;
  /// The batch of one of its pictures failed.
  virtual void Fail(size_t request, const Error& error) = 0;
};

/// Errors: kInvalidArgument when `picture` is null or not a picture of res x res pixels.
Status CheckModelPixels(const ImageRgb8* picture, int res);

/// Takes the pictures that are still wanted through the vision tower, in batches.
void RunVision(const FastModel& model, int res, std::span<const SharedPicture> pictures, std::string_view what,
               PictureReader& reader);

/// The answers to one call's requests, each given once.
template <typename Request, typename T>
class Answers {
 public:
  Answers(std::span<const Request> requests, std::string_view what)
      : requests_(requests),
        what_(what),
        answered_(requests.size(), false),
        results_(requests.size(), Fail(ErrorCode::kInternal, "the request was not run")) {}

  bool IsOpen(size_t request) const { return !answered_[request]; }
  void Give(size_t request, Result<T> result) {
    if (answered_[request]) return;
    answered_[request] = true;
    results_[request] = std::move(result);
  }
  /// Whether the request is open and its limits have not passed; gives the error when they have.
  bool CheckLimits(size_t request) {
    if (!IsOpen(request)) return false;
    Status limits = requests_[request].limits.Check(what_);
    if (!limits) Give(request, tl::unexpected<Error>(std::move(limits).error()));
    return IsOpen(request);
  }
  std::vector<Result<T>> Release() && { return std::move(results_); }

 private:
  std::span<const Request> requests_;
  std::string_view what_;
  std::vector<bool> answered_;
  std::vector<Result<T>> results_;
};

}  // namespace sightline::encoder
