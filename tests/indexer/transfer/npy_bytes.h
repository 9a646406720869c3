// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace sightline::testing {

/// An npy file as numpy.lib.format writes it, made from its parts so that each can be wrong.
struct NpyParts {
  int version = 1;
  std::string dictionary{};
  std::string data{};
};

inline std::string NpyBytes(const NpyParts& parts) {
  const size_t length_bytes = parts.version == 1 ? 2 : 4;
  std::string dictionary = parts.dictionary;
  while ((8 + length_bytes + dictionary.size() + 1) % 64 != 0) dictionary += ' ';
  dictionary += '\n';
  std::string out = "\x93NUMPY";
  out += static_cast<char>(parts.version);
  out += '\0';
  for (size_t i = 0; i < length_bytes; ++i) out += static_cast<char>(dictionary.size() >> (8 * i) & 0xFF);
  return out + dictionary + parts.data;
}

template <typename Element>
std::string RawBytes(const std::vector<Element>& elements) {
  std::string bytes(elements.size() * sizeof(Element), '\0');
  std::memcpy(bytes.data(), elements.data(), bytes.size());
  return bytes;
}

inline std::string NpyDictionary(const std::string& descr, uint64_t rows, uint64_t columns) {
  return "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" + std::to_string(rows) + ", " +
         std::to_string(columns) + "), }";
}

/// A matrix of fp32 rows.
inline std::string NpyOf(const std::vector<std::vector<float>>& rows) {
  std::vector<float> all;
  for (const auto& row : rows) all.insert(all.end(), row.begin(), row.end());
  return NpyBytes(
      {.dictionary = NpyDictionary("<f4", rows.size(), rows.empty() ? 4 : rows[0].size()), .data = RawBytes(all)});
}

}  // namespace sightline::testing
