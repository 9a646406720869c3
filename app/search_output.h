// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

#include "http/answer_json.h"
#include "query/searcher.h"

namespace sightline::app {

using http::AnswerJson;
using http::SearchSubject;

/// "a dog" / like dog.jpg / near query.npy / like item 12, or two of them: for headings.
std::string Describe(const SearchSubject& subject);

/// Why there is no hit, as one sentence; empty when there are hits.
std::string NoMatchSentence(const SearchSubject& subject, const query::SearchAnswer& answer);

/// "500 searched, 64 reranked, 81 ms", with remarks on what was cut, hidden or left out.
std::string Summary(const SearchSubject& subject, const query::SearchAnswer& answer);

/// "0:12-0:20, best 0:14"; empty for what has no time.
std::string TimeCell(const query::Moment& moment);

/// The path; of a caption its words, then the path.
std::string NameOfHit(const query::Hit& hit);

/// A table for people, ending in a line break. Weak hits are marked with '~'.
std::string AnswerTable(const SearchSubject& subject, const query::SearchAnswer& answer);

}  // namespace sightline::app
