// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <map>
#include <sstream>
#include <string>

#include "tests/support/test_support.h"

namespace sightline::testing {

/// The records of tests/data/storage/records_v1.txt, which make_golden_records.py wrote, by their names.
inline std::map<std::string, std::string> GoldenRecords() {
  std::istringstream lines(ReadTestFile(TestData("storage/records_v1.txt")));
  std::map<std::string, std::string> golden;
  std::string name, hex;
  while (lines >> name >> hex) {
    for (size_t i = 0; i + 1 < hex.size(); i += 2) {
      golden[name].push_back(static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16)));
    }
  }
  return golden;
}

}  // namespace sightline::testing
