// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "encoder/text/tokenizer.h"

namespace sightline::encoder {

/// BERT's uncased WordPiece tokenizer (x2vlm-spec section 8.3).
/// @param vocabulary  the content of vocab.txt: one piece per line, line number = id. Copied.
/// @param vocab_size  how many pieces the model configuration says there are.
/// Errors: kInvalidArgument, naming what is wrong: not valid UTF-8, an empty or repeated piece, another number of
/// pieces, [PAD], [UNK], [CLS] or [SEP] missing.
Result<std::unique_ptr<Tokenizer>> MakeWordPieceTokenizer(std::string_view vocabulary, int vocab_size);

}  // namespace sightline::encoder
