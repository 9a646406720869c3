// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/files/import.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include "base/file_io.h"
#include "base/guard.h"
#include "encoder/calibration.h"
#include "encoder/files/checkpoint_reader.h"
#include "encoder/files/import_plan_internal.h"
#include "encoder/files/model_directory.h"
#include "encoder/files/safetensors.h"

namespace sightline::encoder {
namespace {

constexpr uint64_t kMaxTokenizerBytes = 64 << 20;

/// A folder that is removed with its content unless it was given its final name.
class StagingDirectory {
 public:
  static Result<StagingDirectory> Create(const std::filesystem::path& target) {
    std::filesystem::path path = target;
    path += ".importing" + std::to_string(::getpid());
    std::error_code error;
    std::filesystem::remove_all(path, error);  // left by a crash of a process with our number
    if (!std::filesystem::create_directory(path, error)) {
      return tl::unexpected(ErrnoError(error ? error.value() : EEXIST, "create", path));
    }
    return StagingDirectory(target, std::move(path));
  }
  StagingDirectory(StagingDirectory&& other) noexcept
      : target_(std::move(other.target_)), path_(std::exchange(other.path_, {})) {}
  StagingDirectory& operator=(StagingDirectory&&) = delete;
  ~StagingDirectory() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }

  /// Takes the place of the target, which does not exist or is an empty folder, durably.
  Status Publish() {
    if (::rename(path_.c_str(), target_.c_str()) != 0) {
      if (errno == ENOTEMPTY || errno == EEXIST || errno == ENOTDIR) {
        return Fail(ErrorCode::kAlreadyExists, target_.string() + ": exists");
      }
      return tl::unexpected(ErrnoError(errno, "rename", target_));
    }
    path_.clear();
    const std::filesystem::path parent = target_.has_parent_path() ? target_.parent_path() : ".";
    const int fd = ::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const bool synced = fd >= 0 && ::fsync(fd) == 0;
    const int error_number = errno;
    if (fd >= 0) ::close(fd);
    if (!synced) return tl::unexpected(ErrnoError(error_number, "fsync folder", parent));
    return {};
  }

 private:
  StagingDirectory(std::filesystem::path target, std::filesystem::path path)
      : target_(std::move(target)), path_(std::move(path)) {}

  std::filesystem::path target_;
  std::filesystem::path path_;
};

Status CheckTargetIsFree(const std::filesystem::path& target) {
  std::error_code error;
  const auto status = std::filesystem::symlink_status(target, error);
  if (status.type() == std::filesystem::file_type::not_found) return {};
  const bool is_empty = std::filesystem::is_directory(status) && std::filesystem::is_empty(target, error);
  if (is_empty && !error) return {};
  return Fail(ErrorCode::kAlreadyExists, target.string() + ": exists and is not an empty folder");
}

Result<std::string> ReadTokenizer(const ImportOptions& options, const ModelConfig& config) {
  if (options.tokenizer_file.empty()) {
    return Fail(ErrorCode::kInvalidArgument,
                "no tokenizer file given: the model needs its own " + config.tokenizer.file);
  }
  SL_ASSIGN_OR_RETURN(std::string bytes, ReadFile(options.tokenizer_file, kMaxTokenizerBytes));
  if (auto checked = CheckTokenizerSize(config, bytes); !checked) {
    return Annotate(std::move(checked).error(), options.tokenizer_file.string());
  }
  return bytes;
}

Status WriteModel(const std::filesystem::path& dir, const ImportPlan& plan, const std::string& tokenizer) {
  std::vector<TensorToWrite> tensors;
  for (const PlannedWeight& weight : plan.weights) tensors.push_back({weight.name, DType::kF32, weight.shape});
  const auto make = [&](size_t index) -> Result<std::vector<std::byte>> {
    auto bytes = MakeWeight(plan.weights[index]);
    if (!bytes) return Annotate(std::move(bytes).error(), "weight " + plan.weights[index].name);
    return bytes;
  };
  SL_RETURN_IF_ERROR(WriteSafetensors(dir / "weights.safetensors", tensors, {{"format", "sightline-model/1"}}, make));
  SL_RETURN_IF_ERROR(WriteFileAtomically(dir / plan.config.tokenizer.file, tokenizer));
  SL_RETURN_IF_ERROR(WriteFileAtomically(dir / "calibration.json", CalibrationToJson(Calibration{})));
  return WriteFileAtomically(dir / "config.json", ModelConfigToJson(plan.config));
}

Result<ImportReport> Import(const std::filesystem::path& checkpoint_path, const std::filesystem::path& target,
                            const ImportOptions& options) {
  SL_RETURN_IF_ERROR(CheckTargetIsFree(target));
  SL_ASSIGN_OR_RETURN(const Checkpoint checkpoint, Checkpoint::Open(checkpoint_path));
  auto plan = PlanImport(checkpoint, options);
  if (!plan) return Annotate(std::move(plan).error(), checkpoint_path.string());
  SL_ASSIGN_OR_RETURN(const std::string tokenizer, ReadTokenizer(options, plan->config));

  SL_ASSIGN_OR_RETURN(StagingDirectory staging, StagingDirectory::Create(target));
  SL_RETURN_IF_ERROR(WriteModel(staging.path(), *plan, tokenizer));
  SL_ASSIGN_OR_RETURN(const ModelDirectory model, ModelDirectory::Open(staging.path()));
  SL_RETURN_IF_ERROR(staging.Publish());
  return ImportReport{.config = model.config(),
                      .fingerprint = model.fingerprint(),
                      .parameters = model.parameters(),
                      .weights_written = plan->weights.size(),
                      .checkpoint_image_res = plan->checkpoint_image_res,
                      .interpolated = std::move(plan->interpolated),
                      .ignored = std::move(plan->ignored),
                      .frames_copied = plan->frames_copied};
}

}  // namespace

Result<ImportReport> ImportCheckpoint(const std::filesystem::path& checkpoint_path,
                                      const std::filesystem::path& model_dir, const ImportOptions& options) {
  return Guard("import " + checkpoint_path.string(), [&] {
    ImportOptions named = options;
    if (named.name.empty()) named.name = checkpoint_path.stem().string();
    // "models/x/" means "models/x": the folder is built beside it, not in it.
    const auto target = model_dir.has_filename() ? model_dir : model_dir.parent_path();
    return Import(checkpoint_path, target, named);
  });
}

}  // namespace sightline::encoder
