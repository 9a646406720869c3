// SPDX-License-Identifier: BSD-3-Clause
#include "app/eval_cache.h"

#include <string>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "base/sha256.h"

namespace sightline::app {
namespace {

namespace fs = std::filesystem;

fs::path CacheHome(const Environment& environment) {
  if (const std::string xdg = environment.Get("XDG_CACHE_HOME"); !xdg.empty()) return xdg;
  if (const std::string home = environment.Get("HOME"); !home.empty()) return fs::path(home) / ".cache";
  return {};
}

std::string KeyOf(const Session& session, const EvalFlags& flags, const eval::RetrievalSet& set,
                  const encoder::EncoderInfo& info) {
  std::error_code ignored;
  const fs::path folder = fs::weakly_canonical(flags.folder, ignored);
  Sha256 hash;
  hash.Update(fmt::format("{}\n{}\n{}\n{}\n{}\n", info.fingerprint, PrecisionOf(session, flags.model), flags.patches,
                          flags.frames.value_or(info.config.frame_len), folder.string()));
  // By their bare names: where a file is found, and with which extension, is known only once it is there, and what
  // comes later belongs into the same folder.
  for (const std::string& image : set.images) hash.Update(fmt::format("{}\n", fs::path(image).stem().string()));
  for (const eval::EvalCaption& caption : set.captions)
    hash.Update(fmt::format("{} {}\n", caption.image, caption.text));
  return ToHex(hash.Finish()).substr(0, 24);
}

}  // namespace

Result<EvalFolder> FindEvalFolder(const Session& session, const EvalFlags& flags, const eval::RetrievalSet& set,
                                  const encoder::EncoderInfo& info) {
  if (!flags.keep.empty()) return EvalFolder{.path = flags.keep, .scratch = std::nullopt};
  if (flags.no_cache) {
    SL_ASSIGN_OR_RETURN(ScratchFolder scratch, ScratchFolder::Make());
    fs::path path = scratch.path();
    return EvalFolder{.path = std::move(path), .scratch = std::move(scratch)};
  }
  const fs::path home = CacheHome(session.environment);
  if (home.empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                "no folder to keep the evaluation in: give --folder or --no-cache, or set XDG_CACHE_HOME or HOME");
  }
  return EvalFolder{.path = home / "sightline" / "eval" / KeyOf(session, flags, set, info), .scratch = std::nullopt};
}

}  // namespace sightline::app
