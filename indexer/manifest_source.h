// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>

#include "indexer/input_sources.h"
#include "indexer/scanner.h"

namespace sightline::indexer {

/// Visits the files that a manifest names, in order, each followed by its captions. The manifest holds JSON lines
///
///   {"path": "photos/1.jpg", "metadata": {"album": "Rome", "stars": 5}, "captions": ["a fountain at night"]}
///
/// with "path" (relative to the manifest's folder, or absolute) or "uri" (file:// only), and, both optional, "metadata"
/// (Note [Typed metadata]), which wins over what the file itself says, and "captions". A line without "metadata" says
/// nothing about it, `{}` says that there is none. Any other key is an error, so that a misspelled one is not lost.
/// A caption's path is `<manifest>#<path or uri as written>.<n>`, n from 0. A line that is broken, or names a file that
/// a manifest named before, is an entry with an error that names the line; the rest goes on. Keeps one line and, in
/// `scanner`, the paths in memory; a folder that is scanned with the same scanner afterwards leaves these files out.
/// @return whether it came to the end.
bool VisitManifest(const std::filesystem::path& file, Scanner& scanner, const InputVisitor& visit);

}  // namespace sightline::indexer
