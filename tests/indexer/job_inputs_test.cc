// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/job_inputs.h"

#include <gmock/gmock.h>

#include "tests/support/test_support.h"

namespace sightline::indexer {
namespace {

using ::testing::ElementsAre;
using testing::IsErrorWith;
using testing::IsOk;

TEST(JobInputsTest, InputsOfAJobAreReadBack) {
  IndexInputs inputs = {.paths = {"/a b", "/c"}, .manifests = {"/m.jsonl"}, .captions = {"/c.json"}};
  inputs.shard = {.index = 1, .count = 3};
  storage::JobRecord job;
  job.inputs = JobInputs(inputs, {.key_frames = true});
  const auto read = InputsOfJob(job);
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->paths, inputs.paths);
  EXPECT_EQ(read->manifests, inputs.manifests);
  EXPECT_EQ(read->captions, inputs.captions);
  EXPECT_EQ(read->shard.index, 1U);
  EXPECT_EQ(read->shard.count, 3U);
  job.inputs = {"--merge=other"};
  EXPECT_THAT(InputsOfJob(job), IsErrorWith(ErrorCode::kInvalidArgument, "merge"));
}

TEST(JobInputsTest, OptionsThatDecideWhatIsStoredAreReadBack) {
  IndexOptions options;
  options.clips = {.window_us = 2'300'001, .overlap_us = 100'000, .frames = 5, .max_clips = 7};
  options.key_frames = true;
  options.frame_vectors = false;
  options.apply_exif_orientation = false;
  options.convert_icc_to_srgb = true;
  storage::JobRecord job;
  job.inputs = JobInputs({.paths = {"/a"}}, options);
  const auto read = OptionsOfJob(job, {.decode_threads = 3});
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->decode_threads, 3U);
  EXPECT_EQ(read->clips.window_us, 2'300'001);
  EXPECT_EQ(read->clips.overlap_us, 100'000);
  EXPECT_EQ(read->clips.frames, 5);
  EXPECT_EQ(read->clips.max_clips, 7U);
  EXPECT_TRUE(read->key_frames);
  EXPECT_FALSE(read->frame_vectors);
  EXPECT_FALSE(read->apply_exif_orientation);
  EXPECT_TRUE(read->convert_icc_to_srgb);
}

TEST(JobInputsTest, UsualOptionsAreNotWritten) {
  EXPECT_THAT(JobInputs({.paths = {"/a"}}, {.decode_threads = 8}), ElementsAre("/a"));
}

TEST(JobInputsMalformedTest, NumbersThatAreNoneAreRefused) {
  for (const char* text : {"--clip-seconds=", "--clip-seconds=x", "--clip-overlap=-1", "--clip-seconds=1e99",
                           "--frames=99999999999999999999", "--max-clips=2 "}) {
    storage::JobRecord job;
    job.inputs = {text};
    EXPECT_THAT(OptionsOfJob(job, {}), IsErrorWith(ErrorCode::kInvalidArgument, "job record")) << text;
    EXPECT_THAT(InputsOfJob(job), IsOk()) << text;
  }
}

}  // namespace
}  // namespace sightline::indexer
