// SPDX-License-Identifier: BSD-3-Clause
#include "indexer/shard_source.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "indexer/json_metadata_internal.h"
#include "indexer/media_name.h"
#include "indexer/seen_names.h"
#include "media/tar_reader.h"

namespace sightline::indexer {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using media::TarMember;

constexpr uint64_t kMaxCompanionBytes = 16 << 20;
constexpr std::string_view kClassKey = "cls";

/// Members with one key.
struct Sample {
  std::string key;
  std::vector<TarMember> media;
  std::optional<TarMember> json;
  std::optional<TarMember> text;
  std::optional<TarMember> label;
};

/// What the companions of a sample say.
struct SampleText {
  std::optional<Metadata> metadata;
  std::vector<std::pair<std::string, std::string>> captions;  ///< Name and words.
};

std::string_view BaseName(std::string_view name) { return name.substr(name.rfind('/') + 1); }

std::string_view KeyOf(std::string_view name) {
  const size_t base = name.size() - BaseName(name).size();
  return name.substr(0, std::min(name.find('.', base), name.size()));
}

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

MetadataValue LabelFrom(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  return std::string(text);
}

// Takes "caption" out of a companion: text, or a list of texts.
std::vector<std::string> TakeCaptions(json::object& object) {
  std::vector<std::string> out;
  const auto found = object.find("caption");
  if (found == object.end()) return out;
  const auto add = [&out](const json::value& value) {
    if (const json::string* text = value.if_string()) out.emplace_back(ViewOf(*text));
  };
  if (const json::array* list = found->value().if_array()) {
    for (const json::value& one : *list) add(one);
  } else {
    add(found->value());
  }
  object.erase(found);
  return out;
}

/// Visits the samples of one shard.
class ShardVisitor {
 public:
  ShardVisitor(fs::path shard, const InputVisitor& visit) : shard_(std::move(shard)), visit_(visit) {}

  bool Run() {
    auto reader = media::TarReader::Open(shard_);
    if (!reader) return visit_(FailedEntry(shard_.string(), std::move(reader).error().message));
    for (;;) {
      auto member = reader->Next();
      if (!member) return Flush() && visit_(FailedEntry(shard_.string(), std::move(member).error().message));
      if (!*member) return Flush();
      if (!Add(**std::move(member))) return false;
    }
  }

 private:
  std::string PathOf(std::string_view member) const { return fmt::format("{}#{}", shard_.string(), member); }

  bool Refuse(std::string_view member, std::string why) { return visit_(FailedEntry(PathOf(member), std::move(why))); }

  bool Add(TarMember member) {
    if (!member.error.empty()) return Refuse(member.name, std::move(member.error));
    const std::string_view base = BaseName(member.name);
    std::string_view key = KeyOf(member.name);
    const std::string_view extension =
        std::string_view(member.name).substr(std::min(key.size() + 1, member.name.size()));
    const bool is_companion = extension == "json" || extension == "txt" || extension == "cls";
    if (base.starts_with('.') || (!is_companion && !HasMediaName(base))) return true;
    if (!seen_.Insert(member.name)) return Refuse(member.name, "the shard has this name twice; the first one counts");
    if (key != sample_.key) {
      if (!Flush()) return false;
      sample_.key = key;
    }
    if (!is_companion) {
      sample_.media.push_back(std::move(member));
    } else {
      (extension == "json" ? sample_.json : extension == "txt" ? sample_.text : sample_.label) = std::move(member);
    }
    return true;
  }

  // Visits the sample that is complete.
  bool Flush() {
    const Sample sample = std::exchange(sample_, {});
    SampleText said;
    if (sample.json && !ReadJson(*sample.json, said)) return false;
    if (sample.label && !ReadLabel(*sample.label, said)) return false;
    if (sample.text && !ReadText(*sample.text, said)) return false;
    for (const TarMember& member : sample.media) {
      InputEntry entry;
      entry.path = PathOf(member.name);
      entry.member = MemberRange{shard_, member.offset_bytes, member.size_bytes};
      entry.metadata = said.metadata;
      if (!visit_(std::move(entry))) return false;
    }
    const std::string caption_of = sample.media.empty() ? std::string() : PathOf(sample.media[0].name);
    return std::all_of(said.captions.begin(), said.captions.end(), [&](auto& caption) {
      return visit_(CaptionEntry(PathOf(caption.first), caption.second, caption_of, {}));
    });
  }

  // The Read functions return false when the visit is to end; what is wrong with a companion is visited.
  bool ReadJson(const TarMember& member, SampleText& said) {
    const auto parsed = [&]() -> Status {
      SL_ASSIGN_OR_RETURN(const std::string text, Content(member));
      SL_ASSIGN_OR_RETURN(json::object object, ParseJsonObject(text));
      std::vector<std::string> captions = TakeCaptions(object);
      SL_ASSIGN_OR_RETURN(said.metadata, MetadataFromJson(object, UnknownValues::kSkip));
      for (size_t i = 0; i < captions.size(); ++i) {
        said.captions.emplace_back(captions.size() == 1 ? member.name : fmt::format("{}.{}", member.name, i),
                                   std::move(captions[i]));
      }
      return {};
    }();
    return parsed || Refuse(member.name, parsed.error().message);
  }

  bool ReadLabel(const TarMember& member, SampleText& said) {
    const auto text = Content(member);
    if (!text) return Refuse(member.name, text.error().message);
    if (!said.metadata) said.metadata.emplace();
    (*said.metadata)[std::string(kClassKey)] = {LabelFrom(Trimmed(*text))};
    return true;
  }

  // The caption of a .json that says the same as the .txt is the same caption.
  bool ReadText(const TarMember& member, SampleText& said) {
    const auto text = Content(member);
    if (!text) return Refuse(member.name, text.error().message);
    const std::string words(Trimmed(*text));
    std::erase_if(said.captions, [&words](const auto& caption) { return Trimmed(caption.second) == words; });
    said.captions.emplace(said.captions.begin(), member.name, words);
    return true;
  }

  Result<std::string> Content(const TarMember& member) const {
    const auto source =
        media::Source::FromFileRange(shard_, member.offset_bytes, member.size_bytes, PathOf(member.name));
    auto bytes = source.ReadAll(kMaxCompanionBytes);
    if (!bytes) return tl::unexpected<Error>(std::move(bytes).error());
    return std::string(reinterpret_cast<const char*>((*bytes)->data()), (*bytes)->size());
  }

  const fs::path shard_;
  const InputVisitor& visit_;
  Sample sample_;
  SeenNames seen_;
};

}  // namespace

bool VisitShard(const fs::path& shard, const InputVisitor& visit) { return ShardVisitor(shard, visit).Run(); }

}  // namespace sightline::indexer
