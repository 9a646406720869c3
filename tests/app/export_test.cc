// SPDX-License-Identifier: BSD-3-Clause
#include <filesystem>

#include "tests/app/app_fixture.h"
#include "tests/indexer/transfer/npy_bytes.h"

namespace sightline::app {
namespace {

namespace fs = std::filesystem;

using ::testing::HasSubstr;

class ExportIntegrationTest : public AppIntegration {};

TEST_F(ExportIntegrationTest, AnExportedCollectionIsFoundTheSameAfterItsImport) {
  const fs::path out = *shared_ / "export";
  const RunResult exported = Run({"export", "photos", "--out", out});
  ASSERT_EQ(exported.exit_code, 0) << exported.err;
  EXPECT_THAT(exported.out, HasSubstr("exported 8 items, 8 units and 8 vectors"));
  ExpectError(Run({"export", "photos", "--out", out}), 2, "is there already");

  const RunResult imported = Run({"import", "copy", out});
  ASSERT_EQ(imported.exit_code, 0) << imported.err;
  EXPECT_THAT(imported.out, HasSubstr("done: 8 added"));
  EXPECT_THAT(Run({"import", "copy", out}).out, HasSubstr("0 added, 8 unchanged"));
  EXPECT_EQ(Run({"verify", "copy"}).exit_code, 0);
  EXPECT_THAT(Run({"status", "copy"}).out, HasSubstr("items       8 pictures\n"));

  // Patches come from the files again, so even the reranked order is the same.
  const auto original = Json(Run({"search", "photos", "a cat", "--json"})).at("hits").as_array();
  const auto copied = Json(Run({"search", "copy", "a cat", "--json"})).at("hits").as_array();
  ASSERT_EQ(original.size(), copied.size());
  for (size_t i = 0; i < original.size(); ++i) {
    EXPECT_NEAR(original[i].at("coarse_score").to_number<double>(), copied[i].at("coarse_score").to_number<double>(),
                1e-6);
    EXPECT_EQ(original[i].at("metadata"), copied[i].at("metadata"));
  }
  EXPECT_EQ(original[0].at("path"), copied[0].at("path"));
}

TEST_F(ExportIntegrationTest, RawVectorsGoRound) {
  const fs::path file = *shared_ / "round.npy";
  testing::WriteTestFile(file, testing::NpyOf({{1, 0, 0}, {0, 3, 4}}));
  ASSERT_EQ(Run({"import", "raw", "--vectors", file}).exit_code, 0);
  ASSERT_EQ(Run({"export", "raw", "--out", *shared_ / "raw-export", "--json"}).exit_code, 0);
  ASSERT_EQ(Run({"import", "raw2", *shared_ / "raw-export"}).exit_code, 0);
  EXPECT_THAT(Run({"import", "raw2", "--vectors", file}).out, HasSubstr("0 added, 2 unchanged"))
      << "rows are known whichever way they came";
  ExpectError(Run({"import", "photos", *shared_ / "raw-export"}), 4, "raw vectors");
  EXPECT_FALSE(fs::exists(*shared_ / "raw-export.tmp"));
}

}  // namespace
}  // namespace sightline::app
