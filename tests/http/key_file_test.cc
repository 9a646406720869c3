// SPDX-License-Identifier: BSD-3-Clause
#include "http/key_file.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <chrono>
#include <thread>

#include "http/key_ring.h"
#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;
using testing::ReadTestFile;
using testing::TempDir;
using testing::WriteTestFile;

constexpr std::string_view kGolden =
    R"({"version":1,"keys":[{"name":"laptop","begins":"sl_abcdef","scope":"read","collections":["photos"],)"
    R"("created_at":1700000000,"sha256":"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}]})";

class KeyFileTest : public ::testing::Test {
 protected:
  std::filesystem::path file() const { return KeyFilePath(dir_.path()); }

  // A file of keys as nobody but the owner may change it.
  void Write(std::string_view content) {
    WriteTestFile(file(), content);
    ASSERT_EQ(::chmod(file().c_str(), 0600), 0);
  }
  std::string Add(const NewKey& wanted) {
    auto key = AddKey(file(), wanted);
    EXPECT_THAT(key, IsOk());
    return key.value_or("");
  }

  TempDir dir_;
};

TEST_F(KeyFileTest, NoFileIsNotAFileWithoutKeys) {
  auto keys = ReadKeyFile(file());
  ASSERT_THAT(keys, IsOk());
  EXPECT_FALSE(keys->has_value());
  Write(R"({"version":1,"keys":[]})");
  keys = ReadKeyFile(file());
  ASSERT_THAT(keys, IsOk());
  EXPECT_TRUE(keys->has_value());
}

TEST_F(KeyFileTest, AddedKeyIsReadBackAndTheFileHoldsNoSecret) {
  const std::string text = Add({.name = "laptop", .admin = true, .collections = {"photos", "films"}});
  const auto keys = ReadKeyFile(file());
  ASSERT_THAT(keys, IsOk());
  ASSERT_EQ(keys->value().size(), 1U);
  const ApiKey& key = keys->value()[0];
  EXPECT_EQ(key.name, "laptop");
  EXPECT_TRUE(key.admin);
  EXPECT_EQ(key.collections, (std::vector<std::string>{"photos", "films"}));
  EXPECT_EQ(key.begins, text.substr(0, 9));
  EXPECT_EQ(key.digest, DigestOfKey(text));
  EXPECT_GT(key.created_at, 1'700'000'000);
  EXPECT_EQ(ReadTestFile(file()).find(text.substr(9)), std::string::npos);
}

TEST_F(KeyFileTest, OnlyTheOwnerMayReadTheFile) {
  Add({.name = "a"});
  struct stat info {};
  ASSERT_EQ(::stat(file().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600U);
}

TEST_F(KeyFileTest, ReadsWhatVersionOneWrote) {
  Write(kGolden);
  const auto keys = ReadKeyFile(file());
  ASSERT_THAT(keys, IsOk());
  ASSERT_EQ(keys->value().size(), 1U);
  EXPECT_EQ(keys->value()[0].digest, DigestOfKey("test"));
  EXPECT_FALSE(keys->value()[0].admin);
  EXPECT_EQ(keys->value()[0].created_at, 1'700'000'000);
}

TEST_F(KeyFileTest, NamesAreUniqueAndChecked) {
  Add({.name = "a"});
  EXPECT_THAT(AddKey(file(), {.name = "a"}), IsErrorWith(ErrorCode::kAlreadyExists, "\"a\""));
  EXPECT_THAT(AddKey(file(), {.name = "a b"}), IsError(ErrorCode::kInvalidArgument));
  EXPECT_EQ(ReadKeyFile(file())->value().size(), 1U);
}

TEST_F(KeyFileTest, RevokingTakesOneAwayAndKeepsTheFile) {
  EXPECT_THAT(RevokeKey(file(), "a"), IsError(ErrorCode::kNotFound));
  Add({.name = "a"});
  Add({.name = "b"});
  EXPECT_THAT(RevokeKey(file(), "c"), IsErrorWith(ErrorCode::kNotFound, "\"c\""));
  EXPECT_EQ(*RevokeKey(file(), "a"), 1U);
  EXPECT_EQ(*RevokeKey(file(), "b"), 0U);
  EXPECT_TRUE(ReadKeyFile(file())->has_value());
}

TEST_F(KeyFileTest, KeysAddedAtOnceAreAllThere) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this, i] { EXPECT_THAT(AddKey(file(), {.name = "key-" + std::to_string(i)}), IsOk()); });
  }
  threads.clear();
  EXPECT_EQ(ReadKeyFile(file())->value().size(), 8U);
}

using KeyFileMalformedTest = KeyFileTest;

TEST_F(KeyFileMalformedTest, WhatIsNoFileOfKeysIsCorrupt) {
  const std::string golden(kGolden);
  const auto with = [&](std::string_view part, std::string_view other) {
    std::string changed = golden;
    changed.replace(changed.find(part), part.size(), other);
    return changed;
  };
  for (const std::string& content : {
           std::string(),
           std::string("[]"),
           std::string("{}"),
           std::string(R"({"version":1})"),
           golden.substr(0, 100),
           with("\"read\"", "\"root\""),
           with("\"read\"", "7"),
           with("9f86", "9f8"),
           with("9f86", "9F86"),
           with("9f86", "9f8g"),
           with("[\"photos\"]", "\"photos\""),
           with("1700000000", "\"now\""),
           with("\"name\"", "\"nom\""),
           std::string(R"({"version":1,"keys":[)") + std::string(1000, '['),
       }) {
    Write(content);
    EXPECT_THAT(ReadKeyFile(file()), IsErrorWith(ErrorCode::kCorruption, "keys.json")) << content;
    EXPECT_THAT(AddKey(file(), {.name = "b"}), IsError(ErrorCode::kCorruption)) << content;
    EXPECT_EQ(ReadTestFile(file()), content);
  }
}

TEST_F(KeyFileMalformedTest, ANewerVersionIsRefused) {
  Write(R"({"version":2,"keys":[]})");
  EXPECT_THAT(ReadKeyFile(file()), IsErrorWith(ErrorCode::kFailedPrecondition, "newer"));
}

TEST_F(KeyFileMalformedTest, AFileThatOthersMayWriteIsRefused) {
  Write(kGolden);
  for (const mode_t mode : {0620, 0602, 0666}) {
    ASSERT_EQ(::chmod(file().c_str(), mode), 0);
    EXPECT_THAT(ReadKeyFile(file()), IsErrorWith(ErrorCode::kFailedPrecondition, "chmod 600"));
  }
}

class KeyRingTest : public KeyFileTest {
 protected:
  std::unique_ptr<KeyRing> Open() {
    auto ring = KeyRing::Open(file());
    EXPECT_THAT(ring, IsOk());
    return ring ? *std::move(ring) : nullptr;
  }
  static bool Knows(KeyRing& ring, std::string_view key) {
    const auto found = ring.Find(key);
    EXPECT_THAT(found, IsOk());
    return found && found->has_value();
  }
};

TEST_F(KeyRingTest, ChangesCountAtOnce) {
  const auto ring = Open();
  ASSERT_NE(ring, nullptr);
  EXPECT_FALSE(ring->required());
  const std::string a = Add({.name = "a"});
  EXPECT_TRUE(ring->required());
  EXPECT_TRUE(Knows(*ring, a));
  const std::string b = Add({.name = "b"});
  EXPECT_TRUE(Knows(*ring, b));
  EXPECT_FALSE(Knows(*ring, "sl_other"));
  ASSERT_THAT(RevokeKey(file(), "a"), IsOk());
  EXPECT_FALSE(Knows(*ring, a));
  EXPECT_TRUE(Knows(*ring, b));
}

TEST_F(KeyRingTest, LosingTheFileDoesNotOpenTheDoor) {
  const std::string key = Add({.name = "a"});
  const auto ring = Open();
  ASSERT_NE(ring, nullptr);
  std::filesystem::remove(file());
  EXPECT_TRUE(ring->required());
  EXPECT_FALSE(Knows(*ring, key));
}

TEST_F(KeyRingTest, ABrokenFileLetsNobodyInAndTellsNothing) {
  const std::string key = Add({.name = "a"});
  const auto ring = Open();
  ASSERT_NE(ring, nullptr);
  const std::string good = ReadTestFile(file());
  Write("{}");
  EXPECT_TRUE(ring->required());
  const auto found = ring->Find(key);
  ASSERT_THAT(found, IsError(ErrorCode::kUnavailable));
  EXPECT_EQ(found.error().message.find(dir_.path().string()), std::string::npos);
  Write(good + " ");
  EXPECT_TRUE(Knows(*ring, key));
}

TEST_F(KeyRingTest, AFailureThatIsNotTheFilesPasses) {
  const std::string key = Add({.name = "a"});
  const auto ring = Open();
  const std::string other = Add({.name = "b"});
  rlimit before = {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none = {.rlim_cur = 0, .rlim_max = before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const auto found = ring->Find(key);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_THAT(found, IsError(ErrorCode::kUnavailable)) << "the file has changed and cannot be opened";
  for (int i = 0; i < 500 && !ring->Find(other); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  EXPECT_TRUE(Knows(*ring, other));
  EXPECT_TRUE(ring->required());
}

TEST_F(KeyRingTest, ABrokenFileAtTheStartIsAnError) {
  Write("{}");
  EXPECT_THAT(KeyRing::Open(file()), IsError(ErrorCode::kCorruption));
}

TEST_F(KeyRingTest, ManyThreadsAskWhileKeysChange) {
  const std::string key = Add({.name = "stays"});
  const auto ring = Open();
  ASSERT_NE(ring, nullptr);
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 200; ++n) EXPECT_TRUE(Knows(*ring, key));
    });
  }
  for (int n = 0; n < 20; ++n) {
    Add({.name = "comes"});
    ASSERT_THAT(RevokeKey(file(), "comes"), IsOk());
  }
}

}  // namespace
}  // namespace sightline::http
