// SPDX-License-Identifier: BSD-3-Clause
#include "app/settings_output.h"

#include <fmt/format.h>
#include <boost/json.hpp>

#include "app/text.h"
#include "encoder/calibration.h"
#include "query/searcher.h"

namespace sightline::app {
namespace {

namespace json = boost::json;

// JSON where it is that, as what the program wrote is; else as text.
json::value JsonOf(const std::string& text) {
  if (text.empty()) return nullptr;
  boost::system::error_code error;
  json::value parsed = json::parse(text, error);
  return error ? json::value(json::string(text)) : parsed;
}

json::object SettingsObject(const storage::CollectionSettings& settings) {
  json::object object = {{"rerank_depth", nullptr}, {"stop_margin", nullptr}};
  if (settings.rerank_depth) object["rerank_depth"] = *settings.rerank_depth;
  if (settings.stop_margin) object["stop_margin"] = *settings.stop_margin;
  object["calibration"] = JsonOf(settings.calibration);
  object["tuned"] = JsonOf(settings.tuned);
  return object;
}

std::string DepthText(const storage::CollectionSettings& settings) {
  const size_t usual = query::SearchRequest().rerank_depth;
  if (!settings.rerank_depth) return fmt::format("{} candidates, as everywhere", usual);
  if (*settings.rerank_depth == 0) return "0: nothing is reranked";
  return fmt::format("{} candidates", *settings.rerank_depth);
}

std::string CalibrationText(const std::string& text) {
  if (text.empty()) return "the model's";
  const auto own = encoder::ParseCalibration(text);
  if (!own) return fmt::format("its own, which cannot be read: {}", OneLine(own.error().message));
  const std::string fitted =
      own->fitted_on.empty() ? "not fitted" : fmt::format("fitted on {}", OneLine(own->fitted_on));
  return fmt::format("its own, {} (coarse weight {:g})", fitted, own->coarse_weight);
}

std::string ParameterText(uint32_t value) { return value == 0 ? "by size" : std::to_string(value); }

}  // namespace

std::string SettingsTable(const std::string& collection, const SearchSettings& now, bool has_model) {
  const storage::CollectionSettings& settings = now.settings;
  std::string out = fmt::format("collection     {}\n", collection);
  if (has_model) {
    out += fmt::format("rerank depth   {}\n", DepthText(settings));
    out += fmt::format("stop margin    {}\n", settings.stop_margin ? fmt::format("{:g}", *settings.stop_margin)
                                                                   : "none: searches read to their depth");
    out += fmt::format("calibration    {}\n", CalibrationText(settings.calibration));
  }
  out += fmt::format("probes         {}\nef_search      {}\nrefine factor  {}\n", ParameterText(now.index.probes),
                     ParameterText(now.index.ef_search), ParameterText(now.index.refine_factor));
  if (!settings.tuned.empty()) out += fmt::format("tuned          {}\n", TunedText(settings.tuned));
  return out;
}

std::string SettingsJson(const std::string& collection, const SearchSettings& now) {
  const json::object object = {{"collection", collection},
                               {"settings", SettingsObject(now.settings)},
                               {"index", json::object{{"probes", now.index.probes},
                                                      {"ef_search", now.index.ef_search},
                                                      {"refine_factor", now.index.refine_factor}}}};
  return json::serialize(object) + "\n";
}

std::string SettingsText(const storage::CollectionSettings& settings) {
  return json::serialize(SettingsObject(settings));
}

std::string TunedText(const std::string& tuned) {
  boost::system::error_code error;
  const json::value parsed = json::parse(tuned, error);
  const json::object* note = error ? nullptr : parsed.if_object();
  if (note == nullptr || !note->contains("queries") || !note->at("queries").is_string()) return OneLine(tuned);
  std::string text = fmt::format("with {}", OneLine(std::string(note->at("queries").get_string())));
  const json::value* recall = note->if_contains("recall");
  const json::value* target = note->if_contains("target");
  if (recall != nullptr && recall->is_number() && target != nullptr && target->is_number()) {
    text = fmt::format("to recall {:g} for the target {:g}, {}", recall->to_number<double>(),
                       target->to_number<double>(), text);
  }
  const json::value* epoch = note->if_contains("epoch");
  return epoch == nullptr || !epoch->is_number() ? text
                                                 : fmt::format("{}, at state {}", text, epoch->to_number<int64_t>());
}

}  // namespace sightline::app
