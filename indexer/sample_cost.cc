// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/sample_cost.h"

#include <algorithm>
#include <chrono>
#include <numeric>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "indexer/encode_stage.h"

namespace sightline::indexer {
namespace {

using Clock = std::chrono::steady_clock;

// What thumbnails take, and what is known already, differs much from file to file, so many are read. How long the
// encoder takes, and its patches, do not.
constexpr size_t kReadAtLeast = 16;
constexpr size_t kEncode = 8;
// How much a caption takes depends on its length, and encoding one costs little.
constexpr size_t kEncodeCaptions = 32;

double SecondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

double TokenBytes(const WorkItem& item) {
  double bytes = 0;
  for (const WorkUnit& unit : item.units) {
    if (const auto& tokens = unit.stored.tokens) bytes += static_cast<double>(tokens->size_bytes());
  }
  return bytes;
}

struct EncodedInput {
  WorkItem item;
  double size_bytes = 0;
};

// Every input is as likely as any other to be among the first.
std::vector<const DrawnInput*> Shuffled(const Reservoir& inputs) {
  std::vector<const DrawnInput*> order;
  for (const DrawnInput& input : inputs.sample()) order.push_back(&input);
  std::shuffle(order.begin(), order.end(), std::mt19937_64(20'240'502));
  return order;
}

// Tokens per input. Those of a caption grow with its words, so what is known of the length of all captions corrects the
// sample's mean (a regression estimate); those of pictures are all the same, and the slope is 0.
double MeanTokenBytes(const std::vector<EncodedInput>& encoded, double mean_size_of_all, bool depends_on_size) {
  const auto count = static_cast<double>(encoded.size());
  double size = 0;
  double tokens = 0;
  for (const EncodedInput& each : encoded) {
    size += each.size_bytes / count;
    tokens += TokenBytes(each.item) / count;
  }
  double covariance = 0;
  double variance = 0;
  for (const EncodedInput& each : encoded) {
    covariance += (each.size_bytes - size) * (TokenBytes(each.item) - tokens);
    variance += (each.size_bytes - size) * (each.size_bytes - size);
  }
  if (!depends_on_size || variance <= 0) return tokens;
  return std::max(0.0, tokens + covariance / variance * (mean_size_of_all - size));
}

}  // namespace

Result<SampleCost> MeasureSample(const Reservoir& inputs, const Preparer& preparer, encoder::Encoder& encoder,
                                 storage::PatchStorage patch_storage, std::chrono::seconds read_for,
                                 const std::stop_token& stop) {
  SampleCost cost;
  std::vector<EncodedInput> to_encode;
  std::set<storage::ContentHash> seen;
  size_t read = 0;
  size_t brings_new = 0;
  bool captions = false;
  const auto start = Clock::now();
  for (const DrawnInput* input : Shuffled(inputs)) {
    if (stop.stop_requested() || (read >= kReadAtLeast && Clock::now() - start > read_for)) break;
    SL_ASSIGN_OR_RETURN(WorkItem item, preparer.Prepare(input->entry, stop));
    ++read;
    if (item.state != WorkState::kNewContent || !seen.insert(item.hash).second) continue;
    ++brings_new;
    captions = item.input.is_caption();
    for (const WorkUnit& unit : item.units) cost.thumbnail_bytes += static_cast<double>(unit.stored.thumbnail.size());
    if (to_encode.size() < (captions ? kEncodeCaptions : kEncode)) {
      to_encode.push_back({std::move(item), static_cast<double>(input->size_bytes)});
    }
  }
  if (brings_new == 0) return cost;
  const auto count = static_cast<double>(read);
  cost.new_share = static_cast<double>(brings_new) / count;
  cost.decode_seconds = SecondsSince(start) / count;
  cost.thumbnail_bytes /= count;
  if (stop.stop_requested()) return cost;

  std::vector<WorkItem> items;
  for (const EncodedInput& each : to_encode) items.push_back(each.item);
  EncodeItems(encoder, patch_storage, items);  // the first call of this size is slower than those of a long run
  for (size_t i = 0; i < items.size(); ++i) items[i] = to_encode[i].item;
  const auto encode_start = Clock::now();
  EncodeItems(encoder, patch_storage, items);
  cost.encode_seconds = cost.new_share * SecondsSince(encode_start) / static_cast<double>(items.size());
  for (size_t i = 0; i < items.size(); ++i) to_encode[i].item = std::move(items[i]);
  std::erase_if(to_encode, [](const EncodedInput& each) { return each.item.state != WorkState::kNewContent; });
  if (to_encode.empty()) return cost;
  const double mean_size = static_cast<double>(inputs.size_bytes()) / static_cast<double>(inputs.count());
  cost.token_bytes = cost.new_share * MeanTokenBytes(to_encode, mean_size, captions);
  return cost;
}

}  // namespace sightline::indexer
