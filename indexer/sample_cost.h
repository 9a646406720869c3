// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <stop_token>

#include "encoder/encoder.h"
#include "indexer/preparer.h"
#include "indexer/reservoir.h"
#include "storage/collection.h"

namespace sightline::indexer {

/// What one of the inputs that a sample was drawn from takes on average. An input that brings nothing new (its content
/// is stored, another one of the sample has it too, or it cannot be read) takes nothing but the time to find that out.
struct SampleCost {
  double new_share = 0;  ///< Of the inputs.
  double decode_seconds = 0;
  double encode_seconds = 0;
  double token_bytes = 0;
  double thumbnail_bytes = 0;
};

/// Reads, decodes and encodes of a sample of pictures or captions: all of it is read, but beyond a few inputs for no
/// longer than `read_for`; some of it is encoded. Nothing is written. A stop ends it early.
/// Errors: those of RecordStore's reads.
Result<SampleCost> MeasureSample(const Reservoir& inputs, const Preparer& preparer, encoder::Encoder& encoder,
                                 storage::PatchStorage patch_storage, std::chrono::seconds read_for,
                                 const std::stop_token& stop);

}  // namespace sightline::indexer
