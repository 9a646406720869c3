// SPDX-License-Identifier: BSD-3-Clause
#include "media/tar_reader.h"

#include <sys/stat.h>

#include <random>
#include <string>
#include <vector>

#include "tests/support/tar_bytes.h"
#include "tests/support/test_support.h"

namespace sightline::media {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;
using testing::TarBytes;
using testing::TempDir;
using testing::WriteTestFile;

class TarReaderTest : public ::testing::Test {
 protected:
  fs::path archive() const { return dir_ / "a.tar"; }
  std::string location(const std::string& member) const { return archive().string() + "#" + member; }

  // "name: content", "name! error" of each member, and at last "! error" when the archive does not end well.
  std::vector<std::string> Read(const std::string& bytes) {
    WriteTestFile(archive(), bytes);
    std::vector<std::string> out;
    auto reader = TarReader::Open(archive());
    if (!reader) return {"! " + reader.error().message};
    for (;;) {
      auto member = reader->Next();
      if (!member) out.push_back("! " + member.error().message);
      if (!member || !*member) break;
      out.push_back((*member)->name + Content(**member));
    }
    const auto end = reader->Next();
    EXPECT_TRUE(end && !*end) << "the end stays the end";
    return out;
  }

  std::string Content(const TarMember& member) const {
    if (!member.error.empty()) return "! " + member.error;
    const auto source = Source::FromFileRange(archive(), member.offset_bytes, member.size_bytes, member.name);
    const auto bytes = source.ReadAll(1 << 20);
    if (!bytes) return "! " + bytes.error().message;
    return ": " + std::string(reinterpret_cast<const char*>((*bytes)->data()), (*bytes)->size());
  }

  std::string Opened(const std::string& path) {
    const auto source = OpenLocation(path);
    if (!source) return "! " + source.error().message;
    const auto bytes = source->ReadAll(1 << 20);
    if (!bytes) return "! " + bytes.error().message;
    return std::string(reinterpret_cast<const char*>((*bytes)->data()), (*bytes)->size());
  }

  TempDir dir_;
};

TEST_F(TarReaderTest, MembersAreFoundWhereTheirContentLies) {
  TarBytes tar;
  tar.Add("000.jpg", "first")
      .Add("000.txt", "")
      .Add("d/001.jpg", std::string(512, 'x'))
      .Add("002.jpg", std::string(513, 'y'));
  EXPECT_THAT(Read(tar.Finish()), ElementsAre("000.jpg: first", "000.txt: ", "d/001.jpg: " + std::string(512, 'x'),
                                              "002.jpg: " + std::string(513, 'y')));
}

TEST_F(TarReaderTest, LongAndForeignNamesComeThroughAsTheyAre) {
  const std::string longest = std::string(90, 'd') + "/" + std::string(200, 'n') + ".jpg";
  TarBytes tar;
  tar.AddPax(longest, "a").AddPax("caf\xC3\xA9/\xE6\x97\xA5.jpg", "b").Add("latin-\xE9.jpg", "c");
  tar.AddRaw(TarBytes::Header("././@LongLink", longest.size() + 1, 'L') + TarBytes::Padded(longest + '\0'));
  tar.Add("short", "d");
  EXPECT_THAT(Read(tar.Finish()),
              ElementsAre(longest + ": a", "caf\xC3\xA9/\xE6\x97\xA5.jpg: b", "latin-\xE9.jpg: c", longest + ": d"));
}

TEST_F(TarReaderTest, LinksFoldersAndDevicesAreLeftOut) {
  TarBytes tar;
  tar.AddRaw(TarBytes::Header("folder/", 0, '5')).AddRaw(TarBytes::Header("link.jpg", 0, '2', "/etc/passwd"));
  tar.AddRaw(TarBytes::Header("hard.jpg", 0, '1', "a.jpg")).AddRaw(TarBytes::Header("dev.jpg", 0, '3'));
  tar.Add("a.jpg", "a");
  EXPECT_THAT(Read(tar.Finish()), ElementsAre("a.jpg: a"));
}

TEST_F(TarReaderTest, ArchiveWithoutItsEndMarkIsRead) {
  EXPECT_THAT(Read(TarBytes().Add("a.jpg", "a").bytes()), ElementsAre("a.jpg: a"));
}

TEST_F(TarReaderTest, LocationOfAMemberOpensIt) {
  WriteTestFile(archive(), TarBytes().Add("a.jpg", "first").Add("x#y.jpg", "second").Add("a.jpg", "again").Finish());
  EXPECT_EQ(Opened(location("a.jpg")), "first") << "the first of a name counts";
  EXPECT_EQ(Opened(location("x#y.jpg")), "second");
  EXPECT_THAT(OpenLocation(location("b.jpg")), IsErrorWith(ErrorCode::kNotFound, "no member b.jpg"));
}

TEST_F(TarReaderTest, LocationOfAFileOpensItWhateverItsName) {
  WriteTestFile(dir_ / "plain", "no archive");
  WriteTestFile(dir_ / "plain#1.jpg", "one");
  WriteTestFile(dir_ / "b.tar", TarBytes().Add("x", "member").Finish());
  WriteTestFile(dir_ / "b.tar#y", "file");
  EXPECT_EQ(Opened((dir_ / "plain#1.jpg").string()), "one");
  EXPECT_EQ(Opened((dir_ / "b.tar#y").string()), "file");
  EXPECT_EQ(Opened((dir_ / "b.tar#x").string()), "member");
  EXPECT_THAT(Opened((dir_ / "none#1.jpg").string()), HasSubstr("none#1.jpg"));
}

TEST_F(TarReaderTest, ArchiveWhoseNameHasTheSignIsOpened) {
  WriteTestFile(dir_ / "s#1.tar", TarBytes().Add("x", "member").Finish());
  EXPECT_EQ(Opened((dir_ / "s#1.tar#x").string()), "member");
}

TEST_F(TarReaderTest, ExtensionDecides) {
  EXPECT_TRUE(HasTarExtension("a.tar"));
  EXPECT_TRUE(HasTarExtension("a.b.TAR"));
  for (const char* name : {".tar", "tar", "a.tar.gz", "a.tgz", "atar"}) EXPECT_FALSE(HasTarExtension(name)) << name;
}

// ---- Malformed

TEST_F(TarReaderTest, NamesWithPathTricksAreOnlyNames) {
  WriteTestFile(dir_ / "secret", "secret");
  TarBytes tar;
  tar.Add("../secret", "inside").Add("/etc/passwd", "harmless").Add("a/../../secret", "inside too");
  EXPECT_THAT(Read(tar.Finish()),
              ElementsAre("../secret: inside", "/etc/passwd: harmless", "a/../../secret: inside too"));
  EXPECT_EQ(Opened(location("../secret")), "inside");
  EXPECT_EQ(Opened(location("/etc/passwd")), "harmless");
  EXPECT_THAT(OpenLocation(location("../secre")), IsError(ErrorCode::kNotFound));
  EXPECT_THAT(OpenLocation(location("../../../../../../etc/hostname")), IsError(ErrorCode::kNotFound));
}

TEST_F(TarReaderTest, TenGigabytesInTheHeaderAreNotBelieved) {
  const std::string bytes = TarBytes().Add("a.jpg", "a").bytes() + TarBytes::Header("big.jpg", 8'000'000'000) + "x";
  EXPECT_THAT(Read(bytes), ElementsAre("a.jpg: a", HasSubstr("big.jpg! cut off: the header says 8000000000 bytes")));
  std::string huge = TarBytes::Header("huge.jpg", 0);  // 2^62 bytes in base 256
  huge.replace(124, 12, std::string("\x80\0\0\0\x40\0\0\0\0\0\0\0", 12));
  unsigned sum = 8 * ' ';
  for (size_t i = 0; i < huge.size(); ++i) sum += i >= 148 && i < 156 ? 0 : static_cast<unsigned char>(huge[i]);
  char digits[16];
  std::snprintf(digits, sizeof(digits), "%06o", sum);
  huge.replace(148, 7, std::string(digits, 6) + '\0');
  EXPECT_THAT(Read(TarBytes().Add("a.jpg", "a").bytes() + huge + "x"), ElementsAre("a.jpg: a", HasSubstr("! ")));
}

TEST_F(TarReaderTest, EveryCutGivesWhatIsWholeAndThenSaysSo) {
  const std::string bytes = TarBytes().Add("a.jpg", "aaaa").Add("b.jpg", std::string(600, 'b')).Finish();
  for (size_t size = 1; size < 512 + 512 + 512 + 600; size += 37) {
    const auto read = Read(bytes.substr(0, size));
    const size_t whole = size >= 512 + 4 ? 1 : 0;
    ASSERT_LE(read.size(), whole + 1) << size;
    if (whole == 1) {
      EXPECT_EQ(read[0], "a.jpg: aaaa") << size;
    }
    const bool says_so = read.size() == whole + 1 && read.back().find("! ") != std::string::npos;
    EXPECT_TRUE(says_so || (size > 512 && size <= 1024))
        << size << ": only the end of the padding may be missing unseen";
  }
}

TEST_F(TarReaderTest, CompressedArchivesAreRefused) {
  EXPECT_THAT(Read("\x1F\x8B\x08 and so on"), ElementsAre(HasSubstr("compressed with gzip")));
  EXPECT_EQ(TarReader::Open(archive()).error().code, ErrorCode::kUnsupported);
  EXPECT_THAT(Read("\x28\xB5\x2F\xFD and so on"), ElementsAre(HasSubstr("compressed with zstd")));
  EXPECT_THAT(Read("BZh9"), ElementsAre(HasSubstr("compressed with bzip2")));
}

TEST_F(TarReaderTest, OtherFilesAreRefused) {
  EXPECT_THAT(Read(""), ElementsAre(HasSubstr("the archive is empty")));
  EXPECT_THAT(Read(std::string(5000, 'x')), ElementsAre(HasSubstr("! ")));
  EXPECT_THAT(Read("PK\x03\x04 a zip file"), ElementsAre(HasSubstr("! ")));
  EXPECT_THAT(TarReader::Open(dir_ / "none"), IsError(ErrorCode::kNotFound));
  EXPECT_THAT(TarReader::Open(dir_.path()), IsError(ErrorCode::kInvalidArgument));
  ASSERT_EQ(::mkfifo((dir_ / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(TarReader::Open(dir_ / "pipe"), IsError(ErrorCode::kInvalidArgument));
}

TEST_F(TarReaderTest, EmptyArchiveHasNoMembers) { EXPECT_THAT(Read(TarBytes().Finish()), IsEmpty()); }

TEST_F(TarReaderTest, DamagedHeaderEndsTheArchiveWithAnError) {
  std::string bytes = TarBytes().Add("a.jpg", "a").Add("b.jpg", "b").Add("c.jpg", "c").Finish();
  bytes[1024] = 'X';
  const auto read = Read(bytes);
  EXPECT_EQ(read.at(0), "a.jpg: a");
  EXPECT_THAT(read.at(1), HasSubstr("! "));
  EXPECT_EQ(read.size(), 2U);
}

TEST_F(TarReaderTest, RandomDamageNeverReadsOutsideAndEnds) {
  std::mt19937 random(5);
  TarBytes tar;
  tar.Add("000.jpg", "content").AddPax("caf\xC3\xA9.jpg", "b").Add("001.jpg", std::string(700, 'z'));
  const std::string bytes = tar.Finish();
  for (int round = 0; round < 1000; ++round) {
    std::string damaged = bytes;
    for (unsigned flips = 1 + random() % 4; flips > 0; --flips) {
      damaged[random() % damaged.size()] = static_cast<char>(random());
    }
    EXPECT_LE(Read(damaged.substr(0, 1 + random() % damaged.size())).size(), 10U);
  }
}

}  // namespace
}  // namespace sightline::media
