// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/scanner.h"

#include <sys/stat.h>

#include <algorithm>
#include <string>
#include <vector>

#include "tests/support/test_support.h"
#include "tests/support/without_root.h"

namespace sightline::indexer {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TempDir;
using testing::WithoutRoot;
using testing::WriteTestFile;

class ScannerTest : public ::testing::Test {
 protected:
  fs::path root() const { return fs::canonical(dir_.path()); }
  void Touch(const std::string& name) { WriteTestFile(dir_ / name, "x"); }

  // Paths of files relative to the root; errors go to errors_.
  std::vector<std::string> Scan(const std::vector<fs::path>& inputs) {
    std::vector<std::string> files;
    errors_.clear();
    EXPECT_TRUE(Scanner().Scan(inputs, [&](const ScanEntry& entry) {
      auto& list = entry.error.empty() ? files : errors_;
      list.push_back(entry.path.lexically_relative(root()).string() + (entry.error.empty() ? "" : ": " + entry.error));
      return true;
    }));
    return files;
  }

  TempDir dir_;
  std::vector<std::string> errors_;
};

TEST_F(ScannerTest, FolderGivesItsFilesInOrderThenItsFolders) {
  for (const char* name : {"b.jpg", "a.png", "z/1.jpg", "m/2.webp", "m/deep/3.jpg", "c.JPG"}) Touch(name);
  EXPECT_THAT(Scan({root()}), ElementsAre("a.png", "b.jpg", "c.JPG", "m/2.webp", "m/deep/3.jpg", "z/1.jpg"));
  EXPECT_THAT(errors_, IsEmpty());
}

TEST_F(ScannerTest, FolderSkipsHiddenNamesAndOtherFiles) {
  for (const char* name : {".hidden.jpg", ".cache/a.jpg", "notes.txt", "jpg", "ok.jpg"}) Touch(name);
  EXPECT_THAT(Scan({root()}), ElementsAre("ok.jpg"));
}

TEST_F(ScannerTest, NamedFilesAndFoldersAreTakenWhateverTheirNames) {
  for (const char* name : {".hidden.jpg", ".cache/a.jpg", "notes.txt"}) Touch(name);
  EXPECT_THAT(Scan({root() / "notes.txt", root() / ".cache", root() / ".hidden.jpg"}),
              ElementsAre("notes.txt", ".cache/a.jpg", ".hidden.jpg"));
}

TEST_F(ScannerTest, FileGivenAgainComesOnce) {
  for (const char* name : {"f/a.jpg", "f/b.jpg", "f/odd.data"}) Touch(name);
  const fs::path a = root() / "f/a.jpg";
  EXPECT_THAT(Scan({a, a, root() / "f/../f/a.jpg"}), ElementsAre("f/a.jpg"));
  EXPECT_THAT(Scan({a, root() / "f"}), ElementsAre("f/a.jpg", "f/b.jpg"));
  EXPECT_THAT(Scan({root() / "f", a, root() / "f"}), ElementsAre("f/a.jpg", "f/b.jpg"));
  EXPECT_THAT(Scan({root() / "f", root() / "f/odd.data", root() / "f/odd.data"}),
              ElementsAre("f/a.jpg", "f/b.jpg", "f/odd.data"));
}

TEST_F(ScannerTest, LinksToFilesAreResolvedAndCountedOnce) {
  for (const char* name : {"f/a.jpg", "elsewhere/blob"}) Touch(name);
  fs::create_symlink("a.jpg", root() / "f/link.jpg");
  fs::create_symlink("../elsewhere/blob", root() / "f/to_blob.jpg");
  fs::create_symlink("../elsewhere/blob", root() / "f/to_blob_again.jpg");
  fs::create_symlink("../elsewhere/blob", root() / "f/no_picture_name");
  EXPECT_THAT(Scan({root() / "f"}), ElementsAre("f/a.jpg", "elsewhere/blob"));
}

TEST_F(ScannerTest, LinkIntoFolderThatComesLaterIsCountedOnce) {
  Touch("b/pic.jpg");
  fs::create_directory(root() / "a");
  fs::create_symlink("../b/pic.jpg", root() / "a/link.jpg");
  EXPECT_THAT(Scan({root()}), ElementsAre("b/pic.jpg"));
}

TEST_F(ScannerTest, LoopOfLinkedFoldersEnds) {
  Touch("f/a.jpg");
  fs::create_directory_symlink("..", root() / "f/up");
  fs::create_directory_symlink(".", root() / "f/self");
  EXPECT_THAT(Scan({root() / "f"}), ElementsAre("f/a.jpg"));
  EXPECT_THAT(errors_, IsEmpty());
}

TEST_F(ScannerTest, LinkedFolderIsWalkedOnceUnderItsRealPath) {
  Touch("real/a.jpg");
  fs::create_directory(root() / "f");
  fs::create_directory_symlink("../real", root() / "f/one");
  fs::create_directory_symlink("../real", root() / "f/two");
  EXPECT_THAT(Scan({root() / "f"}), ElementsAre("real/a.jpg"));
  EXPECT_THAT(Scan({root() / "f/one"}), ElementsAre("real/a.jpg"));
}

TEST_F(ScannerTest, BrokenLinkIsAnErrorWhenNamedOrWithAPictureName) {
  fs::create_directory(root() / "f");
  fs::create_symlink("nowhere", root() / "f/broken.jpg");
  fs::create_symlink("nowhere", root() / "f/broken.txt");
  fs::create_symlink("ring.jpg", root() / "f/ring.jpg");
  EXPECT_THAT(Scan({root() / "f"}), IsEmpty());
  EXPECT_THAT(errors_, ElementsAre(HasSubstr("f/broken.jpg: broken link to nowhere"),
                                   HasSubstr("f/ring.jpg: broken link to ring.jpg")));
  EXPECT_THAT(Scan({root() / "f/broken.txt"}), IsEmpty());
  EXPECT_THAT(errors_, ElementsAre(HasSubstr("f/broken.txt: broken link to nowhere")));
}

TEST_F(ScannerTest, SpecialFilesAreErrorsWhenNamedOrWithAPictureName) {
  ASSERT_EQ(::mkfifo((root() / "pipe.jpg").c_str(), 0600), 0);
  ASSERT_EQ(::mkfifo((root() / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(Scan({root()}), IsEmpty());
  EXPECT_THAT(errors_, ElementsAre("pipe.jpg: not a regular file: a FIFO"));
  EXPECT_THAT(Scan({root() / "pipe", "/dev/null"}), IsEmpty());
  EXPECT_THAT(errors_, ElementsAre("pipe: not a regular file: a FIFO", HasSubstr("a device")));
}

TEST_F(ScannerTest, MissingInputIsAnError) {
  EXPECT_THAT(Scan({root() / "nope.jpg"}), IsEmpty());
  EXPECT_THAT(errors_, ElementsAre("nope.jpg: No such file or directory"));
}

TEST_F(ScannerTest, UnreadableFolderIsAnErrorAndTheScanGoesOn) {
  for (const char* name : {"a/1.jpg", "b/2.jpg"}) Touch(name);
  fs::permissions(root() / "a", fs::perms::none);
  const WithoutRoot without_root(root());
  EXPECT_THAT(Scan({root()}), ElementsAre("b/2.jpg"));
  EXPECT_THAT(errors_, ElementsAre(HasSubstr("a: cannot list the folder")));
}

TEST_F(ScannerTest, NamesThatAreNotUtf8Work) {
  const std::string name = "caf\xE9-\xFF.jpg";
  Touch(name);
  EXPECT_THAT(Scan({root()}), ElementsAre(name));
}

TEST_F(ScannerTest, VisitorEndsTheScan) {
  for (const char* name : {"a.jpg", "b.jpg", "c.jpg"}) Touch(name);
  int visits = 0;
  const std::vector<fs::path> inputs{root()};
  EXPECT_FALSE(Scanner().Scan(inputs, [&](const ScanEntry&) { return ++visits < 2; }));
  EXPECT_EQ(visits, 2);
}

TEST_F(ScannerTest, DeepTreeIsWalked) {
  std::string path;
  for (int i = 0; i < 200; ++i) path += "d/";
  Touch(path + "deep.jpg");
  EXPECT_THAT(Scan({root()}), ElementsAre(path + "deep.jpg"));
}

}  // namespace
}  // namespace sightline::indexer
