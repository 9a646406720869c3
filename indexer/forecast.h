// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <stop_token>

#include "base/result.h"
#include "encoder/encoder.h"
#include "indexer/indexer.h"
#include "storage/collection.h"

namespace sightline::indexer {

/// What a run over `inputs` would cost: scans everything, skips what is known by path, size and time, and decodes and
/// encodes some of the other inputs, evenly drawn from those of each kind, to time them and to see what they take.
/// Files whose content turns out to be known count as to be encoded, so the forecast is an upper bound. Writes nothing.
/// The report has counts, errors and forecast. Errors: those of RecordStore's reads.
Result<IndexReport> MakeForecast(const storage::Collection& collection, encoder::Encoder& encoder,
                                 const IndexOptions& options, const IndexInputs& inputs, IndexObserver* observer,
                                 std::stop_token stop);

}  // namespace sightline::indexer
