// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/text/caption_cleaner.h"

#include <unicode/locid.h>
#include <unicode/unistr.h>

#include "base/guard.h"
#include "encoder/text/unicode.h"

namespace sightline::encoder {
namespace {

/// Of the whole string, so that a capital sigma at the end of a word gets its final form.
std::string LowerCase(std::string_view text) {
  icu::UnicodeString unicode = icu::UnicodeString::fromUTF8({text.data(), static_cast<int32_t>(text.size())});
  unicode.toLower(icu::Locale::getRoot());
  std::string lowered;
  unicode.toUTF8String(lowered);
  return lowered;
}

/// Steps 2 and 3. All replaced characters are ASCII, so that bytes may be looked at one by one.
void ReplacePunctuation(std::string& text) {
  constexpr std::string_view kReplaced = ",.'!?\"()*#:;~-/";
  for (char& c : text) {
    if (kReplaced.find(c) != std::string_view::npos) c = ' ';
  }
  constexpr std::string_view kPerson = "<person>";
  std::string replaced;
  size_t from = 0;
  for (size_t at; (at = text.find(kPerson, from)) != std::string::npos; from = at + kPerson.size()) {
    replaced.append(text, from, at - from).append("person");
  }
  replaced.append(text, from);
  text = std::move(replaced);
}

/// Step 4: runs of two or more; a single tab or newline stays.
std::string CollapseWhitespace(std::string_view text) {
  std::string collapsed;
  collapsed.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const size_t start = at;
    size_t run = 0;
    size_t behind = at;
    while (behind < text.size() && IsWhitespace(NextCodePoint(text, behind))) {
      at = behind;
      ++run;
    }
    if (run == 0) at = behind;
    if (run > 1) {
      collapsed += ' ';
    } else {
      collapsed.append(text, start, at - start);
    }
  }
  return collapsed;
}

/// Step 5.
std::string_view Strip(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  while (text.starts_with(' ')) text.remove_prefix(1);
  return text;
}

/// Step 6. After step 4 no two spaces are neighbours.
std::string_view FirstWords(std::string_view text, int max_words) {
  int words = 0;
  for (size_t at = 0; (at = text.find(' ', at)) != std::string_view::npos; ++at) {
    if (++words == max_words) return text.substr(0, at);
  }
  return text;
}

}  // namespace

Result<CleanedCaption> CleanCaption(std::string_view raw, int max_words) {
  if (max_words < 1) return Fail(ErrorCode::kInvalidArgument, "max_words is " + std::to_string(max_words));
  SL_RETURN_IF_ERROR(CheckUtf8(raw));
  return Guard("clean a text", [&]() -> Result<CleanedCaption> {
    std::string text = LowerCase(raw);
    ReplacePunctuation(text);
    text = CollapseWhitespace(text);
    const std::string_view stripped = Strip(text);
    if (stripped.empty()) {
      return Fail(ErrorCode::kInvalidArgument, "the text has no words after cleaning (only spaces and punctuation)");
    }
    const std::string_view kept = FirstWords(stripped, max_words);
    return CleanedCaption{std::string(kept), kept.size() < stripped.size()};
  });
}

}  // namespace sightline::encoder
