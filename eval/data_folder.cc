// SPDX-License-Identifier: BSD-3-Clause
#include "eval/data_folder.h"

#include <algorithm>
#include <system_error>

namespace sightline::eval {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kKarpathySplits =
    "the split files of Andrej Karpathy (caption_datasets.zip, of the paper \"Deep Visual-Semantic Alignments\"), or "
    "the "
    "retrieval annotations that the ALBEF and X-VLM repositories name";

std::vector<Dataset> MakeDatasets() {
  return {
      {.name = "coco",
       .layouts = {{"dataset_coco.json", {""}},
                   {"annotations/dataset_coco.json", {""}},
                   {"coco_test.json", {""}},
                   {"annotations/captions_val2014.json", {"val2014"}},
                   {"captions_val2014.json", {"val2014"}},
                   {"annotations/captions_val2017.json", {"val2017"}},
                   {"captions_val2017.json", {"val2017"}}},
       .annotation_source = kKarpathySplits,
       .media_source = "COCO 2014, validation pictures (val2014.zip, 40,504 pictures, which the Karpathy test split is "
                       "part of), from the download page of the COCO project; it unpacks to val2014/"},
      {.name = "flickr30k",
       .layouts = {{"dataset_flickr30k.json", {"flickr30k-images", "flickr30k_images", "images"}},
                   {"flickr30k_test.json", {"", "flickr30k-images"}}},
       .annotation_source = kKarpathySplits,
       .media_source = "Flickr30k (flickr30k-images.tar.gz, 31,783 pictures), on request from the University of "
                       "Illinois; it unpacks to flickr30k-images/"},
      {.name = "flickr8k",
       .layouts = {{"dataset_flickr8k.json", {"Flicker8k_Dataset", "Flickr8k_Dataset", "Images", "images"}}},
       .annotation_source = kKarpathySplits,
       .media_source =
           "Flickr8k (Flickr8k_Dataset.zip, 8,091 pictures), on request from the University of Illinois; it "
           "unpacks to Flicker8k_Dataset/ (so it is spelled)"},
      {.name = "msrvtt",
       .layouts = {{"MSRVTT_JSFUSION_test.csv", {"TestVideo", "videos/all", "MSRVTT/videos/all", "videos"}},
                   {"test_videodatainfo.json", {"TestVideo", "videos/all", "MSRVTT/videos/all", "videos"}},
                   {"MSRVTT_data.json", {"videos/all", "MSRVTT/videos/all", "videos", "TestVideo"}}},
       .annotation_source = "the 1k-A list MSRVTT_JSFUSION_test.csv of the JSFusion paper, which the CLIP4Clip "
                            "repository hands on (msrvtt_data.zip)",
       .media_source =
           "MSR-VTT of Microsoft Research (2016), test videos (test_videos.zip); they unpack to TestVideo/"},
  };
}

}  // namespace

const std::vector<Dataset>& Datasets() {
  static const std::vector<Dataset> datasets = MakeDatasets();
  return datasets;
}

Result<FoundLayout> FindLayout(const Dataset& dataset, const fs::path& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) return Fail(ErrorCode::kNotFound, folder.string() + ": no such folder");
  const auto annotation = std::find_if(dataset.layouts.begin(), dataset.layouts.end(), [&](const DataLayout& layout) {
    return fs::is_regular_file(folder / layout.annotation, ignored);
  });
  const bool has_annotation = annotation != dataset.layouts.end();
  const DataLayout& layout = has_annotation ? *annotation : dataset.layouts.front();
  const auto media = std::find_if(layout.media.begin(), layout.media.end(),
                                  [&](const std::string& name) { return fs::is_directory(folder / name, ignored); });
  const bool has_media = media != layout.media.end();
  return FoundLayout{.annotation = layout.annotation,
                     .media = has_media ? *media : layout.media.front(),
                     .has_annotation = has_annotation,
                     .has_media = has_media};
}

std::vector<std::string> MissingFiles(const fs::path& folder, const std::vector<std::string>& paths) {
  std::vector<std::string> missing;
  for (const std::string& path : paths) {
    std::error_code error;
    const fs::path file = folder / path;
    if (!fs::is_regular_file(file, error) || fs::file_size(file, error) == 0 || error) missing.push_back(path);
  }
  return missing;
}

}  // namespace sightline::eval
