// SPDX-License-Identifier: BSD-3-Clause
#include "app/html_page.h"

#include <array>
#include <filesystem>

#include <fmt/format.h>

#include "app/html_parts.h"
#include "app/html_style.h"
#include "app/item_kind.h"
#include "app/match_word.h"
#include "app/text.h"

namespace sightline::app {
namespace {

std::string Base64(std::span<const std::byte> bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    const size_t group = std::min<size_t>(3, bytes.size() - i);
    uint32_t bits = 0;
    for (size_t k = 0; k < 3; ++k) bits = (bits << 8) | (k < group ? std::to_integer<uint32_t>(bytes[i + k]) : 0U);
    for (size_t k = 0; k < 4; ++k) out += k <= group ? kAlphabet[(bits >> (18 - 6 * k)) & 63U] : '=';
  }
  return out;
}

std::string ImageTag(std::span<const std::byte> jpeg, std::string_view alt) {
  return fmt::format(R"(<img alt="{}" src="data:image/jpeg;base64,{}">)", HtmlEscape(alt), Base64(jpeg));
}

// A file URL; everything but plain characters is percent-encoded, so it needs no escaping.
std::string FileUrl(std::string_view path) {
  std::string out = "file://";
  for (const char c : path) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("/-_.~").find(c) != std::string_view::npos;
    out += plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

// The file that a browser can open: a caption lies in its captions file, a member in its archive.
std::string_view FileOf(const query::Hit& hit) {
  const std::string_view path = hit.path;
  if (hit.type == UnitType::kText) return path.substr(0, path.rfind('#'));
  const size_t archive = path.find(".tar#");
  return archive == std::string_view::npos ? path : path.substr(0, archive + 4);
}

// A link that starts a video where the moment does.
std::string LinkTo(const query::Hit& hit, const query::Moment& moment) {
  const std::string url = FileUrl(FileOf(hit));
  if (!moment.range) return url;
  return url + fmt::format("#t={:.3f}", static_cast<double>(moment.range->start_us) / 1e6);
}

std::string Badge(const query::Moment& moment) {
  if (!moment.match_probability) {
    return fmt::format(R"(<span class="badge plain">similarity {:.2f}</span>)", moment.coarse_score);
  }
  const std::string_view word = MatchWord(*moment.match_probability);
  return fmt::format(R"(<span class="badge {0}">{0} {1:.0f} %</span>)", word, *moment.match_probability * 100);
}

std::string ClockRange(const TimeRange& range) { return ClockTime(range.start_us) + "-" + ClockTime(range.end_us); }

// What stands for the hit: the words of a caption, otherwise its still, with the times of a clip on it.
std::string Face(const query::Hit& hit, const query::Still& still, std::string_view name) {
  const std::string* words = hit.type == UnitType::kText ? CaptionWords(hit.metadata) : nullptr;
  if (words != nullptr) return fmt::format(R"(<span class="words">{}</span>)", HtmlEscape(*words));
  const std::string_view nothing = hit.type == UnitType::kClip ? "no still" : "no thumbnail";
  std::string out = still.empty() ? fmt::format(R"(<span class="none">{}</span>)", nothing) : ImageTag(still, name);
  if (hit.range) out += fmt::format(R"(<span class="time">{}</span>)", ClockRange(*hit.range));
  return out;
}

// The moments of a group, each with a link; nothing where the hit stands for itself.
std::string MomentList(const query::Hit& hit) {
  if (hit.moments.size() < 2) return {};
  std::string out = R"(<ol class="moments">)";
  for (const query::Moment& moment : hit.moments) {
    const std::string time = moment.range ? ClockRange(*moment.range) : "";
    out += fmt::format(R"(<li><a href="{}">{}</a>{}</li>)", LinkTo(hit, moment), time, Badge(moment));
  }
  return out + "</ol>";
}

std::string Figure(const query::Hit& hit, size_t rank, const query::Still& still) {
  const std::string_view within = std::string_view(hit.path).substr(FileOf(hit).size());  // "#id", or nothing
  const std::filesystem::path file(FileOf(hit));
  const std::string name = file.filename().string().append(within);
  const std::string best =
      hit.best_frame_us ? fmt::format(" &middot; best {}", ClockTime(*hit.best_frame_us, /*tenths=*/true)) : "";
  return fmt::format(
      R"(<figure><a class="face" href="{}">{}</a><figcaption><div class="row"><span class="rank">{} &middot; item {}{}</span>)"
      R"({}</div>{}<div class="path"><b>{}</b>{}</div></figcaption></figure>)"
      "\n",
      LinkTo(hit, hit), Face(hit, still, name), rank, hit.item.value, best, Badge(hit), MomentList(hit),
      HtmlEscape(name), HtmlEscape(file.parent_path().string()));
}

std::string Header(const SearchSubject& subject, const query::SearchAnswer& answer,
                   std::span<const std::byte> query_thumbnail) {
  const std::string picture = query_thumbnail.empty() ? "" : ImageTag(query_thumbnail, "the picture searched with");
  return fmt::format(R"(<header>{}<div><h1>{}</h1><p class="summary">{} &middot; {}</p></div></header>)"
                     "\n",
                     picture, HtmlEscape(Describe(subject)), HtmlEscape(subject.collection),
                     HtmlEscape(Summary(subject, answer)));
}

// The hits that people look at first, and the weak ones, folded unless there is nothing else.
std::string Grids(const query::SearchAnswer& answer, std::span<const query::Still> stills) {
  std::string good;
  std::string weak;
  size_t weak_count = 0;
  for (size_t i = 0; i < answer.hits.size(); ++i) {
    const query::Hit& hit = answer.hits[i];
    const bool is_weak = hit.match_probability && *hit.match_probability < kWeakBelow;
    weak_count += is_weak ? 1 : 0;
    (is_weak ? weak : good) += Figure(hit, i + 1, stills[i]);
  }
  std::string out;
  if (!good.empty()) out += "<main class=\"grid\">\n" + good + "</main>\n";
  if (good.empty() && weak_count > 0) {
    out += "<p class=\"note\">Only weak matches: more likely than not, none of these is what you look for.</p>\n";
  }
  if (weak_count > 0) {
    out += fmt::format("<details{}><summary>{} weaker match{}</summary>\n<div class=\"grid\">\n{}</div></details>\n",
                       good.empty() ? " open" : "", weak_count, weak_count == 1 ? "" : "es", weak);
  }
  return out;
}

std::string Footer(const query::SearchAnswer& answer) {
  const query::StageTimings& timings = answer.timings;
  return fmt::format(
      "<footer>Milliseconds: encode {:.1f}, coarse {:.1f}, patches {:.1f}, rerank {:.1f}, total {:.1f} &middot; {} "
      "candidates, {} reranked &middot; epoch {}</footer>\n",
      timings.encode_ms, timings.coarse_ms, timings.patches_ms, timings.rerank_ms, timings.total_ms, answer.candidates,
      answer.reranked, answer.epoch.value);
}

}  // namespace

std::string HtmlPage(const SearchSubject& subject, const query::SearchAnswer& answer,
                     std::span<const query::Still> stills, std::span<const std::byte> query_thumbnail) {
  std::string out = HtmlHead(Describe(subject), kPageStyle);
  out += Header(subject, answer, query_thumbnail);
  if (answer.hits.empty()) {
    out += fmt::format("<p class=\"note\">{}.</p>\n", HtmlEscape(NoMatchSentence(subject, answer)));
  }
  out += Grids(answer, stills);
  out += Footer(answer);
  return out.append(kHtmlEnd);
}

}  // namespace sightline::app
