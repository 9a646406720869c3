// SPDX-License-Identifier: BSD-3-Clause
#include "storage/collection_settings.h"

#include <map>

#include "tests/storage/golden_records.h"
#include "tests/support/test_support.h"

namespace sightline::storage {
namespace {

using testing::IsError;

const CollectionSettings kGolden = {
    .rerank_depth = 96, .stop_margin = -2.5, .calibration = R"({"a": 1})", .tuned = R"({"target": 0.95})"};

TEST(CollectionSettingsTest, BytesAreTheGoldenOnes) {
  auto golden = testing::GoldenRecords();
  EXPECT_EQ(EncodeSettings(kGolden), golden.at("settings"));
  EXPECT_EQ(EncodeSettings({}), golden.at("settings_none"));
  EXPECT_EQ(*DecodeSettings(golden.at("settings")), kGolden);
  EXPECT_EQ(*DecodeSettings(golden.at("settings_none")), CollectionSettings());
}

TEST(CollectionSettingsTest, EveryDamagedByteAndEveryCutIsCorruption) {
  for (const std::string& bytes : {EncodeSettings(kGolden), EncodeSettings({})}) {
    for (size_t i = 0; i < bytes.size(); ++i) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
      EXPECT_THAT(DecodeSettings(damaged), IsError(ErrorCode::kCorruption)) << i;
      EXPECT_THAT(DecodeSettings(bytes.substr(0, i)), IsError(ErrorCode::kCorruption)) << i;
    }
  }
}

TEST(CollectionSettingsTest, ValuesThatCannotBeSetAreCorruption) {
  CollectionSettings deep = kGolden;
  deep.rerank_depth = 1025;
  EXPECT_THAT(DecodeSettings(EncodeSettings(deep)), IsError(ErrorCode::kCorruption));
  CollectionSettings broken = kGolden;
  broken.tuned.push_back('\xff');
  EXPECT_THAT(DecodeSettings(EncodeSettings(broken)), IsError(ErrorCode::kCorruption));
}

}  // namespace
}  // namespace sightline::storage
