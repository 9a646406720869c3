// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "storage/collection.h"

namespace sightline::testing {

/// `dim` floats of unit length, uniform over directions; the same for the same seed.
Embedding RandomEmbedding(uint32_t dim, uint64_t seed);

/// A token matrix with random content in the collection's format.
TokenMatrix RandomTokens(uint32_t tokens, uint32_t width, storage::PatchStorage storage, uint64_t seed);

/// An image item with one unit, allocated but not committed; tokens and thumbnail where the collection stores them.
struct Sample {
  storage::ItemRecord item;
  std::vector<storage::NewUnit> units;
};

/// Makes a sample with the given path; content, hash and metadata depend on the seed. @param vectors  at least 1; more
/// than one: a clip with frames.
Sample MakeSample(storage::Collection& collection, const std::string& path, uint64_t seed, size_t vectors = 1);

/// The WriteSet that puts all of it.
storage::WriteSet Put(const std::vector<Sample>& samples);

}  // namespace sightline::testing
