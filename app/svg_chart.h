// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sightline::app {

struct ChartPoint {
  double x = 0;
  double y = 0;
  std::optional<std::pair<double, double>> y_range = std::nullopt;  ///< Shown as a bar through the point.
  std::string label = {};                                           ///< Shown when a person points at it.
};

/// Points joined by a line in their order. Colour and marker follow from the place in the chart, six in all.
struct ChartSeries {
  std::string name;
  std::vector<ChartPoint> points;
};

struct ChartAxis {
  std::string title;
  bool logarithmic = false;  ///< All values above 0.
  /// Fixed ends; absent: round numbers around the values.
  std::optional<std::pair<double, double>> ends = std::nullopt;
  std::vector<double> ticks = {};  ///< Empty: chosen.
};

struct Chart {
  std::string title;  ///< For people who cannot see it.
  ChartAxis x;
  ChartAxis y;
  std::vector<ChartSeries> series;
  bool has_diagonal = false;   ///< A line where y = x.
  bool names_at_ends = false;  ///< Each series has its name at its last point; otherwise Legend has them.
};

/// An SVG element without scripts. Its colours are the style sheet's --series-1 ... --series-6, --soft and --line.
std::string ChartSvg(const Chart& chart);

/// The names of the series with their markers, as a list.
std::string ChartLegend(const Chart& chart);

/// About `wanted` round numbers from `low` to `high`, the outer ones at or beyond them.
std::vector<double> RoundTicks(double low, double high, int wanted);

}  // namespace sightline::app
