// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>

#include "base/result.h"

namespace sightline::encoder {

/// Name to content, which are views into the archive's bytes.
using ZipEntries = std::map<std::string, std::span<const std::byte>, std::less<>>;

/// Reads the directory of a zip archive of stored (uncompressed) entries, as `torch.save` writes it, zip64 included.
/// Nothing is unpacked and no name is ever used as a path; names that could only be meant as a trick are refused all
/// the same.
/// @param bytes  the whole file; must outlive the result.
/// @return all entries but folders.
/// Errors: kCorruption (truncated; anything that contradicts itself or lies outside the file; entries that overlap;
/// two of one name; an absolute name or one with `..`, a backslash or a control character), kUnsupported (compressed
/// or encrypted entries, archives of several disks), kResourceExhausted (more than 200,000 entries).
/// Time and memory are linear in the number of entries.
Result<ZipEntries> ReadZip(std::span<const std::byte> bytes);

/// Does it start like a zip archive?
bool LooksLikeZip(std::span<const std::byte> bytes);

}  // namespace sightline::encoder
