// SPDX-License-Identifier: BSD-3-Clause
#include "app/svg_chart.h"

#include <algorithm>
#include <cmath>
#include <tuple>

#include <fmt/format.h>

#include "app/html_parts.h"

namespace sightline::app {
namespace {

// In units of the view box; text is 13 of them high.
constexpr double kWidth = 440;
constexpr double kHeight = 310;
constexpr double kLeft = 64;
constexpr double kTop = 14;
constexpr double kBottom = 262;
constexpr double kLabelRoom = 66;  // Of names behind lines; text is larger on narrow screens.
constexpr double kLineHeight = 15;
constexpr size_t kColours = 6;
constexpr double kLeastSpan = 1;  // Of an axis: equal values are in its middle.

/// Values to places on the paper.
struct Scale {
  double low = 0;
  double high = 1;
  double from = 0;
  double to = 1;
  bool logarithmic = false;
  std::vector<double> ticks = {};

  double operator()(double value) const {
    const double share = logarithmic ? (std::log(value) - std::log(low)) / (std::log(high) - std::log(low))
                                     : (value - low) / (high - low);
    return from + share * (to - from);
  }
};

std::vector<double> LogTicks(double low, double high) {
  std::vector<double> ticks;
  for (double decade = std::pow(10, std::floor(std::log10(low))); decade <= high; decade *= 10) {
    for (const double step : {1.0, 2.0, 5.0}) ticks.push_back(decade * step);
  }
  while (ticks.size() > 1 && ticks[1] <= low) ticks.erase(ticks.begin());
  while (ticks.size() > 2 && ticks[ticks.size() - 2] >= high) ticks.pop_back();
  return ticks;
}

Scale ScaleFor(const ChartAxis& axis, const std::vector<double>& values, double from, double to) {
  double low = values.empty() ? 0 : *std::min_element(values.begin(), values.end());
  double high = values.empty() ? 1 : *std::max_element(values.begin(), values.end());
  if (axis.ends) std::tie(low, high) = *axis.ends;
  if (!axis.logarithmic && high - low < kLeastSpan) {
    low -= kLeastSpan / 2;
    high += kLeastSpan / 2;
  }
  Scale scale = {.from = from, .to = to, .logarithmic = axis.logarithmic && low > 0};
  scale.ticks = axis.ticks;
  if (scale.ticks.empty()) scale.ticks = scale.logarithmic ? LogTicks(low, high) : RoundTicks(low, high, 5);
  scale.low = std::min(low, scale.ticks.front());
  scale.high = std::max(high, scale.ticks.back());
  if (scale.high <= scale.low) scale.high = scale.low + 1;
  return scale;
}

std::string TickText(double value) { return fmt::format("{:g}", std::round(value * 1e6) / 1e6); }

std::string Marker(size_t series, double x, double y) {
  const std::string style = fmt::format("class=\"s{}\"", series % kColours + 1);
  switch (series % 5) {
    case 0:
      return fmt::format("<circle {} cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"4\"/>", style, x, y);
    case 1:
      return fmt::format("<rect {} x=\"{:.1f}\" y=\"{:.1f}\" width=\"7\" height=\"7\"/>", style, x - 3.5, y - 3.5);
    case 2:
      return fmt::format("<path {} d=\"M{:.1f} {:.1f}l4.5 8h-9z\"/>", style, x, y - 5);
    case 3:
      return fmt::format("<path {} d=\"M{:.1f} {:.1f}l5 5-5 5-5-5z\"/>", style, x, y - 5);
    default:
      return fmt::format("<path {} d=\"M{:.1f} {:.1f}l4.5-8h-9z\"/>", style, x, y + 5);
  }
}

std::string Axes(const Chart& chart, const Scale& x, const Scale& y) {
  std::string out;
  for (const double tick : y.ticks) {
    out += fmt::format(
        "<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{1:.1f}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/><text x=\"{3:.1f}\" "
        "y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>",
        x.from, x.to, y(tick), x.from - 8, y(tick) + 4.5, TickText(tick));
  }
  for (const double tick : x.ticks) {
    out += fmt::format(
        "<line class=\"axis\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.1f}\" y2=\"{2:.1f}\"/><text x=\"{0:.1f}\" "
        "y=\"{3:.1f}\" text-anchor=\"middle\">{4}</text>",
        x(tick), kBottom, kBottom + 4, kBottom + 19, TickText(tick));
  }
  out += fmt::format("<line class=\"axis\" x1=\"{:.1f}\" x2=\"{:.1f}\" y1=\"{:.1f}\" y2=\"{:.1f}\"/>", x.from, x.to,
                     kBottom, kBottom);
  out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"middle\">{}</text>", (x.from + x.to) / 2,
                     kHeight - 7, HtmlEscape(chart.x.title));
  out += fmt::format("<text transform=\"translate(13 {:.1f}) rotate(-90)\" text-anchor=\"middle\">{}</text>",
                     (kTop + kBottom) / 2, HtmlEscape(chart.y.title));
  return out;
}

std::string SeriesLine(const ChartSeries& series, size_t number, const Scale& x, const Scale& y) {
  std::string points;
  for (const ChartPoint& point : series.points) points += fmt::format("{:.1f},{:.1f} ", x(point.x), y(point.y));
  return fmt::format("<polyline class=\"l{}\" points=\"{}\"/>", number % kColours + 1, points);
}

std::string SeriesPoints(const ChartSeries& series, size_t number, const Scale& x, const Scale& y) {
  std::string out;
  for (const ChartPoint& point : series.points) {
    out += fmt::format("<g><title>{}</title>", HtmlEscape(point.label));
    if (point.y_range) {
      out += fmt::format("<line class=\"r{0}\" x1=\"{1:.1f}\" x2=\"{1:.1f}\" y1=\"{2:.1f}\" y2=\"{3:.1f}\"/>",
                         number % kColours + 1, x(point.x), y(point.y_range->first), y(point.y_range->second));
    }
    out += Marker(number, x(point.x), y(point.y)) + "</g>";
  }
  return out;
}

// At the last points, pushed apart where they would cover one another.
std::string EndNames(const Chart& chart, const Scale& x, const Scale& y) {
  std::vector<std::pair<double, const ChartSeries*>> places;
  for (const ChartSeries& series : chart.series) {
    if (!series.points.empty()) places.emplace_back(y(series.points.back().y), &series);
  }
  std::sort(places.begin(), places.end());
  std::string out;
  double last = kTop - kLineHeight;
  for (auto& [place, series] : places) {
    place = std::max(place, last + kLineHeight);
    last = place;
    out += fmt::format("<text class=\"name\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", x(series->points.back().x) + 9,
                       place + 4.5, HtmlEscape(series->name));
  }
  return out;
}

}  // namespace

std::vector<double> RoundTicks(double low, double high, int wanted) {
  const double span = std::max(high - low, 1e-9);
  const double rough = span / wanted;
  const double decade = std::pow(10, std::floor(std::log10(rough)));
  double step = decade * 10;
  for (const double factor : {5.0, 2.0, 1.0}) {
    if (decade * factor >= rough) step = decade * factor;
  }
  std::vector<double> ticks;
  const double first = std::floor(low / step + 1e-9);
  const double last = std::ceil(high / step - 1e-9);
  for (double i = first; i <= last; ++i) ticks.push_back(i * step);
  if (ticks.size() < 2) ticks.push_back(ticks.back() + step);
  return ticks;
}

std::string ChartSvg(const Chart& chart) {
  std::vector<double> xs;
  std::vector<double> ys;
  for (const ChartSeries& series : chart.series) {
    for (const ChartPoint& point : series.points) {
      xs.push_back(point.x);
      ys.push_back(point.y);
      if (point.y_range) ys.insert(ys.end(), {point.y_range->first, point.y_range->second});
    }
  }
  const Scale x = ScaleFor(chart.x, xs, kLeft, kWidth - (chart.names_at_ends ? kLabelRoom : 18));
  const Scale y = ScaleFor(chart.y, ys, kBottom, kTop);
  std::string out = fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">", kWidth, kHeight,
                                HtmlEscape(chart.title));
  out += Axes(chart, x, y);
  if (chart.has_diagonal) {
    out += fmt::format("<line class=\"diagonal\" x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\"/>", x(x.low),
                       y(x.low), x(x.high), y(x.high));
  }
  for (size_t i = 0; i < chart.series.size(); ++i) out += SeriesLine(chart.series[i], i, x, y);
  for (size_t i = 0; i < chart.series.size(); ++i) out += SeriesPoints(chart.series[i], i, x, y);
  if (chart.names_at_ends) out += EndNames(chart, x, y);
  return out + "</svg>";
}

std::string ChartLegend(const Chart& chart) {
  std::string out = "<ul class=\"legend\">";
  for (size_t i = 0; i < chart.series.size(); ++i) {
    out += fmt::format("<li><svg viewBox=\"0 0 12 12\" aria-hidden=\"true\">{}</svg>{}</li>", Marker(i, 6, 6),
                       HtmlEscape(chart.series[i].name));
  }
  return out + "</ul>";
}

}  // namespace sightline::app
