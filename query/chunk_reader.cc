// SPDX-License-Identifier: BSD-3-Clause
#include "query/chunk_reader.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/guard.h"
#include "query/early_stop.h"

namespace sightline::query {
namespace {

// Fewer pairs at a time would leave the fusion encoder's batches half empty.
constexpr size_t kFewestPairs = 32;
// With the patches of the base model: 40 MB a chunk, of which three are in memory at a time.
constexpr size_t kMostPairs = 256;

size_t DepthOf(const SearchState& state) {
  const SearchRequest& request = *state.request;
  return std::min({request.rerank_depth, request.stop_after.value_or(request.rerank_depth), state.candidates.size()});
}

void AddPairs(SearchState& state, std::vector<RerankPair>& pairs) {
  const size_t depth = DepthOf(state);
  size_t read = 0;
  size_t round = 0;
  size_t next_look = NextLook(0, state.request->top_k);
  for (const Pairing pairing : {Pairing::kWords, Pairing::kPicture}) {
    for (Candidate& candidate : std::span(state.candidates).first(depth)) {
      if (PairingOf(*state.request, candidate.type) != pairing) continue;
      if (state.stop_margin && read == next_look) {
        next_look += NextLook(read, state.request->top_k);
        ++round;
      }
      pairs.push_back({&state, &candidate, pairing, round});
      ++read;
    }
  }
}

bool StayTogether(const RerankPair& a, const RerankPair& b) {
  return a.state == b.state && a.pairing == Pairing::kPicture && b.pairing == Pairing::kPicture;
}

// The batch shares the work, so it goes on while anybody still waits for it. A stop is only taken from one state alone:
// each one's own is checked again before it is reranked.
Limits SharedLimits(const RerankChunk& chunk) {
  Limits shared = chunk.front().state->request->limits;
  for (const RerankPair& pair : chunk) {
    if (pair.state == chunk.front().state) continue;
    shared.deadline = std::max(shared.deadline, pair.state->request->limits.deadline);
    shared.stop = {};
  }
  return shared;
}

}  // namespace

std::vector<RerankChunk> SplitToRerank(std::span<SearchState> states) {
  std::vector<RerankPair> pairs;
  for (SearchState& state : states) {
    if (state.alive() && state.plan.rerank) AddPairs(state, pairs);
  }
  const size_t size = std::clamp(pairs.size() / 2, kFewestPairs, kMostPairs);
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const RerankPair& a, const RerankPair& b) { return a.round < b.round; });
  std::vector<RerankChunk> chunks;
  for (const RerankPair& pair : pairs) {
    if (chunks.empty() || chunks.back().back().round != pair.round ||
        (chunks.back().size() >= size && !StayTogether(chunks.back().back(), pair))) {
      chunks.emplace_back();
    }
    chunks.back().push_back(pair);
  }
  return chunks;
}

ChunkReader::ChunkReader(std::span<const RerankChunk> chunks, const TokenSource& source) : source_(source) {
  for (const RerankChunk& chunk : chunks) orders_.push_back(OrderOf(chunk));
  if (orders_.size() < 2) return;
  thread_ = std::jthread([this] {
    for (const Order& order : orders_) {
      if (!ready_.Push(Load(order))) return;
    }
    ready_.Close();
  });
}

ChunkReader::~ChunkReader() { ready_.Abort(); }

Result<LoadedTokens> ChunkReader::Next() {
  if (orders_.size() < 2) return Load(orders_.at(0));
  auto next = ready_.Pop();
  if (!next) return Fail(ErrorCode::kInternal, "more chunks were asked for than there are");
  return *std::move(next);
}

ChunkReader::Order ChunkReader::OrderOf(const RerankChunk& chunk) {
  Order order{.wanted = {}, .owners = {}, .limits = SharedLimits(chunk)};
  for (const RerankPair& pair : chunk) {
    order.wanted.push_back({pair.candidate->unit, pair.candidate->written_at});
    order.owners.push_back(pair.state);
  }
  return order;
}

void ChunkReader::Drop(const SearchState& state) {
  const std::lock_guard lock(mutex_);
  dropped_.insert(&state);
}

std::vector<WantedTokens> ChunkReader::StillWanted(const Order& order) {
  const std::lock_guard lock(mutex_);
  if (dropped_.empty()) return order.wanted;
  std::vector<WantedTokens> wanted;
  for (size_t i = 0; i < order.wanted.size(); ++i) {
    if (!dropped_.contains(order.owners[i])) wanted.push_back(order.wanted[i]);
  }
  return wanted;
}

Result<LoadedTokens> ChunkReader::Load(const Order& order) {
  return Guard("read patches", [&] { return LoadTokens(StillWanted(order), source_, order.limits); });
}

}  // namespace sightline::query
