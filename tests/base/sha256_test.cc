// SPDX-License-Identifier: BSD-3-Clause
#include "base/sha256.h"

#include <gtest/gtest.h>

namespace sightline {
namespace {

// The examples of FIPS 180-4.
TEST(Sha256Test, GivesThePublishedDigests) {
  EXPECT_EQ(ToHex(Sha256().Finish()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  Sha256 hash;
  hash.Update("abc");
  EXPECT_EQ(ToHex(hash.Finish()), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Sha256Test, PiecesGiveTheDigestOfTheWhole) {
  Sha256 whole, pieces;
  whole.Update(std::string(1000, 'a'));
  for (int i = 0; i < 10; ++i) pieces.Update(std::string(100, 'a'));
  EXPECT_EQ(whole.Finish(), pieces.Finish());
}

}  // namespace
}  // namespace sightline
