// The public kernels: each hands its spans to the table of the active instruction set.
#include "kith/kernels/kernels.h"

#include <algorithm>

#include "table.h"

namespace kith::kernels {
namespace {

EdgeRows Rows(std::span<const EdgeOffset> offsets, std::span<const std::uint32_t> columns) noexcept {
  return {offsets.data(), offsets.empty() ? 0 : offsets.size() - 1, columns.data()};
}

}  // namespace

float Dot(const float* a, const float* b, std::size_t d) noexcept { return ActiveTable().dot(a, b, d); }

void Axpy(float alpha, const float* x, float* y, std::size_t d) noexcept { ActiveTable().axpy(alpha, x, y, d); }

float ExpInPlace(float* x, std::size_t n, float scale, float shift) noexcept {
  return ActiveTable().exp_in_place(x, n, scale, shift);
}

void GatherScaleSum(std::span<const EdgeOffset> offsets, std::span<const std::uint32_t> columns, const float* weights,
                    const float* x, float* out, std::size_t d) noexcept {
  ActiveTable().gather_scale_sum(Rows(offsets, columns), weights, x, out, d);
}

void GatherScaleSumBackward(std::span<const EdgeOffset> transpose_offsets,
                            std::span<const std::uint32_t> transpose_destinations,
                            std::span<const std::uint32_t> transpose_edges, const float* weights, const float* dout,
                            float* dx, std::size_t d) noexcept {
  ActiveTable().gather_scale_sum_backward(Rows(transpose_offsets, transpose_destinations), transpose_edges.data(),
                                          weights, dout, dx, d);
}

void GatherFolded(std::span<const EdgeOffset> offsets, std::span<const std::uint32_t> columns, const float* row_factors,
                  const float* column_factors, const float* x, float* out, std::size_t d) noexcept {
  ActiveTable().gather_folded(Rows(offsets, columns), row_factors, column_factors, x, out, d);
}

void GatherFoldedBfloat16(std::span<const EdgeOffset> offsets, std::span<const std::uint32_t> columns,
                          const float* row_factors, const float* column_factors, const std::uint16_t* x, float* out,
                          std::size_t d) noexcept {
  ActiveTable().gather_folded_bfloat16(Rows(offsets, columns), row_factors, column_factors, x, out, d);
}

void ToBfloat16(const float* x, std::size_t n, std::uint16_t* out) noexcept { ActiveTable().to_bfloat16(x, n, out); }

void GatherGated(std::span<const EdgeOffset> offsets, std::span<const std::uint32_t> columns, const float* row_factors,
                 const float* column_factors, const EdgeGates& gates, const float* x, float* out,
                 std::size_t d) noexcept {
  ActiveTable().gather_gated(Rows(offsets, columns), row_factors, column_factors, gates, x, out, d);
}

void GatherGatedBfloat16(std::span<const EdgeOffset> offsets, std::span<const std::uint32_t> columns,
                         const float* row_factors, const float* column_factors, const EdgeGates& gates,
                         const std::uint16_t* x, float* out, std::size_t d) noexcept {
  ActiveTable().gather_gated_bfloat16(Rows(offsets, columns), row_factors, column_factors, gates, x, out, d);
}

void GatedDots(std::span<const EdgeOffset> offsets, std::span<const std::uint32_t> columns, const float* row_factors,
               const float* column_factors, const EdgeGates& gates, const float* x, const float* out,
               const float* against, float* dots, std::size_t d) noexcept {
  ActiveTable().gated_dots(Rows(offsets, columns), row_factors, column_factors, gates, x, out, against, dots, d);
}

void EdgeDots(std::span<const EdgeOffset> offsets, std::span<const std::uint32_t> columns, const float* dout,
              const float* x, float* dweight, std::size_t d) noexcept {
  ActiveTable().edge_dots(Rows(offsets, columns), dout, x, dweight, d);
}

void Attend(const Attention& attention, std::span<const EdgeOffset> offsets, std::span<const std::uint32_t> columns,
            const float* query, const float* message, float* out, float* lse) noexcept {
  ActiveTable().attend(attention, Rows(offsets, columns), query, message, out, lse);
}

void AttendBackwardToQueries(const Attention& attention, std::span<const EdgeOffset> offsets,
                             std::span<const std::uint32_t> columns, const float* query, const float* message,
                             const float* out, const float* lse, const float* dout, float* dquery, float* records,
                             float* dattention) noexcept {
  ActiveTable().attend_backward_to_queries(attention, Rows(offsets, columns), query, message, out, lse, dout, dquery,
                                           records, dattention);
}

void AttendBackwardToMessages(const Attention& attention, std::span<const EdgeOffset> transpose_offsets,
                              std::span<const std::uint32_t> transpose_destinations, const float* message,
                              const float* records, float* dmessage, float* dattention) noexcept {
  ActiveTable().attend_backward_to_messages(attention, Rows(transpose_offsets, transpose_destinations), message,
                                            records, dmessage, dattention);
}

void Scores(const float* query, const float* items, std::size_t n, std::size_t d, float* scores) noexcept {
  ActiveTable().scores(query, items, n, d, scores);
}

std::size_t OfferTopK(const float* scores, std::size_t n, std::uint32_t first_id, std::span<const std::uint32_t> skip,
                      Scored* heap, std::size_t size, std::size_t k) noexcept {
  // Lists are offered in pieces: jump to the part of `skip` that this piece can meet.
  const auto from = std::lower_bound(skip.begin(), skip.end(), first_id);
  const auto rest = skip.subspan(static_cast<std::size_t>(from - skip.begin()));
  return ActiveTable().offer_top_k(scores, n, first_id, rest.data(), rest.size(), heap, size, k);
}

void SortTopK(Scored* heap, std::size_t size) noexcept {
  std::sort(heap, heap + size,
            [](const Scored& a, const Scored& b) { return a.score > b.score || (a.score == b.score && a.id < b.id); });
}

std::size_t SoftmaxWidth(std::size_t d) noexcept { return ActiveTable().softmax_width(d); }

void PackSoftmaxPanel(const float* candidates, std::size_t d, float* packed) noexcept {
  ActiveTable().pack_softmax_panel(candidates, d, packed);
}

void SoftmaxForward(const SoftmaxBlock& block) noexcept { ActiveTable().softmax_forward(block); }

void SoftmaxBackward(const float* exps, const float* users, std::size_t count, std::size_t d, float* dcandidates,
                     bool add) noexcept {
  ActiveTable().softmax_backward(exps, users, count, d, dcandidates, add);
}

std::size_t GemmWorkspace() noexcept { return ActiveTable().gemm_workspace; }

void Gemm(std::size_t m, std::size_t n, std::size_t k, GemmOperand a, GemmOperand b, float* c, std::size_t ldc,
          bool accumulate, float* workspace) noexcept {
  ActiveTable().gemm(m, n, k, a, b, c, ldc, accumulate, workspace);
}

}  // namespace kith::kernels
