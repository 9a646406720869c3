// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <mutex>
#include <span>
#include <thread>
#include <unordered_set>
#include <vector>

#include "base/bounded_queue.h"
#include "base/limits.h"
#include "base/result.h"
#include "query/search_state.h"
#include "query/tokens.h"

namespace sightline::query {

/// One candidate and the query that it is read against.
struct RerankPair {
  SearchState* state = nullptr;
  Candidate* candidate = nullptr;
  Pairing pairing = Pairing::kNone;
  size_t round = 0;  ///< A query that may stop early is looked at between its rounds.
};

/// Pairs that go through the fusion encoder together, in order of the queries, best candidates first.
using RerankChunk = std::vector<RerankPair>;

/// The paired ones of the first `rerank_depth` candidates of every living state that reranks, in chunks: two for a
/// single query, so that the second is read while the encoder has the first; at most a few hundred pairs each, so that
/// a large batch does not hold all its patches at a time. The captions of one query stay together: they are small, and
/// the encoder shares work between them. What a query that may stop early reads between two looks is never in one chunk
/// with what it reads later. The states must stay where they are.
std::vector<RerankChunk> SplitToRerank(std::span<SearchState> states);

/// Loads the tokens of chunks, in order, one chunk ahead of who takes them: in a batch the candidates of the next query
/// are read while the present one is reranked. A single chunk is loaded by the caller's own thread.
class ChunkReader {
 public:
  ChunkReader(std::span<const RerankChunk> chunks, const TokenSource& source);
  /// Leaves out what was not loaded yet.
  ~ChunkReader();
  ChunkReader(const ChunkReader&) = delete;
  ChunkReader& operator=(const ChunkReader&) = delete;

  /// Of the next chunk; call it at most once for each. Blocks. Errors: those of LoadTokens.
  Result<LoadedTokens> Next();

  /// Leaves out what a query wants of chunks that are not loaded yet: it has read enough.
  void Drop(const SearchState& state);

 private:
  /// What is loaded for one chunk, apart from the states, which others change meanwhile.
  struct Order {
    std::vector<WantedTokens> wanted;
    std::vector<const SearchState*> owners;  // Of each; only compared.
    Limits limits;
  };

  static Order OrderOf(const RerankChunk& chunk);
  std::vector<WantedTokens> StillWanted(const Order& order);
  Result<LoadedTokens> Load(const Order& order);

  const TokenSource source_;
  std::vector<Order> orders_;
  std::mutex mutex_;
  std::unordered_set<const SearchState*> dropped_;
  BoundedQueue<Result<LoadedTokens>> ready_{1};
  std::jthread thread_;  ///< Last: it uses the others.
};

}  // namespace sightline::query
