// SPDX-License-Identifier: BSD-3-Clause
// Captions and manifests, from the file to the collection.
#include <memory>

#include "indexer/caption_source.h"
#include "indexer/indexer.h"
#include "tests/indexer/index_fixture.h"
#include "tests/support/memory_collection.h"

namespace sightline::indexer {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using testing::ErrorAt;
using testing::ExpectExactAccounts;
using testing::ExpectSound;
using testing::HasPath;
using ::testing::HasSubstr;
using testing::IndexFixture;
using ::testing::IsEmpty;
using testing::IsErrorWith;
using testing::IsOk;
using testing::ItemAt;
using ::testing::Key;
using testing::MemoryCollection;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using testing::WriteBmp;
using testing::WriteTestFile;

using Values = std::vector<MetadataValue>;

class TextInputTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = MemoryCollection::Create(fixture_.config());
    ASSERT_THAT(made, IsOk());
    collection_ = *std::move(made);
  }

  fs::path photo(const std::string& name) const { return fixture_.photo(name); }
  std::string captions() const { return photo("captions.jsonl").string(); }
  std::string manifest() const { return photo("manifest.jsonl").string(); }

  IndexReport Run(const IndexInputs& inputs) {
    auto report = Indexer(*collection_, fixture_.encoder, fixture_.options).Run(inputs, nullptr, {});
    EXPECT_THAT(report, IsOk());
    ExpectSound(*collection_);
    if (!report) return {};
    if (!fixture_.options.dry_run) ExpectExactAccounts(report->progress);
    return *std::move(report);
  }

  IndexReport IndexCaptions(const std::string& content) {
    WriteTestFile(captions(), content);
    return Run({.paths = {}, .captions = {captions()}});
  }

  IndexReport IndexManifest(const std::string& content) {
    WriteTestFile(manifest(), content);
    return Run({.paths = {}, .manifests = {manifest()}});
  }

  Metadata MetadataAt(const std::string& path) const { return ItemAt(*collection_, path).metadata; }

  IndexFixture fixture_;
  std::unique_ptr<MemoryCollection> collection_;
};

// ---- Captions

TEST_F(TextInputTest, CaptionIsATextUnitThatKnowsWhatItDescribes) {
  WriteBmp(photo("a.bmp"), {1, 2, 3});
  const IndexReport report =
      IndexCaptions(R"({"id": "c1", "text": "a red ball", "item": "a.bmp", "metadata": {"lang": "en", "stars": 4}})"
                    "\n");
  EXPECT_EQ(report.progress.added, 1U);
  EXPECT_EQ(report.progress.encoded, 1U);
  const storage::ItemRecord item = ItemAt(*collection_, captions() + "#c1");
  EXPECT_EQ(item.metadata, (Metadata{{"text", Values{"a red ball"}},
                                     {"caption_of", Values{photo("a.bmp").string()}},
                                     {"lang", Values{"en"}},
                                     {"stars", Values{int64_t{4}}}}));
  ASSERT_THAT(item.units, SizeIs(1));
  const auto units = collection_->records().GetUnits(item.units);
  EXPECT_EQ(units->at(0)->type, UnitType::kText);
  EXPECT_EQ(collection_->records().GetTokens(item.units)->at(0)->tokens, 4U);
}

TEST_F(TextInputTest, ReferencesArrayFormIsReadToo) {
  WriteTestFile(photo("set.json"), R"([
    {"image": "val/1.jpg", "caption": ["a dog", "a brown dog"], "image_id": "1"},
    {"video": "clips/2.mp4", "caption": "a cat"},
    {"file": "val/3.jpg", "captions": ["a horse"], "tags": ["animal"]}])");
  EXPECT_EQ(Run({.paths = {}, .captions = {photo("set.json")}}).progress.added, 4U);
  const std::string file = photo("set.json").string();
  EXPECT_EQ(MetadataAt(file + "#0.1").at("text"), Values{"a brown dog"});
  EXPECT_EQ(MetadataAt(file + "#0.1").at("caption_of"), Values{photo("val/1.jpg").string()});
  EXPECT_EQ(MetadataAt(file + "#1").at("caption_of"), Values{photo("clips/2.mp4").string()});
  EXPECT_EQ(MetadataAt(file + "#2.0").at("caption_of"), Values{photo("val/3.jpg").string()});
}

TEST_F(TextInputTest, DescribedItemIsSpelledAsTheItemIs) {
  WriteBmp(photo("real/a.bmp"), {1, 2, 3});
  fs::create_directory_symlink("real", photo("link"));
  IndexCaptions(R"({"id": 1, "text": "one", "item": "link/../real/a.bmp"})"
                "\n"
                R"({"id": 2, "text": "two", "item": "link/a.bmp"})"
                "\n"
                R"({"id": 3, "text": "three", "item": "file://)" +
                photo("link/a.bmp").string() + R"("})");
  for (const char* id : {"#1", "#2", "#3"}) {
    EXPECT_EQ(MetadataAt(captions() + id).at("caption_of"), Values{photo("real/a.bmp").string()}) << id;
  }
}

TEST_F(TextInputTest, SecondRunOfCaptionsIsANoOp) {
  const std::string content =
      "{\"id\": \"a\", \"text\": \"red\"}\n{\"id\": \"b\", \"text\": \"green\"}\n{\"id\": \"c\", \"text\": \"red\"}\n";
  const IndexReport first = IndexCaptions(content);
  EXPECT_EQ(first.progress.added, 2U);
  EXPECT_EQ(first.progress.duplicate, 1U) << "the same words about nothing: one item, two ids";
  const auto epoch = collection_->Stats()->epoch;
  const IndexReport again = IndexCaptions(content);
  EXPECT_EQ(again.progress.unchanged, 3U);
  EXPECT_EQ(again.progress.encoded, 0U);
  EXPECT_EQ(collection_->Stats()->epoch.value, epoch.value + 2) << "the job's begin and end";
}

TEST_F(TextInputTest, ChangedCaptionIsEncodedAgainAndKeepsItsItem) {
  IndexCaptions("{\"id\": \"a\", \"text\": \"red\"}\n{\"id\": \"b\", \"text\": \"green\"}\n");
  const ItemId id = ItemAt(*collection_, captions() + "#a").id;
  const IndexReport report =
      IndexCaptions("{\"id\": \"a\", \"text\": \"blue\"}\n{\"id\": \"b\", \"text\": \"green\"}\n");
  EXPECT_EQ(report.progress.updated, 1U);
  EXPECT_EQ(report.progress.unchanged, 1U);
  EXPECT_EQ(report.progress.encoded, 1U);
  EXPECT_EQ(ItemAt(*collection_, captions() + "#a").id, id);
  EXPECT_EQ(MetadataAt(captions() + "#a").at("text"), Values{"blue"});
}

TEST_F(TextInputTest, RenamedCaptionsFileIsNotEncodedAgain) {
  IndexCaptions("{\"id\": \"a\", \"text\": \"red\"}\n{\"id\": \"b\", \"text\": \"green\"}\n");
  const ItemId id = ItemAt(*collection_, captions() + "#a").id;
  fs::rename(captions(), photo("renamed.jsonl"));
  const IndexReport report = Run({.paths = {}, .captions = {photo("renamed.jsonl")}});
  EXPECT_EQ(report.progress.moved, 2U);
  EXPECT_EQ(report.progress.encoded, 0U);
  EXPECT_EQ(ItemAt(*collection_, photo("renamed.jsonl").string() + "#a").id, id);
}

TEST_F(TextInputTest, BrokenCaptionsAreNamedAndTheRestGoesOn) {
  const IndexReport report = IndexCaptions(
      "{\"id\": \"good\", \"text\": \"red\"}\n"
      "this is no JSON\n"
      "{\"id\": \"empty\", \"text\": \" \\n\"}\n"
      "{\"id\": \"latin\", \"text\": \"caf\xE9\"}\n"
      "{\"id\": \"good\", \"text\": \"green\"}\n"
      "{\"id\": \"none\"}\n"
      "[1, 2]\n"
      "{\"id\": \"web\", \"text\": \"x\", \"item\": \"https://example.org/a.jpg\"}\n"
      "{\"id\": \"own\", \"text\": \"x\", \"metadata\": {\"sightline.clips_planned\": 1}}\n"
      "{\"id\": \"twice\", \"text\": \"x\", \"metadata\": {\"caption_of\": \"y\"}}\n"
      "{\"id\": {}, \"text\": \"x\"}\n"
      "{\"id\": \"last\", \"text\": \"blue\"}\n");
  EXPECT_EQ(report.progress.added, 2U);
  EXPECT_THAT(
      report.errors,
      ElementsAre(ErrorAt(captions(), "line 2: not JSON"), ErrorAt(captions(), "line 3: the caption empty is empty"),
                  ErrorAt(captions(), "line 4: not UTF-8"), ErrorAt(captions(), "line 5: the id good came before"),
                  ErrorAt(captions(), "line 6: no \"text\""), ErrorAt(captions(), "line 7: not a JSON object"),
                  ErrorAt(captions(), "line 8: https://example.org/a.jpg: only file://"),
                  ErrorAt(captions(), "line 9: \"sightline.clips_planned\""),
                  ErrorAt(captions(), "line 10: \"caption_of\""), ErrorAt(captions(), "line 11: \"id\"")));
}

TEST_F(TextInputTest, BrokenEntriesOfAnArrayAreNamedByIndex) {
  WriteTestFile(photo("set.json"), R"([{"text": "red"}, {"text": 7}, {"caption": ["green", ""]}, {"caption": []}, {)");
  const IndexReport report = Run({.paths = {}, .captions = {photo("set.json")}});
  const std::string file = photo("set.json").string();
  EXPECT_EQ(report.progress.added, 2U);
  EXPECT_THAT(
      report.errors,
      ElementsAre(ErrorAt(file, "entry 1: the caption must be"), ErrorAt(file, "entry 2: the caption 2.1 is empty"),
                  ErrorAt(file, "entry 3: the list of captions is empty"), ErrorAt(file, "entry 4: not JSON"),
                  ErrorAt(file, "entry 5: the array does not end")));
}

TEST_F(TextInputTest, CaptionThatTheModelRefusesFailsUnderItsId) {
  const IndexReport report = IndexCaptions("{\"id\": \"a\", \"text\": \"!!!\"}\n{\"id\": \"b\", \"text\": \"red\"}\n");
  EXPECT_EQ(report.progress.added, 1U);
  EXPECT_THAT(report.errors, ElementsAre(ErrorAt(captions() + "#a", "no words")));
}

TEST_F(TextInputTest, OverlongCaptionIsIndexedAndMarked) {
  std::string words;
  for (int i = 0; i < 1000; ++i) words += "word" + std::to_string(i) + " ";
  EXPECT_EQ(IndexCaptions("{\"id\": \"a\", \"text\": \"" + words + "\"}\n").progress.added, 1U);
  EXPECT_EQ(MetadataAt(captions() + "#a").at("sightline.truncated"), Values{true});
  EXPECT_EQ(IndexCaptions("{\"id\": \"a\", \"text\": \"" + words + "\"}\n").progress.unchanged, 1U);
}

TEST_F(TextInputTest, MissingCaptionsFileEndsTheRunBeforeItBegins) {
  EXPECT_THAT(Indexer(*collection_, fixture_.encoder, fixture_.options)
                  .Run({.paths = {}, .captions = {photo("nope.jsonl")}}, nullptr, {}),
              IsErrorWith(ErrorCode::kNotFound, "nope.jsonl"));
  EXPECT_THAT(Run({.paths = {}, .captions = {fixture_.photos()}}).errors,
              ElementsAre(ErrorAt(fixture_.photos(), "not a regular file")));
}

// ---- Manifests

TEST_F(TextInputTest, ManifestGivesFilesTypedMetadataAndCaptions) {
  WriteBmp(photo("sub/a.bmp"), {1, 2, 3});
  WriteBmp(photo("with space.bmp"), {200, 2, 3});
  const std::string uri = "file://" + photo("with%20space.bmp").string();
  const IndexReport report = IndexManifest(
      R"({"path": "sub/a.bmp", "metadata": {"album": "Rome", "stars": 5, "ratio": 0.5, "ok": true, "gone": null,)"
      R"( "tags": ["x", 7], "taken_at": "2024-05-01T18:30:00Z", "seen": {"time": "2024-05-01"}},)"
      R"( "captions": ["red", "a green one"]})"
      "\n{\"uri\": \"" +
      uri + "\"}\n");
  EXPECT_EQ(report.progress.added, 4U);
  EXPECT_EQ(MetadataAt(photo("sub/a.bmp").string()), (Metadata{{"album", Values{"Rome"}},
                                                               {"stars", Values{int64_t{5}}},
                                                               {"ratio", Values{0.5}},
                                                               {"ok", Values{true}},
                                                               {"tags", Values{"x", int64_t{7}}},
                                                               {"taken_at", Values{Timestamp{1'714'588'200}}},
                                                               {"seen", Values{Timestamp{1'714'521'600}}}}));
  EXPECT_THAT(MetadataAt(photo("with space.bmp").string()), IsEmpty());
  EXPECT_EQ(MetadataAt(manifest() + "#sub/a.bmp.1"),
            (Metadata{{"text", Values{"a green one"}}, {"caption_of", Values{photo("sub/a.bmp").string()}}}));
}

TEST_F(TextInputTest, ChangedMetadataIsCommittedWithoutEncoding) {
  WriteBmp(photo("a.bmp"), {1, 2, 3});
  IndexFixture::Settle();
  IndexManifest("{\"path\": \"a.bmp\", \"metadata\": {\"stars\": 1, \"old\": true}}\n");
  fixture_.options.max_file_bytes = 1;  // a file that is read fails
  const IndexReport report = IndexManifest("{\"path\": \"a.bmp\", \"metadata\": {\"stars\": 2, \"new\": 1.5}}\n");
  EXPECT_EQ(report.progress.unchanged, 1U);
  EXPECT_EQ(report.progress.encoded, 0U);
  EXPECT_EQ(MetadataAt(photo("a.bmp").string()), (Metadata{{"stars", Values{int64_t{2}}}, {"new", Values{1.5}}}));

  const auto epoch = collection_->Stats()->epoch;
  EXPECT_EQ(IndexManifest("{\"path\": \"a.bmp\", \"metadata\": {\"stars\": 2, \"new\": 1.5}}\n").progress.unchanged,
            1U);
  EXPECT_EQ(collection_->Stats()->epoch.value, epoch.value + 2) << "the job's begin and end";
}

TEST_F(TextInputTest, MetadataStaysWhenNobodySpeaksOfIt) {
  WriteBmp(photo("a.bmp"), {1, 2, 3});
  IndexManifest("{\"path\": \"a.bmp\", \"metadata\": {\"stars\": 1}}\n");
  const Metadata said = {{"stars", Values{int64_t{1}}}};
  IndexManifest("{\"path\": \"a.bmp\"}\n");
  EXPECT_EQ(MetadataAt(photo("a.bmp").string()), said);
  Run({.paths = {fixture_.photos()}});
  EXPECT_EQ(MetadataAt(photo("a.bmp").string()), said);
  WriteBmp(photo("a.bmp"), {200, 2, 3});
  EXPECT_EQ(Run({.paths = {fixture_.photos()}}).progress.updated, 1U);
  EXPECT_EQ(MetadataAt(photo("a.bmp").string()), said) << "new content under a path that was described";
  IndexManifest("{\"path\": \"a.bmp\", \"metadata\": {}}\n");
  EXPECT_THAT(MetadataAt(photo("a.bmp").string()), IsEmpty());
}

TEST_F(TextInputTest, FileOfAManifestAndOfAFolderIsCountedOnce) {
  WriteBmp(photo("a.bmp"), {1, 2, 3});
  WriteBmp(photo("b.bmp"), {200, 2, 3});
  WriteTestFile(manifest(), "{\"path\": \"a.bmp\", \"metadata\": {\"stars\": 1}}\n");
  const IndexReport report = Run({.paths = {fixture_.photos()}, .manifests = {manifest()}});
  EXPECT_EQ(report.progress.files_found, 2U);
  EXPECT_EQ(report.progress.added, 2U);
  EXPECT_THAT(MetadataAt(photo("a.bmp").string()), ElementsAre(Key("stars")));
}

TEST_F(TextInputTest, DuplicatesDoNotTakeTurnsWithTheirMetadata) {
  WriteBmp(photo("a.bmp"), {1, 2, 3});
  WriteBmp(photo("b.bmp"), {1, 2, 3});
  IndexFixture::Settle();
  const std::string content =
      "{\"path\": \"a.bmp\", \"metadata\": {\"of\": \"a\"}}\n{\"path\": \"b.bmp\", \"metadata\": {\"of\": \"b\"}}\n";
  EXPECT_EQ(IndexManifest(content).progress.duplicate, 1U);
  EXPECT_EQ(MetadataAt(photo("b.bmp").string()), (Metadata{{"of", Values{"a"}}}));
  const auto epoch = collection_->Stats()->epoch;
  EXPECT_EQ(IndexManifest(content).progress.unchanged, 2U);
  EXPECT_EQ(collection_->Stats()->epoch.value, epoch.value + 2) << "the job's begin and end";
}

// A sample photo with an EXIF block in which a camera of this name, three letters, took it.
std::string PhotoBy(const std::string& camera) {
  using namespace std::string_literals;
  const std::string tiff = "II*\0\x08\0\0\0\x01\0"s + "\x0F\x01\x02\0\x04\0\0\0"s + camera + "\0\0\0\0\0"s;
  const std::string segment = "\xFF\xE1"s + '\0' + static_cast<char>(2 + 6 + tiff.size()) + "Exif\0\0"s + tiff;
  return testing::ReadTestFile(testing::SourceTree("samples/photos/photo-001.jpg")).insert(2, segment);
}

TEST_F(TextInputTest, ManifestWinsOverWhatTheFileSays) {
  WriteTestFile(photo("a.jpg"), PhotoBy("abc"));
  WriteTestFile(photo("b.jpg"), PhotoBy("xyz"));
  IndexManifest(
      "{\"path\": \"a.jpg\", \"metadata\": {\"stars\": 1}}\n"
      "{\"path\": \"b.jpg\", \"metadata\": {\"camera\": \"mine\"}}\n");
  EXPECT_EQ(MetadataAt(photo("a.jpg")), (Metadata{{"camera", Values{"abc"}}, {"stars", Values{int64_t{1}}}}));
  EXPECT_EQ(MetadataAt(photo("b.jpg")), (Metadata{{"camera", Values{"mine"}}}));
  // What the file says stays when the manifest changes, what it no longer says goes, and new content is read anew.
  IndexManifest("{\"path\": \"a.jpg\", \"metadata\": {\"new\": true}}\n");
  EXPECT_EQ(MetadataAt(photo("a.jpg")), (Metadata{{"camera", Values{"abc"}}, {"new", Values{true}}}));
  WriteTestFile(photo("a.jpg"), PhotoBy("def"));
  EXPECT_EQ(Run({.paths = {photo("a.jpg")}}).progress.updated, 1U);
  EXPECT_EQ(MetadataAt(photo("a.jpg")), (Metadata{{"camera", Values{"def"}}, {"new", Values{true}}}));
}

TEST_F(TextInputTest, MetadataTravelsWithAMovedFile) {
  WriteBmp(photo("a.bmp"), {1, 2, 3});
  IndexManifest("{\"path\": \"a.bmp\", \"metadata\": {\"of\": \"a\"}}\n");
  fs::rename(photo("a.bmp"), photo("b.bmp"));
  EXPECT_EQ(IndexManifest("{\"path\": \"b.bmp\", \"metadata\": {\"of\": \"b\"}}\n").progress.moved, 1U);
  EXPECT_EQ(MetadataAt(photo("b.bmp").string()), (Metadata{{"of", Values{"b"}}}));
}

TEST_F(TextInputTest, BrokenLinesOfAManifestAreNamedAndTheRestGoesOn) {
  WriteBmp(photo("a.bmp"), {1, 2, 3});
  WriteBmp(photo("z.bmp"), {200, 2, 3});
  const IndexReport report = IndexManifest(
      "{\"path\": \"a.bmp\"}\n"
      "no JSON\n"
      "{\"path\": \"missing.bmp\"}\n"
      "{\"path\": \"./a.bmp\"}\n"
      "{\"uri\": \"http://example.org/a.bmp\"}\n"
      "{\"uri\": \"file://elsewhere/a.bmp\"}\n"
      "{\"uri\": \"file:///a%2\"}\n"
      "{\"path\": \"z.bmp\", \"metdata\": {}}\n"
      "{\"path\": \"z.bmp\", \"metadata\": {\"sightline.x\": 1}}\n"
      "{\"path\": \"z.bmp\", \"metadata\": {\"when\": {\"time\": \"soon\"}}}\n"
      "{\"path\": \"z.bmp\", \"metadata\": {\"taken_at\": \"soon\"}}\n"
      "{\"path\": \"z.bmp\", \"metadata\": {\"deep\": {\"er\": 1}}}\n"
      "{\"path\": \"z.bmp\", \"metadata\": {\"big\": 18446744073709551615}}\n"
      "{\"path\": \"z.bmp\", \"metadata\": []}\n"
      "{\"path\": \"z.bmp\", \"uri\": \"file:///z.bmp\"}\n"
      "{\"metadata\": {}}\n"
      "{\"path\": 7}\n"
      "{\"path\": \".\"}\n"
      "{\"path\": \"z\\u0000.bmp\"}\n"
      "{\"path\": \"z.bmp\", \"captions\": [\"red\", \"\"]}\n");
  EXPECT_EQ(report.progress.added, 3U) << "a, z and one caption";
  EXPECT_THAT(
      report.errors,
      ElementsAre(ErrorAt(manifest(), "line 2: not JSON"),
                  ErrorAt(photo("missing.bmp"), "No such file or directory (line 3 of"),
                  ErrorAt(manifest(), "line 4: ./a.bmp was named before"),
                  ErrorAt(manifest(), "line 5: http://example.org/a.bmp: only file://"),
                  ErrorAt(manifest(), "line 6: file://elsewhere/a.bmp: a file:// URI of another host"),
                  ErrorAt(manifest(), "line 7"), ErrorAt(manifest(), "line 8: \"metdata\" is no key"),
                  ErrorAt(manifest(), "line 9: \"sightline.x\""), ErrorAt(manifest(), "line 10: \"when\""),
                  ErrorAt(manifest(), "line 11: \"taken_at\""), ErrorAt(manifest(), "line 12: \"deep\""),
                  ErrorAt(manifest(), "line 13: \"big\""), ErrorAt(manifest(), "line 14: \"metadata\""),
                  ErrorAt(manifest(), "line 15: both"), ErrorAt(manifest(), "line 16: neither"),
                  ErrorAt(manifest(), "line 17: \"path\" must be text"), ErrorAt(manifest(), "line 18: . is a folder"),
                  ErrorAt(manifest(), "line 19: a path with a zero"),
                  ErrorAt(manifest(), "line 20: the caption 1 is empty")));
}

TEST_F(TextInputTest, DryRunCountsCaptionsAndWritesNothing) {
  WriteBmp(photo("a.bmp"), {1, 2, 3});
  IndexCaptions("{\"id\": \"a\", \"text\": \"red\"}\n");
  WriteTestFile(captions(), "{\"id\": \"a\", \"text\": \"red\"}\n{\"id\": \"b\", \"text\": \"green\"}\nbad\n");
  fixture_.options.dry_run = true;
  const auto stats = collection_->Stats();
  const IndexReport report = Run({.paths = {photo("a.bmp")}, .captions = {captions()}});
  EXPECT_EQ(report.progress.unchanged, 1U);
  EXPECT_EQ(report.progress.failed, 1U);
  EXPECT_EQ(report.forecast.files_to_encode, 2U);
  EXPECT_EQ(collection_->Stats()->epoch, stats->epoch);
}

}  // namespace
}  // namespace sightline::indexer
