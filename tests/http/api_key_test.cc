// SPDX-License-Identifier: BSD-3-Clause
#include "http/api_key.h"

#include <set>
#include <vector>

#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

using testing::IsError;
using testing::IsOk;

ApiKey KeyOf(const std::string& name, std::string_view text) {
  ApiKey key;
  key.name = name;
  key.digest = DigestOfKey(text);
  return key;
}

TEST(ApiKeyTest, NewKeysAreLongAndDiffer) {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const auto key = MakeKeyText();
    ASSERT_THAT(key, IsOk());
    EXPECT_EQ(key->size(), 46U);
    EXPECT_EQ(key->substr(0, 3), "sl_");
    EXPECT_EQ(key->find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
              std::string::npos);
    seen.insert(*key);
  }
  EXPECT_EQ(seen.size(), 100U);
}

TEST(ApiKeyTest, DigestIsSha256OfTheText) {
  // printf sl_abc | sha256sum
  EXPECT_EQ(ToHex(DigestOfKey("sl_abc")), "b9c48933cbeffb1be6ac3bd863c19c4f870a38f38677306ebbc30e8dead402fb");
}

TEST(ApiKeyTest, FindsTheKeyWhereverItStands) {
  const std::vector<ApiKey> keys = {KeyOf("a", "sl_1"), KeyOf("b", "sl_2"), KeyOf("c", "sl_3")};
  for (const auto& [text, name] : {std::pair("sl_1", "a"), std::pair("sl_2", "b"), std::pair("sl_3", "c")}) {
    const ApiKey* found = FindKey(keys, text);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->name, name);
  }
}

TEST(ApiKeyTest, NothingButTheWholeKeyIsFound) {
  const std::vector<ApiKey> keys = {KeyOf("a", "sl_secret")};
  for (const std::string_view wrong : {"", "sl_", "sl_secre", "sl_secrets", "SL_SECRET", " sl_secret", "a"}) {
    EXPECT_EQ(FindKey(keys, wrong), nullptr) << wrong;
  }
  // The stored digest is not a key.
  EXPECT_EQ(FindKey(keys, ToHex(keys[0].digest)), nullptr);
  EXPECT_EQ(FindKey({}, "sl_secret"), nullptr);
}

TEST(ApiKeyTest, NamesAreShortAndPlain) {
  EXPECT_THAT(CheckKeyName("laptop-2.home_x"), IsOk());
  EXPECT_THAT(CheckKeyName(std::string(64, 'a')), IsOk());
  for (const std::string& name : {std::string(), std::string(65, 'a'), std::string("a b"), std::string("a\nb"),
                                  std::string("a/b"), std::string("caf\xC3\xA9")}) {
    EXPECT_THAT(CheckKeyName(name), IsError(ErrorCode::kInvalidArgument)) << name;
  }
}

}  // namespace
}  // namespace sightline::http
