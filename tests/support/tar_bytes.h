// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace sightline::testing {

/// Writes tar archives byte by byte, as POSIX.1-1988 (ustar) says, right or wrong as a test wants them.
class TarBytes {
 public:
  /// The 512 bytes of one header. `type`: '0' file, '1' hard link, '2' symbolic link, '5' folder, 'x' pax header.
  static std::string Header(std::string_view name, uint64_t size_bytes, char type = '0', std::string_view link = {}) {
    std::string header(512, '\0');
    const auto put = [&header](size_t at, std::string_view text) { header.replace(at, text.size(), text); };
    put(0, name.substr(0, 100));
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    char digits[32];
    std::snprintf(digits, sizeof(digits), "%011llo", static_cast<unsigned long long>(size_bytes));
    put(124, digits);
    put(136, "00000000000");
    put(148, "        ");
    header[156] = type;
    put(157, link.substr(0, 100));
    put(257, std::string_view("ustar\00000", 8));
    unsigned sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    std::snprintf(digits, sizeof(digits), "%06o", sum);
    header.replace(148, 7, std::string(digits, 6) + '\0');
    return header;
  }

  static std::string Padded(std::string_view content) {
    std::string out(content);
    out.resize((out.size() + 511) / 512 * 512, '\0');
    return out;
  }

  TarBytes& Add(std::string_view name, std::string_view content) {
    bytes_ += Header(name, content.size()) + Padded(content);
    return *this;
  }

  /// A file whose name is given by a pax header.
  TarBytes& AddPax(std::string_view name, std::string_view content) {
    const std::string rest = " path=" + std::string(name) + "\n";
    size_t length = rest.size() + 1;
    while (std::to_string(length).size() + rest.size() != length) ++length;
    const std::string record = std::to_string(length) + rest;
    bytes_ += Header("PaxHeaders/x", record.size(), 'x') + Padded(record);
    return Add("short", content);
  }

  TarBytes& AddRaw(std::string_view bytes) {
    bytes_ += bytes;
    return *this;
  }

  /// The archive so far, with its end.
  std::string Finish() const { return bytes_ + std::string(1024, '\0'); }
  const std::string& bytes() const { return bytes_; }

 private:
  std::string bytes_;
};

}  // namespace sightline::testing
