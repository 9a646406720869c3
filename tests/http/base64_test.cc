// SPDX-License-Identifier: BSD-3-Clause
#include "http/base64.h"

#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

std::string Encode(std::string_view text) { return EncodeBase64(std::as_bytes(std::span(text))); }

// RFC 4648, section 10.
TEST(Base64Test, VectorsOfTheStandard) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : vectors) {
    EXPECT_EQ(Encode(plain), encoded);
    EXPECT_EQ(DecodeBase64(encoded), plain);
  }
}

TEST(Base64Test, EveryByteComesBack) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  for (size_t length = 250; length <= bytes.size(); ++length) {
    EXPECT_EQ(DecodeBase64(Encode(bytes.substr(0, length))), bytes.substr(0, length));
  }
}

TEST(Base64Test, BothAlphabetsMissingPaddingAndLineBreaksAreTaken) {
  EXPECT_EQ(DecodeBase64("-_-_"), "\xFB\xFF\xBF");
  EXPECT_EQ(DecodeBase64("+/+/"), "\xFB\xFF\xBF");
  EXPECT_EQ(DecodeBase64("Zg"), "f");
  EXPECT_EQ(DecodeBase64("Zm9v\r\nYmFy\n"), "foobar");
}

TEST(Base64MalformedTest, AnythingElseIsRefused) {
  for (const std::string& text :
       {std::string("Z"), std::string("Zm9vY"), std::string("Zg="), std::string("Zg==="), std::string("Zh=="),
        std::string("Z=g="), std::string("Zm9v===="), std::string("Zm9v="), std::string("Zm9v!"),
        std::string("Zm9v\0", 5), std::string("Zm\xC3\xA9")}) {
    EXPECT_EQ(DecodeBase64(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace sightline::http
