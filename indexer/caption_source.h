// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>

#include "indexer/input_sources.h"

namespace sightline::indexer {

/// Visits the captions of a file, in order. It holds JSON lines or one JSON array of records
///
///   {"id": "a1", "text": "a dog on the grass", "item": "photos/dog.jpg", "metadata": {"lang": "en"}}
///   {"image": "val2014/1.jpg", "caption": ["a dog", "a brown dog"]}
///
/// with "text", "caption" or "captions" (a string, or a list: one caption each), "item", "image", "video" or "file"
/// (what the words describe: a path, relative to the captions file's folder, or a file:// URI; may be absent, and need
/// not exist) and "metadata" (Note [Typed metadata]); other keys are ignored. A caption's path is `<file>#<id>`, of a
/// list
/// `<file>#<id>.<n>`, n from 0; without "id" it is the line's number or the array's index. A record that is broken, or
/// has an id that came before, is an entry with an error that names its line or index; the rest goes on.
/// Keeps about 60 bytes per caption in memory, to tell repeated ids, and one record.
/// @return whether it came to the end.
bool VisitCaptions(const std::filesystem::path& file, const InputVisitor& visit);

}  // namespace sightline::indexer
