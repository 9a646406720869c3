// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/calibration.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "encoder/files/json_fields_internal.h"

namespace sightline::encoder {

using nlohmann::json;

namespace {

constexpr std::string_view kFormat = "sightline-calibration";
constexpr double kMaxNumber = 1e9;  ///< Far beyond any fitted value; keeps a * score + b finite.
constexpr size_t kMaxPoints = 100000;

bool ReadPoint(const json& value, std::vector<std::pair<double, double>>& points) {
  if (!value.is_array() || value.size() != 2 || !value[0].is_number() || !value[1].is_number()) return false;
  const std::pair<double, double> point{value[0].get<double>(), value[1].get<double>()};
  if (!(std::abs(point.first) <= kMaxNumber) || !(point.second >= 0 && point.second <= 1)) return false;
  if (!points.empty() && (point.first <= points.back().first || point.second < points.back().second)) return false;
  points.push_back(point);
  return true;
}

void ReadPoints(JsonFields& fields, Calibration& calibration) {
  const json* const list = fields.Value("points");
  if (list == nullptr) return;
  if (!list->is_array() || list->empty() || list->size() > kMaxPoints) {
    fields.Reject("points", "not a list of 1 to " + std::to_string(kMaxPoints) + " points");
    return;
  }
  for (size_t i = 0; i < list->size(); ++i) {
    if (ReadPoint((*list)[i], calibration.points)) continue;
    fields.Reject("points",
                  "entry " + std::to_string(i) + " is not [rank score, probability in 0 to 1] with both ascending");
    return;
  }
}

double Interpolate(const std::vector<std::pair<double, double>>& points, double x) {
  const auto after = std::upper_bound(points.begin(), points.end(), x,
                                      [](double value, const auto& point) { return value < point.first; });
  if (after == points.begin()) return points.front().second;
  if (after == points.end()) return points.back().second;
  const auto& [x1, y1] = *after;
  const auto& [x0, y0] = *std::prev(after);
  return std::clamp(y0 + (y1 - y0) * ((x - x0) / (x1 - x0)), y0, y1);
}

}  // namespace

double Calibration::MatchProbability(double rank_score) const {
  if (method == Method::kIsotonic && !points.empty()) return Interpolate(points, rank_score);
  return 1 / (1 + std::exp(-(a * rank_score + b)));
}

Result<Calibration> ParseCalibration(std::string_view text) {
  SL_ASSIGN_OR_RETURN(const json object, ParseJsonObject(text, "calibration"));
  SL_RETURN_IF_ERROR(CheckFormat(object, kFormat));
  Calibration calibration;
  JsonFields fields(object, "");
  std::string method;
  fields.Value("format");
  fields.Number("coarse_weight", 0, kMaxNumber, calibration.coarse_weight);
  fields.String("method", method);
  fields.String("fitted_on", calibration.fitted_on, JsonFields::kOptional);
  if (method == "platt") {
    fields.Number("a", 0, kMaxNumber, calibration.a);
    fields.Number("b", -kMaxNumber, kMaxNumber, calibration.b);
  } else if (method == "isotonic") {
    calibration.method = Calibration::Method::kIsotonic;
    ReadPoints(fields, calibration);
  } else {
    fields.Reject("method", "neither \"platt\" nor \"isotonic\"");
  }
  SL_RETURN_IF_ERROR(fields.Finish());
  return calibration;
}

std::string CalibrationToJson(const Calibration& calibration) {
  nlohmann::ordered_json object;
  object["format"] = std::string(kFormat) + "/1";
  object["coarse_weight"] = calibration.coarse_weight;
  switch (calibration.method) {
    case Calibration::Method::kPlatt:
      object["method"] = "platt";
      object["a"] = calibration.a;
      object["b"] = calibration.b;
      break;
    case Calibration::Method::kIsotonic:
      object["method"] = "isotonic";
      object["points"] = calibration.points;
      break;
  }
  object["fitted_on"] = calibration.fitted_on;
  return object.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace sightline::encoder
