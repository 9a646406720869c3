// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "eval/retrieval_set.h"

namespace CLI {
class App;
}

namespace sightline::app {

/// The evaluation sets that there are readers for, by name or by form.
enum class SetKind { kCoco, kFlickr30k, kFlickr8k, kMsrvtt, kJson, kJsonl, kCsv };

struct SetKindInfo {
  SetKind kind;
  const char* name;  ///< Of the subcommand.
  const char* form;  ///< What the file may be, for people.
};

/// All kinds, in the order of the help.
std::span<const SetKindInfo> SetKinds();

/// What the command line says about a set.
struct SetFlags {
  std::string file;            ///< With the captions.
  std::string folder;          ///< Where the set's paths start.
  std::string split;           ///< Empty: "test", of a file that has splits.
  std::string image_column;    ///< Of a CSV file; empty: one of the usual names.
  std::string caption_column;  ///< As above.
  std::string separator = ",";
};

/// Adds the file, `--images` (for videos `--videos`) and what else the kind has. `flags` must outlive parsing.
void AddSetOptions(CLI::App& command, SetKind kind, SetFlags& flags);

/// The kind of that name. Errors: kInvalidArgument (the message lists the names).
Result<SetKind> SetKindFromName(std::string_view name);

/// Reads a set and finds its files: a path is one below `flags.folder` where there is a file for it.
/// Errors: InputError (exit code 3) of what the readers, FindPictureFiles and FindVideoFiles say.
Result<eval::RetrievalSet> ReadSet(SetKind kind, const SetFlags& flags);

/// As ReadSet, without a look at the folder: the paths are those of the file.
Result<eval::RetrievalSet> ReadSetList(SetKind kind, const SetFlags& flags);

}  // namespace sightline::app
