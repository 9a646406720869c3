// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/text/wordpiece.h"

#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <array>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/guard.h"
#include "encoder/text/unicode.h"

namespace sightline::encoder {
namespace {

constexpr int kMaxTokenCodePoints = 100;  ///< Longer ones become [UNK].

bool IsCjk(UChar32 c) {
  constexpr std::array<std::pair<UChar32, UChar32>, 8> kRanges = {{{0x4E00, 0x9FFF},
                                                                   {0x3400, 0x4DBF},
                                                                   {0x20000, 0x2A6DF},
                                                                   {0x2A700, 0x2B73F},
                                                                   {0x2B740, 0x2B81F},
                                                                   {0x2B820, 0x2CEAF},
                                                                   {0xF900, 0xFAFF},
                                                                   {0x2F800, 0x2FA1F}}};
  for (const auto& [first, last] : kRanges) {
    if (c >= first && c <= last) return true;
  }
  return false;
}

/// ASCII symbols such as $ and + count as punctuation although Unicode calls them symbols.
bool IsPunctuation(UChar32 c) {
  if ((c >= 33 && c <= 47) || (c >= 58 && c <= 64) || (c >= 91 && c <= 96) || (c >= 123 && c <= 126)) return true;
  return (U_GET_GC_MASK(c) & U_GC_P_MASK) != 0;
}

/// What step 2 removes: U+0000, U+FFFD and category C* except tab, newline and carriage return.
bool IsRemoved(UChar32 c) {
  if (c == '\t' || c == '\n' || c == '\r') return false;
  return c == 0 || c == 0xFFFD || (U_GET_GC_MASK(c) & U_GC_C_MASK) != 0;
}

/// Appends the lower-case form of one code point: out of context, so there is no final sigma here.
void AppendLowerCase(UChar32 c, icu::UnicodeString& word) {
  if (c < 0x80) {
    word.append(static_cast<char16_t>(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c));
    return;
  }
  icu::UnicodeString lowered(c);
  word.append(lowered.toLower(icu::Locale::getRoot()));
}

class WordPieceTokenizer final : public Tokenizer {
 public:
  explicit WordPieceTokenizer(std::string_view vocabulary) : vocabulary_(vocabulary) {}

  Status ReadVocabulary(int vocab_size);
  Result<TokenIds> Tokenize(std::string_view text, int max_tokens) const override;
  int64_t pad_id() const override { return pad_id_; }

 private:
  using PieceMap = std::unordered_map<std::string_view, int64_t>;

  Status AddPiece(std::string_view piece);
  Result<int64_t> SpecialId(std::string_view name) const;
  Status AppendTokens(std::string_view text, size_t limit, std::vector<int64_t>& ids) const;
  Status AppendWord(const icu::UnicodeString& word, size_t limit, std::vector<int64_t>& ids) const;
  void AppendPieces(std::string_view token, std::vector<int64_t>& ids) const;
  std::optional<int64_t> LongestPiece(std::string_view token, size_t from, size_t& to) const;

  const std::string vocabulary_;
  PieceMap starts_;         ///< Every piece as written, by views into vocabulary_.
  PieceMap continuations_;  ///< Pieces that begin with "##", without it.
  int64_t pad_id_ = 0;
  int64_t unknown_id_ = 0;
  int64_t start_id_ = 0;
  int64_t end_id_ = 0;
};

Status WordPieceTokenizer::AddPiece(std::string_view piece) {
  const auto id = static_cast<int64_t>(starts_.size());
  const std::string line = "vocabulary line " + std::to_string(id + 1);
  if (piece.empty()) return Fail(ErrorCode::kInvalidArgument, line + " is empty");
  if (!starts_.emplace(piece, id).second) {
    return Fail(ErrorCode::kInvalidArgument, line + " repeats the piece \"" + std::string(piece) + "\"");
  }
  if (piece.size() > 2 && piece.starts_with("##")) continuations_.emplace(piece.substr(2), id);
  return {};
}

Result<int64_t> WordPieceTokenizer::SpecialId(std::string_view name) const {
  const auto found = starts_.find(name);
  if (found == starts_.end()) {
    return Fail(ErrorCode::kInvalidArgument, "the vocabulary has no " + std::string(name));
  }
  return found->second;
}

Status WordPieceTokenizer::ReadVocabulary(int vocab_size) {
  std::string_view rest = vocabulary_;
  while (!rest.empty()) {
    const size_t newline = rest.find('\n');
    std::string_view piece = rest.substr(0, newline);
    if (piece.ends_with('\r')) piece.remove_suffix(1);
    SL_RETURN_IF_ERROR(AddPiece(piece));
    rest = newline == std::string_view::npos ? std::string_view() : rest.substr(newline + 1);
  }
  if (static_cast<int64_t>(starts_.size()) != vocab_size) {
    return Fail(ErrorCode::kInvalidArgument, "the vocabulary has " + std::to_string(starts_.size()) +
                                                 " pieces, the model expects " + std::to_string(vocab_size));
  }
  SL_ASSIGN_OR_RETURN(pad_id_, SpecialId("[PAD]"));
  SL_ASSIGN_OR_RETURN(unknown_id_, SpecialId("[UNK]"));
  SL_ASSIGN_OR_RETURN(start_id_, SpecialId("[CLS]"));
  SL_ASSIGN_OR_RETURN(end_id_, SpecialId("[SEP]"));
  return {};
}

/// The piece that matches most of token[from..], and where it ends.
std::optional<int64_t> WordPieceTokenizer::LongestPiece(std::string_view token, size_t from, size_t& to) const {
  const PieceMap& pieces = from == 0 ? starts_ : continuations_;
  for (to = token.size(); to > from;) {
    const auto found = pieces.find(token.substr(from, to - from));
    if (found != pieces.end()) return found->second;
    U8_BACK_1_UNSAFE(token.data(), to);
  }
  return std::nullopt;
}

/// Step 6 for one token.
void WordPieceTokenizer::AppendPieces(std::string_view token, std::vector<int64_t>& ids) const {
  const size_t ids_before = ids.size();
  size_t code_points = 0;
  for (size_t at = 0; at < token.size() && code_points <= kMaxTokenCodePoints; ++code_points) {
    U8_FWD_1_UNSAFE(token.data(), at);
  }
  bool known = code_points <= kMaxTokenCodePoints;
  size_t to = 0;
  for (size_t from = 0; known && from < token.size(); from = to) {
    const auto piece = LongestPiece(token, from, to);
    known = piece.has_value();
    if (known) ids.push_back(*piece);
  }
  if (known) return;
  ids.resize(ids_before);
  ids.push_back(unknown_id_);
}

/// Steps 4 (accents) to 6 for a lower-cased word.
Status WordPieceTokenizer::AppendWord(const icu::UnicodeString& word, size_t limit, std::vector<int64_t>& ids) const {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* nfd = icu::Normalizer2::getNFDInstance(error);
  const icu::UnicodeString decomposed = U_SUCCESS(error) ? nfd->normalize(word, error) : icu::UnicodeString();
  if (U_FAILURE(error)) return Fail(ErrorCode::kInternal, std::string("ICU: ") + u_errorName(error));
  icu::UnicodeString token;
  const auto flush = [&] {
    if (token.isEmpty()) return;
    std::string utf8;
    AppendPieces(token.toUTF8String(utf8), ids);
    token.remove();
  };
  for (int32_t i = 0; i < decomposed.length() && ids.size() <= limit; i = decomposed.moveIndex32(i, 1)) {
    const UChar32 c = decomposed.char32At(i);
    if (u_charType(c) == U_NON_SPACING_MARK) continue;
    const bool alone = IsPunctuation(c);
    if (alone) flush();
    token.append(c);
    if (alone) flush();
  }
  flush();
  return {};
}

/// Steps 1 to 6. Stops once there are more than `limit` ids.
Status WordPieceTokenizer::AppendTokens(std::string_view text, size_t limit, std::vector<int64_t>& ids) const {
  icu::UnicodeString word;
  const auto flush = [&]() -> Status {
    if (word.isEmpty()) return {};
    const Status appended = AppendWord(word, limit, ids);
    word.remove();
    return appended;
  };
  for (size_t at = 0; at < text.size() && ids.size() <= limit;) {
    const auto c = static_cast<UChar32>(NextCodePoint(text, at));
    if (IsRemoved(c)) continue;
    const bool space = IsWhitespace(static_cast<char32_t>(c));
    const bool alone = IsCjk(c);
    if (space || alone) SL_RETURN_IF_ERROR(flush());
    if (!space) AppendLowerCase(c, word);
    if (alone) SL_RETURN_IF_ERROR(flush());
  }
  return flush();
}

Result<TokenIds> WordPieceTokenizer::Tokenize(std::string_view text, int max_tokens) const {
  if (max_tokens < 2) return Fail(ErrorCode::kInvalidArgument, "max_tokens is " + std::to_string(max_tokens));
  SL_RETURN_IF_ERROR(CheckUtf8(text));
  return Guard("tokenise a text", [&]() -> Result<TokenIds> {
    const auto limit = static_cast<size_t>(max_tokens) - 1;  // the start token and the pieces
    TokenIds result;
    result.ids.push_back(start_id_);
    SL_RETURN_IF_ERROR(AppendTokens(text, limit, result.ids));
    result.truncated = result.ids.size() > limit;
    if (result.truncated) result.ids.resize(limit);
    result.ids.push_back(end_id_);
    return result;
  });
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> MakeWordPieceTokenizer(std::string_view vocabulary, int vocab_size) {
  if (auto valid = CheckUtf8(vocabulary); !valid) return Annotate(valid.error(), "vocabulary");
  return Guard("read a vocabulary", [&]() -> Result<std::unique_ptr<Tokenizer>> {
    auto tokenizer = std::make_unique<WordPieceTokenizer>(vocabulary);
    SL_RETURN_IF_ERROR(tokenizer->ReadVocabulary(vocab_size));
    return tokenizer;
  });
}

}  // namespace sightline::encoder
