// SPDX-License-Identifier: BSD-3-Clause
#include "encoder/files/bias_interpolation.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>

namespace sightline::encoder {
namespace {

constexpr int kClassRows = 3;  ///< Biases from and to the class token, which has no position.
constexpr int kMinSourceGrid = 3;

/// Dense, row-major, fp64.
class Matrix {
 public:
  Matrix(size_t rows, size_t columns) : rows_(rows), columns_(columns), values_(rows * columns) {}
  double& operator()(size_t row, size_t column) { return values_[row * columns_ + column]; }
  double operator()(size_t row, size_t column) const { return values_[row * columns_ + column]; }
  size_t rows() const { return rows_; }
  size_t columns() const { return columns_; }

 private:
  size_t rows_;
  size_t columns_;
  std::vector<double> values_;
};

Matrix Multiply(const Matrix& a, const Matrix& b) {
  Matrix product(a.rows(), b.columns());
  for (size_t i = 0; i < a.rows(); ++i) {
    for (size_t k = 0; k < a.columns(); ++k) {
      for (size_t j = 0; j < b.columns(); ++j) product(i, j) += a(i, k) * b(k, j);
    }
  }
  return product;
}

Matrix Transpose(const Matrix& a) {
  Matrix transposed(a.columns(), a.rows());
  for (size_t i = 0; i < a.rows(); ++i) {
    for (size_t j = 0; j < a.columns(); ++j) transposed(j, i) = a(i, j);
  }
  return transposed;
}

/// Solves a X = b by Gaussian elimination with row pivoting; the spline's system is never singular.
Matrix Solve(Matrix a, Matrix b) {
  const size_t n = a.rows();
  for (size_t column = 0; column < n; ++column) {
    size_t pivot = column;
    for (size_t row = column + 1; row < n; ++row) {
      if (std::abs(a(row, column)) > std::abs(a(pivot, column))) pivot = row;
    }
    for (size_t j = 0; j < n; ++j) std::swap(a(column, j), a(pivot, j));
    for (size_t j = 0; j < b.columns(); ++j) std::swap(b(column, j), b(pivot, j));
    for (size_t row = column + 1; row < n; ++row) {
      const double factor = a(row, column) / a(column, column);
      if (factor == 0) continue;
      for (size_t j = column; j < n; ++j) a(row, j) -= factor * a(column, j);
      for (size_t j = 0; j < b.columns(); ++j) b(row, j) -= factor * b(column, j);
    }
  }
  for (size_t row = n; row-- > 0;) {
    for (size_t j = 0; j < b.columns(); ++j) {
      for (size_t k = row + 1; k < n; ++k) b(row, j) -= a(row, k) * b(k, j);
      b(row, j) /= a(row, row);
    }
  }
  return b;
}

/// Maps values at the knots x to the first derivatives there of the not-a-knot cubic spline through them: continuous
/// second derivative at the inner knots; third derivative continuous at the second and the last but one.
Matrix DerivativeMatrix(const std::vector<double>& x) {
  const size_t n = x.size();
  Matrix a(n, n), b(n, n);
  // Adds `weight` times the slope of interval i to row `row` of the right side.
  const auto add_slope = [&](size_t row, size_t i, double weight) {
    b(row, i) -= weight / (x[i + 1] - x[i]);
    b(row, i + 1) += weight / (x[i + 1] - x[i]);
  };
  for (size_t i = 1; i + 1 < n; ++i) {
    const double before = x[i] - x[i - 1], after = x[i + 1] - x[i];
    a(i, i - 1) = after;
    a(i, i) = 2 * (before + after);
    a(i, i + 1) = before;
    add_slope(i, i - 1, 3 * after);
    add_slope(i, i, 3 * before);
  }
  const double first = x[1] - x[0], second = x[2] - x[1], first_two = x[2] - x[0];
  a(0, 0) = second;
  a(0, 1) = first_two;
  add_slope(0, 0, (first + 2 * first_two) * second / first_two);
  add_slope(0, 1, first * first / first_two);
  const double last = x[n - 1] - x[n - 2], last_but_one = x[n - 2] - x[n - 3], last_two = x[n - 1] - x[n - 3];
  a(n - 1, n - 1) = last_but_one;
  a(n - 1, n - 2) = last_two;
  add_slope(n - 1, n - 3, last * last / last_two);
  add_slope(n - 1, n - 2, (last + 2 * last_two) * last_but_one / last_two);
  return Solve(std::move(a), std::move(b));
}

/// W with spline(points) = W values, for knots x and points clamped to [x_first, x_last].
Matrix SplineMatrix(const std::vector<double>& x, const std::vector<double>& points) {
  const Matrix derivatives = DerivativeMatrix(x);
  Matrix w(points.size(), x.size());
  for (size_t row = 0; row < points.size(); ++row) {
    const double point = std::clamp(points[row], x.front(), x.back());
    const auto after = std::upper_bound(x.begin() + 1, x.end() - 1, point);
    const auto i = static_cast<size_t>(after - x.begin()) - 1;
    const double width = x[i + 1] - x[i];
    const double t = (point - x[i]) / width;
    w(row, i) += (1 + 2 * t) * (1 - t) * (1 - t);
    w(row, i + 1) += t * t * (3 - 2 * t);
    for (size_t k = 0; k < x.size(); ++k) {
      w(row, k) += width * t * (1 - t) * (1 - t) * derivatives(i, k);
      w(row, k) += width * t * t * (t - 1) * derivatives(i + 1, k);
    }
  }
  return w;
}

/// q of x2vlm-spec section 2.7: the last midpoint of a bisection that stops at an interval of 1e-6, not its limit.
double GeometricRatio(int n, int target) {
  double lower = 1.01, upper = 1.5, middle = lower;
  while (upper - lower > 1e-6) {
    middle = (lower + upper) / 2;
    const double sum = (1 - std::pow(middle, n)) / (1 - middle);
    (sum > target ? upper : lower) = middle;
  }
  return middle;
}

std::vector<double> SourceKnots(int grid_src, int grid_dst) {
  const std::vector<double> positive = BiasSourceCoordinates(grid_src, grid_dst);
  std::vector<double> knots;
  for (size_t i = positive.size(); i-- > 1;) knots.push_back(-positive[i]);
  knots.insert(knots.end(), positive.begin(), positive.end());
  return knots;
}

}  // namespace

std::vector<double> BiasSourceCoordinates(int grid_src, int grid_dst) {
  const int n = grid_src - 1;
  const double q = GeometricRatio(n, grid_dst - 1);
  std::vector<double> coordinates = {0};
  for (int k = 0; k < n; ++k) coordinates.push_back(coordinates.back() + std::pow(q, k));
  return coordinates;
}

Result<std::vector<float>> InterpolateBiasTable(std::span<const float> table, int heads, int grid_src, int grid_dst) {
  if (heads < 1 || grid_src < kMinSourceGrid || grid_dst < 1 ||
      table.size() != static_cast<size_t>(BiasTableRows(grid_src)) * static_cast<size_t>(heads)) {
    return Fail(ErrorCode::kInvalidArgument,
                "cannot interpolate a position bias table of " + std::to_string(table.size()) + " values from " +
                    std::to_string(grid_src) + " to " + std::to_string(grid_dst) + " patches per side");
  }
  if (grid_src == grid_dst) return std::vector<float>(table.begin(), table.end());
  std::vector<double> points;
  for (int t = -(grid_dst - 1); t < grid_dst; ++t) points.push_back(t);
  const Matrix w = SplineMatrix(SourceKnots(grid_src, grid_dst), points);
  const Matrix w_transposed = Transpose(w);

  const size_t side_src = w.columns(), side_dst = w.rows(), n_heads = static_cast<size_t>(heads);
  std::vector<float> out(static_cast<size_t>(BiasTableRows(grid_dst)) * n_heads);
  for (size_t head = 0; head < n_heads; ++head) {
    Matrix z(side_src, side_src);
    for (size_t y = 0; y < side_src; ++y) {
      for (size_t x = 0; x < side_src; ++x) z(y, x) = table[(y * side_src + x) * n_heads + head];
    }
    const Matrix fitted = Multiply(Multiply(w, z), w_transposed);
    for (size_t y = 0; y < side_dst; ++y) {
      for (size_t x = 0; x < side_dst; ++x) {
        out[(y * side_dst + x) * n_heads + head] = static_cast<float>(fitted(y, x));
      }
    }
  }
  const size_t kept = kClassRows * n_heads;
  std::copy(table.end() - static_cast<std::ptrdiff_t>(kept), table.end(),
            out.end() - static_cast<std::ptrdiff_t>(kept));
  return out;
}

}  // namespace sightline::encoder
