// SPDX-License-Identifier: BSD-3-Clause
#include "app/eval_prepare.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "app/eval_sets.h"
#include "app/json_texts_internal.h"
#include "app/text.h"
#include "eval/data_folder.h"
#include "eval/picture_files.h"
#include "eval/video_files.h"

namespace sightline::app {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

struct PrepareFlags {
  std::string kind;
  std::string folder;
  std::string split;
  bool json = false;
};

// What was found. Paths are relative to the folder.
struct Prepared {
  const eval::Dataset& dataset;
  std::string folder;
  std::string split;  // Empty: what the file has by itself.
  eval::FoundLayout layout;
  eval::RetrievalSet set;            // Empty without its annotation.
  std::vector<std::string> missing;  // Pictures or videos.

  bool is_complete() const { return layout.has_annotation && missing.empty(); }
  const char* media_name() const { return dataset.name == "msrvtt" ? "videos" : "pictures"; }
  std::string next() const {
    const std::string command = fmt::format(
        "sightline eval {} {} --{} {}", dataset.name, ShellWord((fs::path(folder) / layout.annotation).string()),
        dataset.name == "msrvtt" ? "videos" : "images", ShellWord((fs::path(folder) / layout.media).string()));
    return split.empty() ? command : command + " --split " + ShellWord(split);
  }
};

const eval::Dataset& DatasetOf(const std::string& name) {
  const auto& all = eval::Datasets();
  return *std::find_if(all.begin(), all.end(), [&name](const eval::Dataset& dataset) { return dataset.name == name; });
}

// Where a picture or video that is not there belongs.
std::string PlaceOf(const Prepared& prepared, const std::string& path) {
  const fs::path place = fs::path(prepared.layout.media) / path;
  return prepared.set.has_videos && !place.has_extension() ? place.string().append(".mp4") : place.string();
}

Status FindMedia(Prepared& prepared) {
  const fs::path media = fs::path(prepared.folder) / prepared.layout.media;
  if (prepared.layout.has_media) {
    SL_RETURN_IF_ERROR(prepared.set.has_videos ? eval::FindVideoFiles(media, prepared.set)
                                               : eval::FindPictureFiles(media, prepared.set));
  }
  for (const std::string& path : eval::MissingFiles(media, prepared.set.images)) {
    prepared.missing.push_back(PlaceOf(prepared, path));
  }
  return {};
}

Result<Prepared> Prepare(const PrepareFlags& flags) {
  const eval::Dataset& dataset = DatasetOf(flags.kind);
  auto layout = eval::FindLayout(dataset, flags.folder);
  if (!layout) return InputError(std::move(layout).error());
  Prepared prepared = {.dataset = dataset,
                       .folder = flags.folder,
                       .split = flags.split,
                       .layout = *std::move(layout),
                       .set = {},
                       .missing = {}};
  if (!prepared.layout.has_annotation) return prepared;
  SetFlags set;
  set.file = (fs::path(flags.folder) / prepared.layout.annotation).string();
  set.split = flags.split;
  SL_ASSIGN_OR_RETURN(const SetKind kind, SetKindFromName(flags.kind));
  SL_ASSIGN_OR_RETURN(prepared.set, ReadSetList(kind, set));
  SL_RETURN_IF_ERROR(FindMedia(prepared));
  return prepared;
}

// A folder of which nothing is there is one line; otherwise every file is.
void AddMissing(const Prepared& prepared, std::string& out) {
  std::map<std::string, size_t> wanted;
  std::map<std::string, std::vector<std::string>> missing;
  for (const std::string& path : prepared.set.images) {
    ++wanted[fs::path(PlaceOf(prepared, path)).parent_path().string()];
  }
  for (const std::string& path : prepared.missing) missing[fs::path(path).parent_path().string()].push_back(path);
  for (const auto& [folder, paths] : missing) {
    if (paths.size() > 1 && paths.size() == wanted[folder]) {
      out += fmt::format("missing: all {} {} that belong in {}, as {}\n", paths.size(), prepared.media_name(),
                         OneLine(folder.empty() ? "." : folder), OneLine(paths.front()));
      continue;
    }
    for (const std::string& path : paths) out += fmt::format("missing: {}\n", OneLine(path));
  }
}

std::string AnnotationText(const Prepared& prepared) {
  std::vector<std::string> others;
  for (const eval::DataLayout& layout : prepared.dataset.layouts) others.push_back(layout.annotation);
  return fmt::format("missing: the captions; one of {} belongs in {}\n", fmt::join(others, ", "),
                     OneLine(prepared.folder));
}

std::string Text(const Prepared& prepared) {
  const eval::RetrievalSet& set = prepared.set;
  std::string out;
  if (prepared.layout.has_annotation) {
    for (const std::string& caption : set.left_out) out += fmt::format("left out: {}\n", OneLine(caption));
    for (const std::string& path : set.without_captions) out += fmt::format("without captions: {}\n", OneLine(path));
    AddMissing(prepared, out);
    out +=
        fmt::format("{}: {} {}, {} there, {} missing; {} captions, {} left out\n", OneLine(prepared.layout.annotation),
                    set.images.size(), prepared.media_name(), set.images.size() - prepared.missing.size(),
                    prepared.missing.size(), set.captions.size(), set.left_out.size());
  } else {
    out += AnnotationText(prepared);
    out += fmt::format("captions come from: {}\n", prepared.dataset.annotation_source);
  }
  if (!prepared.layout.has_annotation || !prepared.missing.empty()) {
    out += fmt::format("{} come from: {}\n", prepared.media_name(), prepared.dataset.media_source);
  }
  out += prepared.is_complete() ? fmt::format("complete: {}\n", OneLine(prepared.next())) : "not complete\n";
  return out;
}

std::string Json(const Prepared& prepared) {
  json::array annotations;
  for (const eval::DataLayout& layout : prepared.dataset.layouts) annotations.emplace_back(layout.annotation);
  json::object out = {{"kind", json::string(prepared.dataset.name)},
                      {"folder", ValidUtf8(prepared.folder)},
                      {"complete", prepared.is_complete()},
                      {"annotation", nullptr},
                      {"annotations_known", std::move(annotations)},
                      {"annotation_source", json::string(prepared.dataset.annotation_source)},
                      {"media_source", json::string(prepared.dataset.media_source)}};
  if (!prepared.layout.has_annotation) return json::serialize(out) + "\n";
  out["annotation"] = ValidUtf8(prepared.layout.annotation);
  out[prepared.media_name()] = prepared.set.images.size();
  out["captions"] = prepared.set.captions.size();
  out["missing"] = JsonTexts(prepared.missing);
  out["left_out"] = JsonTexts(prepared.set.left_out);
  out["without_captions"] = JsonTexts(prepared.set.without_captions);
  out["command"] = ValidUtf8(prepared.next());
  return json::serialize(out) + "\n";
}

Result<ExitCode> RunPrepare(const Session& session, const PrepareFlags& flags) {
  SL_ASSIGN_OR_RETURN(const Prepared prepared, Prepare(flags));
  fmt::print(session.io.out, "{}", flags.json ? Json(prepared) : Text(prepared));
  return prepared.is_complete() ? ExitCode::kOk : ExitCode::kNoResult;
}

}  // namespace

void AddEvalPrepare(CLI::App& eval, Session& session) {
  auto flags = std::make_shared<PrepareFlags>();
  CLI::App* command = eval.add_subcommand("prepare", "Check a dataset's folder: what is missing, and where it belongs");
  std::vector<std::string> kinds;
  for (const eval::Dataset& dataset : eval::Datasets()) kinds.emplace_back(dataset.name);
  command->add_option("kind", flags->kind, "coco, flickr30k, flickr8k or msrvtt")
      ->required()
      ->check(CLI::IsMember(kinds));
  command->add_option("folder", flags->folder, "Where the dataset is to be")->required();
  command->add_option("--split", flags->split, "Of a file with splits: test (default), val, train, restval or all");
  command->add_flag("--json", flags->json, "Print one JSON object");
  command->callback([flags, &session] { session.run = [flags, &session] { return RunPrepare(session, *flags); }; });
}

}  // namespace sightline::app
