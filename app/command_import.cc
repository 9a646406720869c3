// SPDX-License-Identifier: BSD-3-Clause
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "app/index_flags.h"
#include "app/interrupt.h"
#include "app/job_turn.h"
#include "app/open.h"
#include "app/progress_view.h"
#include "indexer/transfer/export_importer.h"
#include "indexer/transfer/vector_files.h"
#include "indexer/transfer/vector_importer.h"

namespace sightline::app {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  sightline import vectors --vectors embeddings.npy --metadata rows.jsonl\n"
    "  sightline import laion ~/laion-embeddings          (img_emb/*.npy, metadata/*.jsonl)\n"
    "  sightline import copy holidays-export              (what export wrote)\n"
    "  sightline search vectors --vector query.npy";

struct ImportFlags {
  std::string collection;
  std::string folder;
  std::vector<std::string> vectors;
  std::vector<std::string> metadata;
  uint32_t dim = 0;  // 0: what the files have.
  bool no_metadata = false;
  IndexOptionFlags index;
  bool wait = false;  // For another job's end.
  bool json = false;
};

struct ImportSources {
  std::vector<indexer::VectorFile> files;
  std::vector<indexer::IndexNote> notes;
};

Result<ImportSources> CollectSources(const ImportFlags& flags) {
  ImportSources sources;
  if (!flags.folder.empty()) {
    if (!flags.vectors.empty() || !flags.metadata.empty()) {
      return Fail(ErrorCode::kInvalidArgument, "give a folder or --vectors, not both");
    }
    if (std::error_code ignored; std::filesystem::is_regular_file(flags.folder, ignored)) {
      return Fail(ErrorCode::kInvalidArgument, flags.folder + " is a file: give it with --vectors");
    }
    auto found = indexer::ListClipRetrievalFolder(flags.folder, flags.no_metadata);
    if (!found) return InputError(std::move(found).error());
    return ImportSources{std::move(found->files), std::move(found->notes)};
  }
  if (flags.vectors.empty()) return Fail(ErrorCode::kInvalidArgument, "nothing to import: give --vectors or a folder");
  if (!flags.metadata.empty() && flags.metadata.size() != flags.vectors.size()) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("{} files of vectors and {} of metadata: each needs its own, in the same order",
                            flags.vectors.size(), flags.metadata.size()));
  }
  for (size_t i = 0; i < flags.vectors.size(); ++i) {
    indexer::VectorFile& file = sources.files.emplace_back();
    file.vectors = flags.vectors[i];
    if (!flags.metadata.empty()) file.lines = flags.metadata[i];
  }
  return sources;
}

// The collection that takes the vectors: there already, or made for them.
Result<storage::CollectionConfig> ConfigFor(const ImportFlags& flags, const ImportSources& sources) {
  auto columns = indexer::ColumnsOf(sources.files);
  if (!columns && columns.error().code == ErrorCode::kInvalidArgument) return tl::unexpected<Error>(columns.error());
  if (!columns) return InputError(std::move(columns).error());
  if (flags.dim != 0 && flags.dim != *columns) {
    return Fail(ErrorCode::kInvalidArgument,
                fmt::format("--dim is {}, the vectors have {} values", flags.dim, *columns));
  }
  return storage::CollectionConfig{
      .model_name = "none", .model_fingerprint = "", .dim = *columns, .patch_storage = storage::PatchStorage::kNone};
}

// Waits for the index and tells what the run did. What is imported can be searched already; an interrupt only leaves
// the index for later.
Result<ExitCode> Finish(const Session& session, storage::Collection& collection, const indexer::IndexReport& report,
                        ProgressStyle style, const char* noun, const std::stop_token& stop) {
  const Status finished = report.stopped ? Status() : FinishIndex(session, collection, {.stop = stop});
  if (!finished && finished.error().code != ErrorCode::kCancelled) return tl::unexpected<Error>(finished.error());
  PrintIndexReport(session.io, report, false, style, noun);
  if (report.stopped) return ExitCode::kInterrupted;
  const indexer::IndexProgress& progress = report.progress;
  return progress.failed > 0 && progress.failed == progress.done() ? ExitCode::kInput : ExitCode::kOk;
}

constexpr const char* kHint =
    "stopping: finishing what is in hand; run the same command again to go on (again Ctrl-C: quit at once)";

Result<ExitCode> RunImportOfExport(const Session& session, const ImportFlags& flags, ProgressStyle style) {
  if (!flags.vectors.empty() || !flags.metadata.empty()) {
    return Fail(ErrorCode::kInvalidArgument, "give a folder or --vectors, not both");
  }
  SL_ASSIGN_OR_RETURN(const indexer::ExportInfo info, indexer::ReadExportInfo(flags.folder));
  if (flags.dim != 0 && flags.dim != info.dim) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("--dim is {}, the export has {}", flags.dim, info.dim));
  }
  SL_ASSIGN_OR_RETURN(const auto collection, OpenInTurn(session, flags.wait, std::nullopt, [&] {
                        return OpenOrCreate(session, flags.collection, indexer::ConfigFor(info), {}, flags.index);
                      }));
  const auto view = MakeProgressView(session.io, style, "items");
  const InterruptHandler interrupt(session, kHint);
  indexer::ExportImportOptions options;
  SL_ASSIGN_OR_RETURN(options.batches, WithUploads(session, flags.collection));
  const auto bring = [&] {
    return indexer::ImportExport(*collection, flags.folder, options, view.get(), interrupt.token());
  };
  SL_ASSIGN_OR_RETURN(const auto report, RunInTurn(session, *collection, flags.wait, interrupt.token(), bring));
  return Finish(session, *collection, report, style, "items", interrupt.token());
}

Result<ExitCode> RunImport(const Session& session, const ImportFlags& flags) {
  SL_RETURN_IF_ERROR(FolderOf(session, flags.collection));
  const ProgressStyle style = flags.json ? ProgressStyle::kJson : ProgressStyle::kAuto;
  if (!flags.folder.empty() && indexer::IsExport(flags.folder)) return RunImportOfExport(session, flags, style);
  SL_ASSIGN_OR_RETURN(ImportSources sources, CollectSources(flags));
  SL_ASSIGN_OR_RETURN(const storage::CollectionConfig config, ConfigFor(flags, sources));
  SL_ASSIGN_OR_RETURN(const auto collection, OpenInTurn(session, flags.wait, std::nullopt, [&] {
                        return OpenOrCreate(session, flags.collection, config, {}, flags.index);
                      }));
  const auto view = MakeProgressView(session.io, style, "vectors");
  const InterruptHandler interrupt(session, kHint);
  indexer::VectorImportOptions options;
  options.notes = std::move(sources.notes);
  indexer::VectorImporter importer(*collection, std::move(options));
  const auto bring = [&] { return importer.Run(sources.files, view.get(), interrupt.token()); };
  SL_ASSIGN_OR_RETURN(const auto report, RunInTurn(session, *collection, flags.wait, interrupt.token(), bring));
  return Finish(session, *collection, report, style, "vectors", interrupt.token());
}

}  // namespace

void AddImportCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<ImportFlags>();
  CLI::App* command =
      app.add_subcommand("import", "Fill a collection with vectors or an export; run it again to resume");
  command->add_option("collection", flags->collection, "Its name; made when it does not exist")->required();
  command->add_option("folder", flags->folder, "What export wrote, or a folder in clip-retrieval's layout");
  command->add_option("--vectors", flags->vectors, "npy file of float rows (2-D, C order); may be repeated")
      ->allow_extra_args(false);
  command->add_option("--metadata", flags->metadata, "JSON lines, one per row of the --vectors in the same place")
      ->allow_extra_args(false);
  command->add_option("--dim", flags->dim, "Refuse vectors that do not have so many values")
      ->check(CLI::Range(1, 65536));
  command->add_flag("--no-metadata", flags->no_metadata, "Leave a folder's metadata out");
  AddIndexOptionFlags(*command, flags->index);
  AddWaitFlag(*command, flags->wait);
  command->add_flag("--json", flags->json, "Events as JSON lines on standard output");
  command->footer(kExamples);
  command->callback([flags, &session] {
    session.collections = std::vector{flags->collection};
    session.run = [flags, &session] { return RunImport(session, *flags); };
  });
}

}  // namespace sightline::app
