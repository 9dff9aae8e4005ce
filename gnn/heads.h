/// What GAT and GATv2 share: one matrix a head, so that a head is a plain Aggregate over contiguous rows.
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

#include "kith/gnn/layer.h"
#include "matmul.h"
#include "ops.h"

namespace kith::gnn {

template <class T>
using HeadsOf = std::vector<MatrixOf<T>>;  ///< H matrices [rows x o], o = out / H

/// heads[h] [rows x o] = x W^h for the first `rows` rows of x, W^h the h-th o columns of weight [in x H*o].
template <class T>
void ProjectHeads(const Runtime& runtime, std::size_t rows, const MatrixOf<T>& x, const MatrixOf<T>& weight,
                  HeadsOf<T>& heads) {
  const std::size_t o = weight.cols() / heads.size();
  for (std::size_t h = 0; h < heads.size(); ++h) {
    heads[h].resize(rows, o);
    ParallelProduct(runtime, rows, o, x.cols(), AsOperand(x), AsOperand(weight).FromColumn(h * o), heads[h].data(), o);
  }
}

/// dweight += x^T dheads;  dx += dheads W^T, for the rows that dheads have.
template <class T>
void AddProjectHeadsBackward(const Runtime& runtime, const MatrixOf<T>& x, const HeadsOf<T>& dheads,
                             ParameterOf<T>& weight, MatrixOf<T>& dx) {
  const std::size_t in = x.cols(), out = weight.value.cols(), o = out / dheads.size();
  for (std::size_t h = 0; h < dheads.size(); ++h) {
    const std::size_t rows = dheads[h].rows();
    AddTransposedProduct(runtime, rows, in, o, AsOperand(x), AsOperand(dheads[h]), weight.gradient.data() + h * o, out);
    ParallelProduct(runtime, rows, in, o, AsOperand(dheads[h]), AsOperand(weight.value).FromColumn(h * o).Transposed(),
                    dx.data(), in, Write::kAdd);
  }
}

/// part [rows x cols] = columns [first, first + part.cols()) of whole, or the other way round.
template <class T>
void CopyColumnsOut(const Runtime& runtime, const MatrixOf<T>& whole, std::size_t first, MatrixOf<T>& part) {
  ParallelFor(runtime, whole.rows(), kRowGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) std::copy_n(whole.row(r) + first, part.cols(), part.row(r));
  });
}
template <class T>
void CopyColumnsIn(const Runtime& runtime, const MatrixOf<T>& part, std::size_t first, MatrixOf<T>& whole) {
  ParallelFor(runtime, whole.rows(), kRowGrain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t r = begin; r < end; ++r) std::copy_n(part.row(r), part.cols(), whole.row(r) + first);
  });
}

/// y_v = || over h of sum over e = (u -> v) of alpha[e, h] * heads[h]_u.   alpha [E x H], y [D x H*o].
template <class T>
void AggregateHeads(const Runtime& runtime, const Block& block, const MatrixOf<T>& alpha, const HeadsOf<T>& heads,
                    MatrixOf<T>& y) {
  const std::size_t o = heads[0].cols();
  y.resize(block.num_destinations(), o * heads.size());
  MatrixOf<T> weights(alpha.rows(), 1), part;
  for (std::size_t h = 0; h < heads.size(); ++h) {
    CopyColumnsOut(runtime, alpha, h, weights);
    Aggregate(runtime, block, weights.data(), heads[h], part);
    CopyColumnsIn(runtime, part, h * o, y);
  }
}

/// dheads[h] [S x o] = alpha^T dy (written);  dalpha[e, h] = <dy_v of head h, heads[h]_u>.
template <class T>
void AggregateHeadsBackward(const Runtime& runtime, const Block& block, const MatrixOf<T>& alpha,
                            const HeadsOf<T>& heads, const MatrixOf<T>& dy, HeadsOf<T>& dheads, MatrixOf<T>& dalpha) {
  const std::size_t o = heads[0].cols();
  dalpha.resize(alpha.rows(), alpha.cols());
  MatrixOf<T> weights(alpha.rows(), 1), part(dy.rows(), o);
  for (std::size_t h = 0; h < heads.size(); ++h) {
    CopyColumnsOut(runtime, dy, h * o, part);
    CopyColumnsOut(runtime, alpha, h, weights);
    dheads[h].resize(block.num_sources(), o);
    dheads[h].fill(T{0});
    AddAggregateBackward(runtime, block, weights.data(), part, dheads[h]);
    AggregateBackwardToWeights(runtime, block, part, heads[h], weights.data());
    CopyColumnsIn(runtime, weights, h, dalpha);
  }
}

}  // namespace kith::gnn
