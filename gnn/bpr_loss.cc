#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "kith/gnn/loss.h"
#include "ops.h"

namespace kith {

template <class T>
double BprLoss(std::span<const Triple> triples, const MatrixOf<T>& z, MatrixOf<T>& dz) {
  if (dz.rows() != z.rows() || dz.cols() != z.cols()) throw std::invalid_argument("BPR loss: dz must have z's shape");
  if (triples.empty()) return 0.0;
  const std::size_t d = z.cols();
  const double share = 1.0 / static_cast<double>(triples.size());
  double loss = 0.0;
  for (const Triple& t : triples) {
    const T* user = z.row(t.user);
    const T* positive = z.row(t.positive);
    const T* negative = z.row(t.negative);
    const double margin =
        static_cast<double>(gnn::Dot(user, positive, d)) - static_cast<double>(gnn::Dot(user, negative, d));
    // -log sigma(m) = log(1 + exp(-m)), without overflow for a large negative m.
    loss += std::max(-margin, 0.0) + std::log1p(std::exp(-std::abs(margin)));
    const T slope = static_cast<T>(-share / (1.0 + std::exp(margin)));  // share * (sigma(m) - 1)
    gnn::Axpy(slope, positive, dz.row(t.user), d);
    gnn::Axpy(-slope, negative, dz.row(t.user), d);
    gnn::Axpy(slope, user, dz.row(t.positive), d);
    gnn::Axpy(-slope, user, dz.row(t.negative), d);
  }
  return loss * share;
}

template double BprLoss<float>(std::span<const Triple>, const Matrix&, Matrix&);
template double BprLoss<double>(std::span<const Triple>, const MatrixOf<double>&, MatrixOf<double>&);

}  // namespace kith
