// SPDX-License-Identifier: BSD-3-Clause
#include "storage/segment/sealed_segment.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/guard.h"
#include "storage/segment/hnsw_index.h"
#include "storage/segment/ivf_index.h"
#include "storage/segment/row_info_table.h"
#include "storage/segment/row_store.h"
#include "storage/segment/segment_file.h"
#include "storage/segment/segment_impl.h"

namespace sightline::storage {
namespace {

/// Rows that are read and encoded between two pauses.
constexpr size_t kBuildBlock = 4096;
constexpr uint64_t kMaxRows = (uint64_t{1} << 31) - 1;

double SecondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

Status Pause(const SegmentPlan& plan) { return plan.pause ? plan.pause() : Status{}; }

Status CheckPlan(const RowSource& source, const SegmentPlan& plan) {
  if (source.dim() == 0 || source.dim() > 65'536) {
    return Fail(ErrorCode::kInvalidArgument, "rows of " + std::to_string(source.dim()) + " values");
  }
  SL_RETURN_IF_ERROR(CheckIndexOptions(plan.options, static_cast<uint32_t>(source.dim())));
  if (plan.options.kind == IndexKind::kAuto) {
    return Fail(ErrorCode::kInvalidArgument, "a segment needs a definite kind, not auto");
  }
  if (source.rows() > kMaxRows) {
    return Fail(ErrorCode::kInvalidArgument, std::to_string(source.rows()) + " rows are too many for one segment");
  }
  if (plan.training_queries.size() % source.dim() != 0) {
    return Fail(ErrorCode::kInvalidArgument, "the training queries are not whole rows");
  }
  return {};
}

Result<std::unique_ptr<const RowStore>> BuildRows(const RowSource& source, const SegmentPlan& plan) {
  auto rows = std::make_unique<RowStore>(plan.options.rows, source.dim(), source.rows());
  std::vector<float> block(std::min(kBuildBlock, source.rows()) * source.dim());
  for (size_t begin = 0; begin < source.rows(); begin += kBuildBlock) {
    SL_RETURN_IF_ERROR(Pause(plan));
    const size_t count = std::min(kBuildBlock, source.rows() - begin);
    source.Read(begin, count, block.data());
    SL_RETURN_IF_ERROR(rows->Write(begin, count, block.data()));
  }
  return rows;
}

Result<std::unique_ptr<const RowStore>> LoadRows(SegmentFileReader& file) {
  const SegmentHead& head = file.head();
  // Before memory is asked for: a size that is wrong is not believed.
  if (file.SizeOf("ROWS") != head.rows * RowStore::StrideOf(head.options.rows, head.dim)) {
    return tl::unexpected(file.Bad("ROWS", "has another size than the head says"));
  }
  auto rows = std::make_unique<RowStore>(head.options.rows, head.dim, head.rows);
  SL_RETURN_IF_ERROR(file.ReadInto("ROWS", rows->bytes()));
  if (auto checked = rows->CheckValues(); !checked) return tl::unexpected(file.Bad("ROWS", checked.error().message));
  return rows;
}

/// Null: every row is looked at.
Result<std::unique_ptr<const CandidateIndex>> BuildIndex(const RowStore& rows, const SegmentPlan& plan) {
  if (rows.rows() == 0) return nullptr;
  switch (plan.options.kind) {
    case IndexKind::kFlat:
      return nullptr;
    case IndexKind::kHnsw:
      return HnswIndex::Build(rows, plan);
    case IndexKind::kIvfPq:
    case IndexKind::kIvfPqFastScan:
      if (rows.rows() < kMinIvfRows) return nullptr;
      return BuildIvfIndex(rows, plan);
    case IndexKind::kAuto:
      break;
  }
  CheckFailed("BuildIndex: not a kind of segment", __FILE__, __LINE__);
}

Result<std::unique_ptr<const CandidateIndex>> LoadIndex(SegmentFileReader& file, const RowStore& rows) {
  if (rows.rows() == 0) return nullptr;
  switch (file.head().options.kind) {
    case IndexKind::kFlat:
      return nullptr;
    case IndexKind::kHnsw:
      return HnswIndex::Load(file, rows);
    case IndexKind::kIvfPq:
    case IndexKind::kIvfPqFastScan:
      return LoadIvfIndex(file, rows);
    case IndexKind::kAuto:
      break;
  }
  CheckFailed("LoadIndex: not a kind of segment", __FILE__, __LINE__);
}

}  // namespace

Result<std::shared_ptr<const SealedSegment>> SealedSegment::Build(const RowSource& source, const SegmentPlan& plan) {
  SL_RETURN_IF_ERROR(CheckPlan(source, plan));
  return Guard("build a segment", [&]() -> Result<std::shared_ptr<const SealedSegment>> {
    SL_ASSIGN_OR_RETURN(RowInfoTable info, RowInfoTable::Build(source));
    SegmentBuildTimes times;
    SegmentPlan timed = plan;
    timed.times = &times;
    const auto start = std::chrono::steady_clock::now();
    SL_ASSIGN_OR_RETURN(std::unique_ptr<const RowStore> rows, BuildRows(source, timed));
    times.rows_s = SecondsSince(start);
    const auto encoded = std::chrono::steady_clock::now();
    SL_ASSIGN_OR_RETURN(std::unique_ptr<const CandidateIndex> index, BuildIndex(*rows, timed));
    times.add_s = SecondsSince(encoded) - times.train_s;
    if (plan.times != nullptr) *plan.times = times;
    return std::make_shared<SegmentImpl>(plan.options, std::move(info), std::move(rows), std::move(index));
  });
}

Result<std::shared_ptr<const SealedSegment>> SealedSegment::Load(const std::filesystem::path& file) {
  return Guard("load a segment", [&]() -> Result<std::shared_ptr<const SealedSegment>> {
    SL_ASSIGN_OR_RETURN(SegmentFileReader reader, SegmentFileReader::Open(file));
    SL_ASSIGN_OR_RETURN(RowInfoTable info, RowInfoTable::Load(reader));
    SL_ASSIGN_OR_RETURN(std::unique_ptr<const RowStore> rows, LoadRows(reader));
    SL_ASSIGN_OR_RETURN(std::unique_ptr<const CandidateIndex> index, LoadIndex(reader, *rows));
    SL_RETURN_IF_ERROR(reader.CheckAllRead());
    return std::make_shared<SegmentImpl>(reader.head().options, std::move(info), std::move(rows), std::move(index));
  });
}

}  // namespace sightline::storage
