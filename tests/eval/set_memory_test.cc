// SPDX-License-Identifier: BSD-3-Clause
#include <fstream>
#include <string>
#include <utility>

#include "base/file_io.h"
#include "eval/karpathy_set.h"
#include "tests/support/test_support.h"

namespace sightline::eval {
namespace {

using testing::IsOk;

constexpr size_t kFileMb = 64;

// scripts/eval_memory.py does the same with 2 GB and the real program.
std::filesystem::path WriteLargeSet(const testing::TempDir& folder) {
  const std::filesystem::path path = folder / "set.json";
  std::ofstream out(path);
  const std::string pixels(1'000'000, 'A');
  out << R"({"images": [)";
  for (size_t i = 0; i < kFileMb; ++i) {
    out << (i == 0 ? "" : ",") << R"({"pixels": ")" << pixels << R"(", "filename": ")" << i
        << R"(.jpg", "split": "test", "sentences": [{"raw": "a dog", "tokens": [1, 2]}]})";
  }
  out << "]}";
  return path;
}

// The most memory that the process had since the last call, less what it had then, in MB; negative where the system
// cannot say.
class PeakMemory {
 public:
  PeakMemory() {
    std::ofstream clear("/proc/self/clear_refs");
    clear << "5" << std::flush;  // Forgets the peak.
    can_say_ = static_cast<bool>(clear) && Field("VmHWM:") > 0;
    before_ = Field("VmRSS:");
  }
  long GrowthMb() const { return can_say_ ? (Field("VmHWM:") - before_) / 1000 : -1; }

 private:
  static long Field(std::string_view name) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with(name)) return std::stol(line.substr(name.size()));
    }
    return 0;
  }
  bool can_say_ = false;
  long before_ = 0;
};

TEST(SetMemoryTest, AFileIsNeverInMemoryAsAWhole) {
  const testing::TempDir folder;
  const std::filesystem::path path = WriteLargeSet(folder);
  const PeakMemory streamed;
  const auto set = ReadKarpathyJson(path, "test");
  const long streamed_mb = streamed.GrowthMb();
  if (streamed_mb < 0) GTEST_SKIP() << "this system does not tell a process's peak memory";
  ASSERT_THAT(set, IsOk());
  EXPECT_EQ(set->captions.size(), kFileMb);
  const PeakMemory whole;
  ASSERT_THAT(ReadFile(path, 1'000'000'000), IsOk());
  EXPECT_GT(whole.GrowthMb(), 50);  // So that the measure sees what it has to.
  EXPECT_LT(streamed_mb, 10);
}

}  // namespace
}  // namespace sightline::eval
