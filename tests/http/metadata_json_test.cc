// SPDX-License-Identifier: BSD-3-Clause
#include "http/metadata_json_internal.h"

#include <string>

#include <gmock/gmock.h>

namespace sightline::http {
namespace {

TEST(MetadataJsonTest, EveryKeyHasTheListOfItsValues) {
  const Metadata metadata = {{"tags", {std::string("a"), int64_t{5}, 2.5, true}},
                             {"taken_at", {Timestamp{1714588200}}}};
  EXPECT_EQ(MetadataJson(metadata), boost::json::parse(R"({"tags": ["a", 5, 2.5, true], "taken_at": [1714588200]})"));
  EXPECT_EQ(MetadataJson({}), boost::json::object());
}

TEST(MetadataJsonTest, WhatIsNoUtf8IsReplaced) {
  EXPECT_EQ(MetadataJson({{"\xFFkey", {std::string("\xFFvalue")}}}),
            boost::json::parse("{\"\xEF\xBF\xBDkey\": [\"\xEF\xBF\xBDvalue\"]}"));
}

}  // namespace
}  // namespace sightline::http
