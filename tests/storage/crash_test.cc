// SPDX-License-Identifier: BSD-3-Clause
// Nothing acknowledged is lost: a writer is killed at random instants, and what it left is compared with what it said.
#include <cstdlib>
#include <random>
#include <thread>

#include "storage/collection.h"
#include "storage/snapshot.h"
#include "tests/storage/crash_plan.h"
#include "tests/support/child_process.h"
#include "tests/support/power_loss.h"
#include "tests/support/test_support.h"

namespace sightline::testing {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using storage::Collection;
using ::testing::IsEmpty;

constexpr milliseconds kPatience{60'000};

/// 20 kills per test; SIGHTLINE_CRASH_ROUNDS asks for more, or fewer while debugging.
uint64_t Rounds() {
  const char* wanted = std::getenv("SIGHTLINE_CRASH_ROUNDS");
  return wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 20;
}

struct WriterRun {
  uint64_t acknowledged = 0;  ///< The last batch; 0: none.
  bool opened = false;        ///< It said "opened" or "created".
  std::string last_line;
};

void Note(WriterRun& run, const std::string& line) {
  if (line == "opened" || line == "created") run.opened = true;
  if (line.starts_with("ack ")) run.acknowledged = std::stoull(line.substr(4));
  run.last_line = line;
}

/// With an exact index, and with one that seals, merges and compacts all the time.
class CrashIntegrationTest : public ::testing::TestWithParam<storage::IndexOptions> {
 protected:
  void SetUp() override {
    std::filesystem::create_directories(root_);
    ASSERT_THAT(Collection::Create(folder_, CrashConfig(), GetParam(), CrashOptions()), IsOk());
  }

  /// Runs the writer, kills it `delay` after it said `start_word`, and reads everything that it said.
  WriterRun KillWriter(const std::string& start_word, microseconds delay, const std::vector<std::string>& variables,
                       const std::vector<std::string>& more_arguments = {}) {
    std::vector<std::string> arguments = {SIGHTLINE_CRASH_WRITER, folder_.string()};
    arguments.insert(arguments.end(), more_arguments.begin(), more_arguments.end());
    ChildProcess writer(arguments, variables);
    WriterRun run;
    bool started = false;
    while (!started) {
      const auto line = writer.ReadLine(kPatience);
      if (!line) break;
      Note(run, *line);
      started = line->starts_with(start_word);
    }
    EXPECT_TRUE(started) << "the writer ended with: " << run.last_line;
    std::this_thread::sleep_for(delay);
    writer.Kill();
    while (const auto line = writer.ReadLine(milliseconds(1000))) Note(run, *line);
    EXPECT_FALSE(run.last_line.starts_with("error")) << run.last_line;
    return run;
  }

  /// Opens what is left and compares it with what was acknowledged.
  /// @param kills  since the last look: each may have left one batch that is stored and was not acknowledged.
  std::vector<std::string> Check(uint64_t acknowledged, uint64_t kills = 1) {
    const auto collection = Collection::Open(folder_, CrashOptions());
    if (!collection) return {"cannot be opened: " + collection.error().message};
    const auto batches = CommittedBatches(**collection);
    if (!batches) return {batches.error().message};
    if (*batches < acknowledged) {
      return {"batch " + std::to_string(acknowledged) + " was acknowledged and is lost; the last one is " +
              std::to_string(*batches)};
    }
    if (*batches > acknowledged + kills) return {"batch " + std::to_string(*batches) + " was never acknowledged"};
    last_ = *batches;
    const auto index = (*collection)->Stats()->index;
    most_segments_ = std::max(most_segments_, index.segments.size());
    // What was acknowledged as a file must be whole: a commit or a power cut leaves none that is listed and damaged.
    if (!index.damage.empty()) return index.damage;
    return Differences(**collection, *batches);
  }
  /// Restores one of the two snapshots that the writer left, if it is whole, and compares it with the batches that it
  /// has.
  std::vector<std::string> CheckSnapshotOf(uint64_t batches, int which, uint64_t& restored) {
    const std::filesystem::path snapshot = folder_.string() + ".snapshot" + std::to_string(which);
    if (const auto checked = storage::CheckSnapshot(snapshot); !checked) {
      if (checked.error().code == ErrorCode::kNotFound) return {};
      return {checked.error().message};
    }
    const std::filesystem::path target = scratch_ / "restored";
    std::filesystem::remove_all(target);
    if (const auto made = storage::RestoreSnapshot(snapshot, target, {}); !made) return {made.error().message};
    const auto collection = Collection::Open(target, CrashOptions());
    if (!collection) return {collection.error().message};
    const auto has = CommittedBatches(**collection);
    if (!has) return {has.error().message};
    if (*has > batches) return {"the snapshot has batch " + std::to_string(*has)};
    ++restored;
    return Differences(**collection, *has);
  }
  /// On a busy machine few writers live long enough to see one made; those of further rounds live longer.
  bool WaitsForSegment(uint64_t round) const { return HasSegments() && most_segments_ == 0 && round < 10 * Rounds(); }
  microseconds Lifetime(uint64_t round) {
    return microseconds(random_() % 150'000) + (round < Rounds() ? milliseconds(0) : milliseconds(1500));
  }
  bool HasSegments() const { return GetParam().kind != storage::IndexKind::kAuto; }

  TempDir scratch_;
  const std::filesystem::path root_ = scratch_ / "root";
  const std::filesystem::path folder_ = root_ / "collection";
  std::mt19937_64 random_{20'251'124};
  uint64_t last_ = 0;
  size_t most_segments_ = 0;
};

INSTANTIATE_TEST_SUITE_P(Indexes, CrashIntegrationTest,
                         ::testing::Values(storage::IndexOptions(), CrashIndex(storage::IndexKind::kFlat),
                                           CrashIndex(storage::IndexKind::kHnsw)),
                         [](const auto& tested) { return std::string(NameOf(tested.param.kind)); });

TEST_P(CrashIntegrationTest, KilledWriterLosesNothingAcknowledged) {
  for (uint64_t round = 0; round < Rounds() || WaitsForSegment(round); ++round) {
    const auto run = KillWriter("ack", Lifetime(round), {});
    const uint64_t acknowledged = std::max(run.acknowledged, last_);
    ASSERT_THAT(Check(acknowledged), IsEmpty()) << "round " << round << ", batch " << acknowledged;
  }
  EXPECT_GE(last_, Rounds());
  EXPECT_EQ(most_segments_ > 0, HasSegments());
}

TEST_P(CrashIntegrationTest, PowerLossLosesNothingAcknowledged) {
  PowerLossImage image(root_, scratch_ / "image");
  for (uint64_t round = 0; round < Rounds() || WaitsForSegment(round); ++round) {
    const auto run = KillWriter("ack", Lifetime(round), image.environment());
    // Every other time the disk kept a part of what nobody asked it to keep.
    image.CutPower(round % 2 == 0 ? std::nullopt : std::optional(round));
    const uint64_t acknowledged = std::max(run.acknowledged, last_);
    ASSERT_THAT(Check(acknowledged), IsEmpty()) << "round " << round << ", batch " << acknowledged;
    image.Reset();  // what Check wrote while it recovered counts as durable
  }
  EXPECT_GE(last_, Rounds());
  EXPECT_EQ(most_segments_ > 0, HasSegments());
}

TEST_P(CrashIntegrationTest, KilledWhileTakingSnapshotsLosesNothingAcknowledged) {
  PowerLossImage image(root_, scratch_ / "image");
  uint64_t restored = 0;
  for (uint64_t round = 0; round < Rounds(); ++round) {
    const bool cuts_power = round % 2 == 0;
    const auto run = KillWriter("snapshot", microseconds(random_() % 150'000),
                                cuts_power ? image.environment() : std::vector<std::string>(), {"snapshots"});
    if (cuts_power) image.CutPower();
    const uint64_t acknowledged = std::max(run.acknowledged, last_);
    ASSERT_THAT(Check(acknowledged), IsEmpty()) << "round " << round << ", batch " << acknowledged;
    for (int which : {0, 1}) ASSERT_THAT(CheckSnapshotOf(last_, which, restored), IsEmpty()) << "round " << round;
    image.Reset();
  }
  EXPECT_GE(restored, Rounds());  // While one is replaced the other is whole.
}

TEST_P(CrashIntegrationTest, ShortWritesLoseNothing) {
  PowerLossImage image(root_, scratch_ / "image");
  std::vector<std::string> variables = image.environment();
  variables.push_back("POWERLOSS_SHORT_WRITES=1");
  for (uint64_t round = 0; round < Rounds() / 2; ++round) {
    const auto run = KillWriter("ack", microseconds(random_() % 150'000), variables);
    image.CutPower(round % 2 == 0 ? std::nullopt : std::optional(round));
    const uint64_t acknowledged = std::max(run.acknowledged, last_);
    ASSERT_THAT(Check(acknowledged), IsEmpty()) << "round " << round << ", batch " << acknowledged;
    image.Reset();
  }
}

TEST_P(CrashIntegrationTest, FailingSyncIsAnErrorAndLosesNothingAcknowledged) {
  PowerLossImage image(root_, scratch_ / "image");
  uint64_t told = 0;
  for (uint64_t round = 0; round < Rounds(); ++round) {
    std::vector<std::string> variables = image.environment();
    variables.push_back("POWERLOSS_FAIL_SYNC_AFTER=" + std::to_string(random_() % 120));
    ChildProcess writer({SIGHTLINE_CRASH_WRITER, folder_.string()}, variables);
    WriterRun run;
    while (const auto line = writer.ReadLine(kPatience)) Note(run, *line);
    EXPECT_EQ(writer.Wait(), 1);
    told += run.last_line.starts_with("error") ? 1 : 0;
    image.CutPower(round % 2 == 0 ? std::nullopt : std::optional(round));
    const uint64_t acknowledged = std::max(run.acknowledged, last_);
    ASSERT_THAT(Check(acknowledged), IsEmpty()) << "round " << round << ", batch " << acknowledged;
    image.Reset();
  }
  EXPECT_EQ(told, Rounds());
}

TEST_P(CrashIntegrationTest, PowerLossDuringRecoveryLosesNothingAcknowledged) {
  PowerLossImage image(root_, scratch_ / "image");
  const auto run = KillWriter("ack 30", microseconds(0), image.environment());
  image.CutPower();
  for (uint64_t round = 0; round < Rounds() / 2; ++round) {
    const auto recovering = KillWriter("ready", microseconds(random_() % 30'000), image.environment());
    last_ = std::max({last_, run.acknowledged, recovering.acknowledged});
    image.CutPower();
  }
  EXPECT_THAT(Check(last_, 1 + Rounds() / 2), IsEmpty());
}

TEST_P(CrashIntegrationTest, WithoutSyncPowerLossLosesAcknowledgedBatches) {
  // The proof that the tests above can fail: the same run without sync, found wanting by the same check.
  PowerLossImage image(root_, scratch_ / "image");
  const auto run = KillWriter("ack 5", microseconds(50'000), image.environment(), {"nosync"});
  image.CutPower();
  EXPECT_THAT(Check(run.acknowledged), ::testing::ElementsAre(::testing::HasSubstr("was acknowledged and is lost")));
}

class CreateCrashIntegrationTest : public CrashIntegrationTest {
 protected:
  void SetUp() override { std::filesystem::create_directories(root_); }

  /// After a crash while creating: there is a collection if the writer said so, and otherwise there is one or there can
  /// be one.
  void CheckCreated(const WriterRun& run) {
    auto opened = Collection::Open(folder_, CrashOptions());
    if (!opened) {
      EXPECT_FALSE(run.opened) << opened.error().message;
      EXPECT_THAT(opened, IsError(ErrorCode::kNotFound));
      opened = Collection::Create(folder_, CrashConfig(), CrashOptions());
    }
    ASSERT_THAT(opened, IsOk());
    EXPECT_THAT(Differences(**opened, *CommittedBatches(**opened)), IsEmpty());
  }
};

INSTANTIATE_TEST_SUITE_P(Indexes, CreateCrashIntegrationTest, ::testing::Values(storage::IndexOptions()),
                         [](const auto& tested) { return std::string(NameOf(tested.param.kind)); });

TEST_P(CreateCrashIntegrationTest, KilledCreationCanBeRepeated) {
  for (uint64_t round = 0; round < Rounds(); ++round) {
    CheckCreated(KillWriter("ready", microseconds(random_() % 200'000), {}, {"create"}));
    std::filesystem::remove_all(folder_);
  }
}

TEST_P(CreateCrashIntegrationTest, CreationCutByPowerLossCanBeRepeated) {
  PowerLossImage image(root_, scratch_ / "image");
  uint64_t finished = 0;
  for (uint64_t round = 0; round < Rounds(); ++round) {
    const auto run = KillWriter("ready", microseconds(random_() % 60'000), image.environment(), {"create"});
    finished += run.opened ? 1 : 0;
    image.CutPower();
    CheckCreated(run);
    std::filesystem::remove_all(folder_);
    image.Reset();
  }
  RecordProperty("finished", static_cast<int>(finished));
}

/// A restore that ends early leaves no collection, or a whole one, and can be repeated.
class RestoreCrashIntegrationTest : public CrashIntegrationTest {
 protected:
  void SetUp() override {
    CrashIntegrationTest::SetUp();
    const auto collection = Collection::Open(folder_, CrashOptions());
    ASSERT_THAT(collection, IsOk());
    for (CrashPlan plan; plan.batches() < kBatches;) {
      const auto batch = plan.Advance();
      const auto changes = ToWriteSet(plan, batch, **collection);
      ASSERT_THAT(changes, IsOk());
      ASSERT_THAT((*collection)->Commit(*changes), IsOk());
    }
    ASSERT_THAT((*collection)->SealNow(), IsOk());
    ASSERT_THAT((*collection)->Snapshot(snapshot_), IsOk());
  }

  /// Restores into root_/"restored", which is killed `delay` after it began.
  WriterRun KillRestore(microseconds delay, const std::vector<std::string>& variables) {
    ChildProcess restorer({SIGHTLINE_CRASH_WRITER, target_.string(), "restore", snapshot_.string()}, variables);
    WriterRun run;
    while (const auto line = restorer.ReadLine(kPatience)) {
      Note(run, *line);
      if (*line == "ready") break;
    }
    std::this_thread::sleep_for(delay);
    restorer.Kill();
    while (const auto line = restorer.ReadLine(milliseconds(1000))) Note(run, *line);
    EXPECT_FALSE(run.last_line.starts_with("error")) << run.last_line;
    return run;
  }
  void CheckRestored(const WriterRun& run) {
    auto opened = Collection::Open(target_, CrashOptions());
    if (!opened) {
      EXPECT_THAT(opened, IsError(ErrorCode::kNotFound));
      EXPECT_NE(run.last_line, "restored") << opened.error().message;
      ASSERT_THAT(storage::RestoreSnapshot(snapshot_, target_, {}), IsOk());
      opened = Collection::Open(target_, CrashOptions());
    }
    ASSERT_THAT(opened, IsOk());
    EXPECT_EQ(*CommittedBatches(**opened), kBatches);
    EXPECT_THAT(Differences(**opened, kBatches), IsEmpty());
    EXPECT_THAT((*opened)->Stats()->index.damage, IsEmpty());
    opened->reset();
    std::filesystem::remove_all(target_);
  }

  static constexpr uint64_t kBatches = 40;
  const std::filesystem::path snapshot_ = scratch_ / "snapshot";
  const std::filesystem::path target_ = root_ / "restored";
};

INSTANTIATE_TEST_SUITE_P(Indexes, RestoreCrashIntegrationTest,
                         ::testing::Values(storage::IndexOptions(), CrashIndex(storage::IndexKind::kFlat)),
                         [](const auto& tested) { return std::string(NameOf(tested.param.kind)); });

TEST_P(RestoreCrashIntegrationTest, KilledRestoreLeavesNoneOrAWholeOneAndCanBeRepeated) {
  for (uint64_t round = 0; round < Rounds(); ++round) {
    CheckRestored(KillRestore(microseconds(random_() % 60'000), {}));
    if (HasFatalFailure()) FAIL() << "round " << round;
  }
}

TEST_P(RestoreCrashIntegrationTest, RestoreCutByPowerLossLeavesNoneOrAWholeOneAndCanBeRepeated) {
  PowerLossImage image(root_, scratch_ / "image");
  for (uint64_t round = 0; round < Rounds(); ++round) {
    const auto run = KillRestore(microseconds(random_() % 60'000), image.environment());
    image.CutPower(round % 2 == 0 ? std::nullopt : std::optional(round));
    CheckRestored(run);
    if (HasFatalFailure()) FAIL() << "round " << round;
    image.Reset();
  }
}

}  // namespace
}  // namespace sightline::testing
