// SPDX-License-Identifier: BSD-3-Clause
// Webdataset shards, from the file to the collection.
#include <algorithm>
#include <memory>

#include "indexer/indexer.h"
#include "indexer/shard_pattern.h"
#include "tests/indexer/index_fixture.h"
#include "tests/indexer/test_videos.h"
#include "tests/support/memory_collection.h"
#include "tests/support/tar_bytes.h"

namespace sightline::indexer {
namespace {

namespace fs = std::filesystem;
using testing::BmpBytes;
using testing::ColourNumber;
using ::testing::ElementsAre;
using testing::ErrorAt;
using testing::ExpectExactAccounts;
using testing::ExpectSound;
using testing::HasPath;
using ::testing::HasSubstr;
using testing::IndexFixture;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;
using testing::ItemAt;
using testing::MemoryCollection;
using testing::NumberedName;
using ::testing::SizeIs;
using testing::TarBytes;
using testing::WriteTestFile;

using Values = std::vector<MetadataValue>;

std::string Bmp(uint32_t number) { return BmpBytes(6, 5, ColourNumber(number)); }

class ShardTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = MemoryCollection::Create(fixture_.config());
    ASSERT_THAT(made, IsOk());
    collection_ = *std::move(made);
  }

  fs::path shard(const std::string& name = "a.tar") const { return fixture_.photo(name); }
  std::string at(const std::string& member, const std::string& name = "a.tar") const {
    return shard(name).string() + "#" + member;
  }

  IndexReport Index(std::vector<fs::path> paths = {}) {
    if (paths.empty()) paths.push_back(shard());
    auto report = fixture_.Index(*collection_, std::move(paths));
    EXPECT_THAT(report, IsOk());
    ExpectSound(*collection_);
    if (!report) return {};
    ExpectExactAccounts(report->progress);
    return *std::move(report);
  }

  IndexReport IndexBytes(const std::string& bytes) {
    WriteTestFile(shard(), bytes);
    return Index();
  }

  Metadata MetadataAt(const std::string& path) const { return ItemAt(*collection_, path).metadata; }

  IndexFixture fixture_;
  std::unique_ptr<MemoryCollection> collection_;
};

TEST_F(ShardTest, SampleIsAPictureWithMetadataAndCaptions) {
  TarBytes tar;
  tar.Add("d/000.bmp", Bmp(1))
      .Add("d/000.json", R"({"caption": "red ball", "width": 6, "tags": ["a"], "exif": {"x": 1}})");
  tar.Add("d/000.txt", "a green one\n").Add("d/000.cls", "7\n").Add("d/001.bmp", Bmp(2)).Add("d/001.cls", "dog");
  const IndexReport report = IndexBytes(tar.Finish());
  EXPECT_EQ(report.progress.added, 4U);
  EXPECT_EQ(MetadataAt(at("d/000.bmp")),
            (Metadata{{"width", Values{int64_t{6}}}, {"tags", Values{"a"}}, {"cls", Values{int64_t{7}}}}));
  EXPECT_EQ(MetadataAt(at("d/001.bmp")), (Metadata{{"cls", Values{"dog"}}}));
  EXPECT_EQ(MetadataAt(at("d/000.txt")),
            (Metadata{{"text", Values{"a green one"}}, {"caption_of", Values{at("d/000.bmp")}}}));
  EXPECT_EQ(MetadataAt(at("d/000.json")),
            (Metadata{{"text", Values{"red ball"}}, {"caption_of", Values{at("d/000.bmp")}}}));
  const storage::ItemRecord item = ItemAt(*collection_, at("d/000.bmp"));
  EXPECT_EQ(item.width, 6);
  EXPECT_EQ(item.paths.at(0).size_bytes, Bmp(1).size());
}

TEST_F(ShardTest, CaptionThatTextAndJsonShareIsOne) {
  TarBytes tar;
  tar.Add("0.bmp", Bmp(1)).Add("0.json", R"({"caption": " a ball"})").Add("0.txt", "a ball");
  EXPECT_EQ(IndexBytes(tar.Finish()).progress.added, 2U);
  EXPECT_FALSE(HasPath(*collection_, at("0.json")));
}

TEST_F(ShardTest, CaptionsWithoutAPictureDescribeNothing) {
  EXPECT_EQ(
      IndexBytes(TarBytes().Add("0.txt", "a ball").Add("1.json", R"({"caption": ["x", "y"]})").Finish()).progress.added,
      3U);
  EXPECT_EQ(MetadataAt(at("0.txt")), (Metadata{{"text", Values{"a ball"}}}));
  EXPECT_EQ(MetadataAt(at("1.json.1")), (Metadata{{"text", Values{"y"}}}));
}

TEST_F(ShardTest, OtherMembersAreIgnored) {
  TarBytes tar;
  tar.Add("0.bmp", Bmp(1)).Add("0.npy", "numbers").Add("._0.bmp", "resource fork").Add("README", "text");
  tar.Add("0.seg.bmp", Bmp(2));
  EXPECT_EQ(IndexBytes(tar.Finish()).progress.files_found, 2U) << "two pictures of one sample";
}

TEST_F(ShardTest, SecondRunReadsAndEncodesNothing) {
  TarBytes tar;
  for (uint32_t i = 0; i < 10; ++i) {
    tar.Add(NumberedName("p", i), Bmp(i)).Add("p-000" + std::to_string(i) + ".txt", "caption " + std::to_string(i));
  }
  WriteTestFile(shard(), tar.Finish());
  IndexFixture::Settle();
  EXPECT_EQ(Index().progress.added, 20U);
  const auto epoch = collection_->Stats()->epoch;
  fixture_.options.max_file_bytes = 1;  // a member that is read fails
  const IndexReport again = Index();
  EXPECT_EQ(again.progress.unchanged, 20U);
  EXPECT_EQ(again.progress.encoded, 0U);
  EXPECT_EQ(collection_->Stats()->epoch.value, epoch.value + 2) << "the job's begin and end";
}

TEST_F(ShardTest, VideoIsClipsWithItsCaptionAndStaysUnchanged) {
  constexpr int64_t kSecond = 1'000'000;
  const std::string video = testing::AviBytes({{{20, 20, 60}, 5}, {{250, 230, 200}, 13}});
  TarBytes tar;
  tar.Add("d/000.avi", video).Add("d/000.txt", "it grows light\n").Add("d/000.json", R"({"stars": 5})");
  tar.Add("d/001.bmp", Bmp(1));
  WriteTestFile(shard(), tar.Finish());
  IndexFixture::Settle();
  const IndexReport report = Index();
  EXPECT_THAT(report.errors, IsEmpty());
  EXPECT_EQ(report.progress.added, 3U) << "the video, its caption, the picture";
  EXPECT_EQ(report.progress.clips, 3U);
  EXPECT_NEAR(report.progress.video_seconds, 18, 1e-6);

  const storage::ItemRecord item = ItemAt(*collection_, at("d/000.avi"));
  EXPECT_EQ(item.paths.at(0).size_bytes, video.size());
  EXPECT_EQ(item.metadata.at("stars"), Values{int64_t{5}});
  EXPECT_EQ(item.metadata.at("duration"), Values{18.0});
  const auto units = collection_->records().GetUnits(item.units);
  ASSERT_THAT(units, IsOk());
  std::vector<TimeRange> ranges;
  for (const auto& unit : *units) {
    EXPECT_EQ(unit->type, UnitType::kClip);
    EXPECT_THAT(unit->vectors, SizeIs(4)) << "the clip's and those of three frames";
    ranges.push_back(unit->range.value());
  }
  EXPECT_THAT(ranges, ElementsAre(TimeRange{0, 5 * kSecond}, TimeRange{5 * kSecond, 13 * kSecond},
                                  TimeRange{13 * kSecond, 18 * kSecond}));
  const storage::ItemRecord caption = ItemAt(*collection_, at("d/000.txt"));
  EXPECT_EQ(caption.metadata, (Metadata{{"text", Values{"it grows light"}}, {"caption_of", Values{at("d/000.avi")}}}));
  const auto words = collection_->records().GetUnits(caption.units);
  ASSERT_THAT(words, IsOk());
  ASSERT_THAT(*words, SizeIs(1));
  EXPECT_EQ(words->at(0)->type, UnitType::kText);

  const uint64_t encoded = fixture_.encoder.clips_encoded;
  fixture_.options.max_file_bytes = 1;  // a member that is read fails
  const IndexReport again = Index();
  EXPECT_EQ(again.progress.unchanged, 3U);
  EXPECT_EQ(again.progress.encoded, 0U);
  EXPECT_EQ(fixture_.encoder.clips_encoded, encoded);
  EXPECT_EQ(ItemAt(*collection_, at("d/000.avi")).units, item.units);
}

TEST_F(ShardTest, ReplacedShardHasOnlyItsChangedMembersEncoded) {
  TarBytes before;
  before.Add("0.bmp", Bmp(1)).Add("0.txt", "one").Add("1.bmp", Bmp(2)).Add("1.txt", "two").Add("2.bmp", Bmp(3));
  IndexBytes(before.Finish());
  const ItemId kept = ItemAt(*collection_, at("0.bmp")).id;
  TarBytes after;
  after.Add("new.bmp", Bmp(9)).Add("0.bmp", Bmp(1)).Add("0.txt", "one").Add("1.bmp", Bmp(7)).Add("1.txt", "changed");
  after.Add("2.bmp", Bmp(3)).Add("2.json", R"({"stars": 5})");
  const IndexReport report = IndexBytes(after.Finish());
  EXPECT_EQ(report.progress.added, 3U);
  EXPECT_EQ(report.progress.updated, 2U);
  EXPECT_EQ(report.progress.unchanged, 3U);
  EXPECT_EQ(report.progress.encoded, 3U);
  EXPECT_EQ(ItemAt(*collection_, at("0.bmp")).id, kept);
  EXPECT_EQ(MetadataAt(at("2.bmp")), (Metadata{{"stars", Values{int64_t{5}}}}));
}

TEST_F(ShardTest, RenamedShardIsNotEncodedAgain) {
  IndexBytes(TarBytes().Add("0.bmp", Bmp(1)).Add("0.txt", "one").Finish());
  const ItemId id = ItemAt(*collection_, at("0.bmp")).id;
  fs::rename(shard(), shard("b.tar"));
  const IndexReport report = Index({shard("b.tar")});
  EXPECT_EQ(report.progress.moved, 1U);
  EXPECT_EQ(report.progress.updated, 0U);
  EXPECT_EQ(ItemAt(*collection_, at("0.bmp", "b.tar")).id, id);
  // A caption says what it describes, and that has another path now: it is another caption.
  EXPECT_EQ(report.progress.added, 1U);
  EXPECT_EQ(MetadataAt(at("0.txt", "b.tar")).at("caption_of"), Values{at("0.bmp", "b.tar")});
}

TEST_F(ShardTest, SamePictureInTwoShardsAndAFileIsOneItem) {
  IndexBytes(TarBytes().Add("0.bmp", Bmp(1)).Finish());
  WriteTestFile(shard("b.tar"), TarBytes().Add("x.bmp", Bmp(1)).Finish());
  WriteTestFile(shard("c.bmp"), Bmp(1));
  const IndexReport report = Index({shard(), shard("b.tar"), shard("c.bmp")});
  EXPECT_EQ(report.progress.duplicate, 2U);
  EXPECT_EQ(report.progress.encoded, 0U);
  EXPECT_THAT(ItemAt(*collection_, shard("c.bmp")).paths, SizeIs(3));
}

TEST_F(ShardTest, ShardsAreTakenByNameAndPatternButNotFromFolders) {
  for (uint32_t i = 0; i < 3; ++i) {
    WriteTestFile(shard("s-00" + std::to_string(i) + ".tar"), TarBytes().Add("0.bmp", Bmp(i)).Finish());
  }
  EXPECT_EQ(Index({fixture_.photos()}).progress.files_found, 0U);
  EXPECT_EQ(Index({shard("s-{000..002}.tar"), shard("s-001.tar")}).progress.added, 3U);
  EXPECT_THAT(fixture_.Index(*collection_, {shard("s-{000..003}.tar")}),
              IsErrorWith(ErrorCode::kNotFound, "s-003.tar: no such file"));
  WriteTestFile(shard("{0..1}.tar"), TarBytes().Add("0.bmp", Bmp(50)).Finish());
  EXPECT_EQ(Index({shard("{0..1}.tar")}).progress.added, 1U) << "a file of that very name";
}

TEST(ShardPatternTest, RangesExpandWithTheirZeros) {
  EXPECT_THAT(ExpandShardPattern("a-{8..11}.tar"), IsOk());
  EXPECT_THAT(*ExpandShardPattern("a-{8..11}.tar"), ElementsAre("a-8.tar", "a-9.tar", "a-10.tar", "a-11.tar"));
  EXPECT_THAT(*ExpandShardPattern("{008..10}"), ElementsAre("008", "009", "010"));
  EXPECT_THAT(*ExpandShardPattern("{2..0}"), ElementsAre("2", "1", "0"));
  EXPECT_THAT(*ExpandShardPattern("{0..1}/{a..b}{}x{1..2}"),
              ElementsAre("0/{a..b}{}x1", "0/{a..b}{}x2", "1/{a..b}{}x1", "1/{a..b}{}x2"));
  for (const char* text : {"", "a", "{", "{1..", "{1..}", "{..1}", "{1,2}", "{-1..2}", "}{"}) {
    EXPECT_THAT(*ExpandShardPattern(text), ElementsAre(text));
  }
}

TEST(ShardPatternTest, TooManyNamesAreRefused) {
  EXPECT_THAT(ExpandShardPattern("{0..1000000}"), IsErrorWith(ErrorCode::kInvalidArgument, "more than 1000000"));
  EXPECT_THAT(ExpandShardPattern("{0..9999}{0..9999}"), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(ExpandShardPattern("{0..18446744073709551615}"), IsError(ErrorCode::kInvalidArgument));
}

// ---- Bad input

TEST_F(ShardTest, BrokenMembersFailAloneUnderTheirNames) {
  TarBytes tar;
  tar.Add("0.bmp", Bmp(1)).Add("0.json", "no JSON").Add("0.txt", " \n").Add("1.bmp", "no picture");
  tar.Add("1.txt", "caf\xE9").Add("2.bmp", Bmp(2)).Add("2.json", R"({"sightline.x": 1})").Add("3.bmp", "");
  tar.Add("4.bmp", Bmp(4)).Add("4.json", R"({"taken_at": "soon"})");
  const IndexReport report = IndexBytes(tar.Finish());
  EXPECT_EQ(report.progress.added, 3U);
  EXPECT_THAT(report.errors,
              ::testing::UnorderedElementsAre(ErrorAt(at("0.json"), "not JSON"),
                                              ErrorAt(at("0.txt"), "the caption is empty"), ErrorAt(at("1.bmp"), ""),
                                              ErrorAt(at("1.txt"), "not UTF-8"), ErrorAt(at("2.json"), "sightline.x"),
                                              ErrorAt(at("3.bmp"), "empty"), ErrorAt(at("4.json"), "\"taken_at\"")));
}

TEST_F(ShardTest, RepeatedNamesFailAndTheFirstCounts) {
  TarBytes tar;
  tar.Add("0.bmp", Bmp(1)).Add("0.txt", "one").Add("0.txt", "two").Add("1.bmp", Bmp(2)).Add("0.bmp", Bmp(3));
  tar.Add("0.png", Bmp(4));
  const IndexReport report = IndexBytes(tar.Finish());
  EXPECT_EQ(report.progress.added, 4U);
  EXPECT_THAT(report.errors,
              ElementsAre(ErrorAt(at("0.txt"), "this name twice"), ErrorAt(at("0.bmp"), "this name twice")));
  EXPECT_EQ(MetadataAt(at("0.txt")).at("text"), Values{"one"});
  EXPECT_EQ(Index().progress.unchanged, 4U);
}

TEST_F(ShardTest, PathTricksAreOnlyNames) {
  WriteTestFile(fixture_.photo("../secret.bmp"), Bmp(99));
  TarBytes tar;
  tar.Add("../secret.bmp", Bmp(1)).Add("../secret.txt", "words").Add("/etc/passwd.bmp", Bmp(2));
  EXPECT_EQ(IndexBytes(tar.Finish()).progress.added, 3U);
  EXPECT_EQ(ItemAt(*collection_, at("../secret.bmp")).paths.at(0).size_bytes, Bmp(1).size());
  EXPECT_EQ(MetadataAt(at("../secret.txt")).at("caption_of"), Values{at("../secret.bmp")});
  EXPECT_FALSE(HasPath(*collection_, fixture_.photo("../secret.bmp").lexically_normal()));
}

TEST_F(ShardTest, MemberThatClaimsGigabytesFailsAtOnce) {
  const std::string bytes =
      TarBytes().Add("0.bmp", Bmp(1)).Add("0.txt", "one").bytes() + TarBytes::Header("1.bmp", 8'000'000'000) + Bmp(2);
  const IndexReport report = IndexBytes(bytes);
  EXPECT_EQ(report.progress.added, 2U);
  EXPECT_THAT(report.errors, ElementsAre(ErrorAt(at("1.bmp"), "cut off: the header says 8000000000 bytes")));
}

TEST_F(ShardTest, CutShardGivesItsWholeMembersAndOneError) {
  const std::string bytes = TarBytes().Add("0.bmp", Bmp(1)).Add("0.txt", "one").Add("1.bmp", Bmp(2)).Finish();
  EXPECT_EQ(IndexBytes(bytes.substr(0, 2048 + 512 + 20)).progress.added, 2U);
  const IndexReport report = IndexBytes(bytes.substr(0, 2048 + 100));
  EXPECT_EQ(report.progress.unchanged, 2U);
  EXPECT_THAT(report.errors, ElementsAre(ErrorAt(shard(), "")));
}

TEST_F(ShardTest, CompressedEmptyAndOtherFilesFailAsAWhole) {
  EXPECT_THAT(IndexBytes("\x1F\x8B\x08 gzip").errors, ElementsAre(ErrorAt(shard(), "compressed with gzip")));
  EXPECT_THAT(IndexBytes("").errors, ElementsAre(ErrorAt(shard(), "empty")));
  EXPECT_THAT(IndexBytes(std::string(3000, 'x')).errors, ElementsAre(ErrorAt(shard(), "")));
}

TEST_F(ShardTest, ManifestDoesNotNameShards) {
  WriteTestFile(shard(), TarBytes().Add("0.bmp", Bmp(1)).Finish());
  WriteTestFile(shard("m.jsonl"), R"({"path": "a.tar", "metadata": {"x": 1}})");
  const auto report = Indexer(*collection_, fixture_.encoder, fixture_.options)
                          .Run({.paths = {}, .manifests = {shard("m.jsonl")}}, nullptr, {});
  ASSERT_THAT(report, IsOk());
  EXPECT_THAT(report->errors, ElementsAre(ErrorAt(shard("m.jsonl"), "line 1: a.tar is a tar shard")));
}

}  // namespace
}  // namespace sightline::indexer
