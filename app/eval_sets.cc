// SPDX-License-Identifier: BSD-3-Clause
#include "app/eval_sets.h"

#include <array>
#include <filesystem>
#include <utility>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/exit_code.h"
#include "eval/coco_set.h"
#include "eval/csv_set.h"
#include "eval/json_form.h"
#include "eval/karpathy_set.h"
#include "eval/lines_set.h"
#include "eval/msrvtt_set.h"
#include "eval/picture_files.h"
#include "eval/video_files.h"

namespace sightline::app {
namespace {

constexpr std::array<SetKindInfo, 7> kKinds = {{
    {SetKind::kCoco, "coco", "dataset_coco.json (Karpathy), coco_test.json (X2-VLM) or captions_val2014.json"},
    {SetKind::kFlickr30k, "flickr30k", "dataset_flickr30k.json (Karpathy) or flickr30k_test.json (X2-VLM)"},
    {SetKind::kFlickr8k, "flickr8k", "dataset_flickr8k.json (Karpathy), or the same in the form of X2-VLM"},
    {SetKind::kMsrvtt, "msrvtt", "MSRVTT_JSFUSION_test.csv (1k-A: video_id, sentence) or MSRVTT's JSON"},
    {SetKind::kJson, "json", "[{\"image\" or \"video\": path, \"caption\": [text, ...]}, ...] (X2-VLM, ALBEF)"},
    {SetKind::kJsonl, "jsonl",
     "lines of {\"image\" or \"video\": path, \"caption\": text or [text, ...]}, or xFlickr&CO"},
    {SetKind::kCsv, "csv", "a table: a head line, then a path and a caption a row"},
}};

bool HasVideos(SetKind kind) { return kind == SetKind::kMsrvtt; }

bool HasSplits(SetKind kind) { return kind != SetKind::kJson && kind != SetKind::kJsonl && kind != SetKind::kCsv; }

// The forms without splits are of one split already: another one cannot be asked of them.
Status CheckNoSplit(const SetFlags& flags) {
  if (flags.split.empty()) return {};
  return Fail(ErrorCode::kInvalidArgument, fmt::format("{}: a file of this form has no splits", flags.file));
}

Result<eval::RetrievalSet> ReadDocument(const SetFlags& flags) {
  const std::string split = flags.split.empty() ? "test" : flags.split;
  SL_ASSIGN_OR_RETURN(const eval::JsonForm form, eval::RecogniseJsonForm(std::filesystem::path(flags.file)));
  switch (form) {
    case eval::JsonForm::kKarpathy:
      return eval::ReadKarpathyJson(flags.file, split);
    case eval::JsonForm::kMsrvtt:
      return eval::ReadMsrvttJson(flags.file, split);
    case eval::JsonForm::kX2vlm:
      SL_RETURN_IF_ERROR(CheckNoSplit(flags));
      return eval::ReadRetrievalJson(flags.file);
    case eval::JsonForm::kCocoCaptions:
      SL_RETURN_IF_ERROR(CheckNoSplit(flags));
      return eval::ReadCocoCaptions(flags.file);
  }
  return Fail(ErrorCode::kInternal, "a form without a reader");
}

Result<eval::RetrievalSet> ReadMsrvtt(const SetFlags& flags) {
  if (std::filesystem::path(flags.file).extension() == ".json") return ReadDocument(flags);
  SL_RETURN_IF_ERROR(CheckNoSplit(flags));
  return eval::ReadMsrvttCsv(flags.file);
}

Result<eval::RetrievalSet> ReadCsv(const SetFlags& flags) {
  eval::CsvSetOptions options;
  if (!flags.image_column.empty()) options.image_columns = {flags.image_column};
  if (!flags.caption_column.empty()) options.caption_columns = {flags.caption_column};
  options.separator = flags.separator == "tab" ? '\t' : flags.separator.at(0);
  return eval::ReadCsvSet(flags.file, options);
}

Result<eval::RetrievalSet> ReadFile(SetKind kind, const SetFlags& flags) {
  switch (kind) {
    case SetKind::kCoco:
    case SetKind::kFlickr30k:
    case SetKind::kFlickr8k:
      return ReadDocument(flags);
    case SetKind::kMsrvtt:
      return ReadMsrvtt(flags);
    case SetKind::kJson:
      return eval::ReadRetrievalJson(flags.file);
    case SetKind::kJsonl:
      return eval::ReadJsonLinesSet(flags.file);
    case SetKind::kCsv:
      return ReadCsv(flags);
  }
  return Fail(ErrorCode::kInternal, "a kind without a reader");
}

Result<eval::RetrievalSet> ReadAndFind(SetKind kind, const SetFlags& flags) {
  SL_ASSIGN_OR_RETURN(eval::RetrievalSet set, ReadFile(kind, flags));
  SL_RETURN_IF_ERROR(set.has_videos ? eval::FindVideoFiles(flags.folder, set)
                                    : eval::FindPictureFiles(flags.folder, set));
  return set;
}

std::string CheckSeparator(const std::string& text) {
  const bool is_one = text.size() == 1 && text[0] != '"' && text[0] != '\n' && text[0] != '\r';
  return is_one || text == "tab" ? "" : "one character, or the word tab";
}

}  // namespace

std::span<const SetKindInfo> SetKinds() { return kKinds; }

Result<SetKind> SetKindFromName(std::string_view name) {
  std::string names;
  for (const SetKindInfo& info : kKinds) {
    if (name == info.name) return info.kind;
    names += fmt::format(" {}", info.name);
  }
  return Fail(ErrorCode::kInvalidArgument, fmt::format("no kind of set \"{}\"; there are:{}", name, names));
}

void AddSetOptions(CLI::App& command, SetKind kind, SetFlags& flags) {
  const SetKindInfo& info = kKinds.at(static_cast<size_t>(kind));
  command.add_option(kind == SetKind::kMsrvtt ? "file,--csv" : "file", flags.file, info.form)->required();
  command
      .add_option(
          HasVideos(kind) ? "--videos" : "--images", flags.folder,
          HasVideos(kind) ? "Folder of the videos, named by video_id" : "Folder that the set's paths start from")
      ->required();
  if (HasSplits(kind)) {
    command.add_option("--split", flags.split, "Of a file with splits: test (default), val, train, restval or all");
  }
  if (kind != SetKind::kCsv) return;
  command.add_option("--image-column", flags.image_column, "Column of the paths (default: image, video, path, ...)");
  command.add_option("--caption-column", flags.caption_column, "Column of the texts (default: caption, text, ...)");
  command.add_option("--separator", flags.separator, "Between columns: one character, or tab")->check(CheckSeparator);
}

Result<eval::RetrievalSet> ReadSet(SetKind kind, const SetFlags& flags) {
  auto set = ReadAndFind(kind, flags);
  if (!set) return InputError(std::move(set).error());
  return set;
}

Result<eval::RetrievalSet> ReadSetList(SetKind kind, const SetFlags& flags) {
  auto set = ReadFile(kind, flags);
  if (!set) return InputError(std::move(set).error());
  return set;
}

}  // namespace sightline::app
