// SPDX-License-Identifier: BSD-3-Clause
#include "base/iso_time.h"

#include <chrono>
#include <cstdint>

namespace sightline {
namespace {

/// Takes a text apart from its front; after the first thing that is not there, `ok` stays false.
class Parser {
 public:
  explicit Parser(std::string_view text) : rest_(text) {}

  bool ok() const { return ok_; }
  bool at_end() const { return rest_.empty(); }

  int64_t Digits(size_t count) {
    int64_t value = 0;
    for (size_t i = 0; i < count; ++i) {
      const char c = Next();
      if (c < '0' || c > '9') ok_ = false;
      value = value * 10 + (c - '0');
    }
    return ok_ ? value : 0;
  }

  bool Take(std::string_view any_of) {
    if (rest_.empty() || any_of.find(rest_[0]) == std::string_view::npos) return false;
    taken_ = Next();
    return true;
  }
  char taken() const { return taken_; }

  void Want(std::string_view any_of) { ok_ = Take(any_of) && ok_; }
  void SkipDigits() { rest_.remove_prefix(std::min(rest_.find_first_not_of("0123456789"), rest_.size())); }

  /// Digits(2), at most `limit`.
  int64_t TwoDigits(int64_t limit) {
    const int64_t value = Digits(2);
    if (value > limit) ok_ = false;
    return value;
  }

 private:
  char Next() {
    if (rest_.empty()) {
      ok_ = false;
      return '0';
    }
    const char c = rest_[0];
    rest_.remove_prefix(1);
    return c;
  }

  std::string_view rest_;
  char taken_ = 0;
  bool ok_ = true;
};

// Seconds since midnight UTC. A leap second counts as the first of the next minute.
int64_t ParseTimeOfDay(Parser& parser) {
  int64_t seconds = parser.TwoDigits(23) * 3600;
  parser.Want(":");
  seconds += parser.TwoDigits(59) * 60;
  if (parser.Take(":")) {
    seconds += parser.TwoDigits(60);
    if (parser.Take(".,")) {
      parser.Digits(1);
      parser.SkipDigits();
    }
  }
  if (parser.Take("Zz") || !parser.Take("+-")) return seconds;
  const int64_t sign = parser.taken() == '-' ? -1 : 1;
  int64_t offset = parser.TwoDigits(23) * 3600;
  parser.Take(":");
  if (!parser.at_end()) offset += parser.TwoDigits(59) * 60;
  return seconds - sign * offset;
}

}  // namespace

std::optional<Timestamp> ParseIsoTime(std::string_view text) {
  Parser parser(text);
  const auto year = std::chrono::year(static_cast<int>(parser.Digits(4)));
  parser.Want("-");
  const auto month = std::chrono::month(static_cast<unsigned>(parser.Digits(2)));
  parser.Want("-");
  const auto day = std::chrono::day(static_cast<unsigned>(parser.Digits(2)));
  const std::chrono::year_month_day date(year, month, day);
  int64_t seconds = 0;
  if (parser.Take("T t")) seconds = ParseTimeOfDay(parser);
  if (!parser.ok() || !parser.at_end() || !date.ok()) return std::nullopt;
  const int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return Timestamp{days * 86'400 + seconds};
}

}  // namespace sightline
