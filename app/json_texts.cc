// SPDX-License-Identifier: BSD-3-Clause
#include "app/json_texts_internal.h"

#include "app/text.h"

namespace sightline::app {

boost::json::array JsonTexts(const std::vector<std::string>& texts) {
  boost::json::array out;
  for (const std::string& text : texts) out.emplace_back(ValidUtf8(text));
  return out;
}

}  // namespace sightline::app
