// SPDX-License-Identifier: BSD-3-Clause
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "app/thread_budget.h"
#include "app/video_frame.h"
#include "base/file_io.h"
#include "media/image.h"

namespace sightline::app {
namespace {

constexpr int kFrameQuality = 92;

struct FrameFlags {
  std::string file;
  std::string at;
  std::string output;
};

enum class FrameFormat { kJpeg, kPng };

std::optional<FrameFormat> FormatOf(const std::filesystem::path& output) {
  std::string extension = output.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  if (extension == ".jpg" || extension == ".jpeg") return FrameFormat::kJpeg;
  if (extension == ".png") return FrameFormat::kPng;
  return std::nullopt;
}

Result<ExitCode> RunFrame(const Session& session, const FrameFlags& flags) {
  const auto time_us = ParseVideoTime(flags.at);
  if (!time_us) {
    return Fail(ErrorCode::kInvalidArgument, fmt::format("--at {}: no time; write 12.5 or 1:02.5", flags.at));
  }
  const auto format = FormatOf(flags.output);
  if (!format) return Fail(ErrorCode::kInvalidArgument, flags.output + ": the name must end in .jpg or .png");
  const ThreadBudget budget = MakeThreadBudget(session.globals.threads, 0);
  auto picture = ReadVideoFrame(flags.file, *time_us, budget.total);
  if (!picture && picture.error().code != ErrorCode::kInvalidArgument) return InputError(std::move(picture).error());
  SL_RETURN_IF_ERROR(picture);
  SL_ASSIGN_OR_RETURN(
      const std::vector<std::byte> bytes,
      *format == FrameFormat::kPng
          ? media::EncodePng(*picture)
          : media::MakeThumbnailJpeg(*picture, std::max(picture->width, picture->height), kFrameQuality));
  const std::string_view content(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (auto written = WriteFileAtomically(flags.output, content); !written) {
    written.error().code = ErrorCode::kUnavailable;  // wherever it failed: it is where the user wants the picture
    return tl::unexpected(std::move(written).error());
  }
  return ExitCode::kOk;
}

}  // namespace

void AddFrameCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<FrameFlags>();
  CLI::App* command = app.add_subcommand("frame", "Write one frame of a video as a picture");
  command->add_option("file", flags->file, "The video")->required();
  command->add_option("--at", flags->at, "When: seconds (12.5), m:s or h:m:s from the start")->required();
  command->add_option("-o,--output", flags->output, "Picture to write: .jpg or .png")->required();
  command->callback([flags, &session] { session.run = [flags, &session] { return RunFrame(session, *flags); }; });
}

}  // namespace sightline::app
