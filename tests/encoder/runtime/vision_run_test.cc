// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/runtime/vision_run_internal.h"

#include <functional>
#include <map>
#include <new>
#include <utility>
#include <vector>

#include <c10/core/InferenceMode.h>
#include <gtest/gtest.h>

#include "tests/encoder/support/tensor_fixtures.h"
#include "tests/support/test_support.h"

namespace sightline::encoder {
namespace {

using testing::FixtureModel;
using testing::ImportFixture;
using testing::IsError;

constexpr int kRes = 64;

ImageRgb8 Flat(uint8_t value) { return {kRes, kRes, std::vector<uint8_t>(size_t{3} * kRes * kRes, value)}; }

/// Remembers what it is given.
class RecordingReader : public PictureReader {
 public:
  bool StillWants(size_t request) override {
    ++times_asked[request];
    return !wants || wants(request);
  }
  void Take(const PictureUse& use, const at::Tensor& patches, const Embedding&) override {
    if (on_take) on_take();
    taken[{use.request, use.position}] = patches;
  }
  void Fail(size_t request, const Error& error) override { errors.emplace(request, error); }

  std::function<bool(size_t request)> wants;
  std::function<void()> on_take;
  std::map<size_t, int> times_asked;
  std::map<std::pair<size_t, size_t>, at::Tensor> taken;
  std::map<size_t, Error> errors;
};

class RunVisionTest : public ::testing::Test {
 protected:
  void Run(PictureReader& reader) { RunVision(model_, kRes, list_.pictures(), "test", reader); }

  const c10::InferenceMode inference_;
  const FixtureModel fixture_ = ImportFixture("retrieval_tiny/model.th");
  const FastModel model_{fixture_.config, fixture_.weights, {at::kCPU, at::kFloat}};
  PictureList list_;
};

TEST_F(RunVisionTest, SharedPictureIsEncodedOnceForAllItsReaders) {
  const ImageRgb8 shared = Flat(10);
  const ImageRgb8 other = Flat(200);
  list_.Add(&shared, {0, 0});
  list_.Add(&other, {0, 1});
  list_.Add(&shared, {0, 2});
  list_.Add(&shared, {1, 0});
  ASSERT_EQ(list_.pictures().size(), 2U);
  RecordingReader reader;
  Run(reader);
  ASSERT_EQ(reader.taken.size(), 4U);
  const void* const first = reader.taken.at({0, 0}).data_ptr();
  EXPECT_EQ(reader.taken.at({0, 2}).data_ptr(), first);
  EXPECT_EQ(reader.taken.at({1, 0}).data_ptr(), first);
  EXPECT_NE(reader.taken.at({0, 1}).data_ptr(), first);
}

TEST_F(RunVisionTest, PicturesThatNobodyWantsAnyMoreAreSkipped) {
  const std::vector<ImageRgb8> pictures(20, Flat(10));
  for (size_t i = 0; i < pictures.size(); ++i) list_.Add(&pictures[i], {0, i});
  RecordingReader reader;
  reader.wants = [&](size_t) { return reader.taken.empty(); };  // stopped after the first batch
  Run(reader);
  EXPECT_EQ(reader.taken.size(), 8U);
  EXPECT_EQ(reader.times_asked.at(0), 20);
}

TEST_F(RunVisionTest, EveryReaderOfASharedPictureIsAsked) {
  const ImageRgb8 shared = Flat(10);
  for (size_t request = 0; request < 3; ++request) list_.Add(&shared, {request, 0});
  RecordingReader reader;
  Run(reader);
  EXPECT_EQ(reader.times_asked.size(), 3U);
}

TEST_F(RunVisionTest, FailureFailsTheReadersOfThatBatchOnly) {
  const std::vector<ImageRgb8> pictures(10, Flat(10));
  for (size_t i = 0; i < pictures.size(); ++i) list_.Add(&pictures[i], {i, 0});
  RecordingReader reader;
  bool thrown = false;
  reader.on_take = [&] {
    if (!std::exchange(thrown, true)) throw std::bad_alloc();
  };
  Run(reader);
  EXPECT_EQ(reader.errors.size(), 8U);
  EXPECT_EQ(reader.errors.at(7).code, ErrorCode::kResourceExhausted);
  EXPECT_EQ(reader.taken.size(), 2U);
}

TEST(CheckModelPixelsTest, WrongPicturesAreRefused) {
  ImageRgb8 short_of_pixels = Flat(0);
  short_of_pixels.pixels.pop_back();
  const ImageRgb8 wide{2 * kRes, kRes / 2, Flat(0).pixels};
  EXPECT_THAT(CheckModelPixels(nullptr, kRes), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(CheckModelPixels(&short_of_pixels, kRes), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(CheckModelPixels(&wide, kRes), IsError(ErrorCode::kInvalidArgument));
}

}  // namespace
}  // namespace sightline::encoder
