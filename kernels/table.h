/// The kernels of one instruction set as plain functions, and the choice between the sets of this machine.
///
/// The functions take pointers and counts where the public kernels take spans: code compiled for a wide instruction
/// set must not call inline functions of the standard library, whose copies the linker would share with everyone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "kith/base/status.h"
#include "kith/kernels/attention.h"
#include "kith/kernels/kernels.h"
#include "kith/kernels/softmax.h"

namespace kith::kernels {

/// `rows` rows of edges: row v holds the positions offsets[v] <= e < offsets[v + 1] of `columns`.
struct EdgeRows {
  const EdgeOffset* offsets;
  std::size_t rows;
  const std::uint32_t* columns;
};

struct Table {
  const char* name;
  std::size_t gemm_workspace;
  float (*dot)(const float* a, const float* b, std::size_t d) noexcept;
  void (*axpy)(float alpha, const float* x, float* y, std::size_t d) noexcept;
  float (*exp_in_place)(float* x, std::size_t n, float scale, float shift) noexcept;
  void (*gather_scale_sum)(EdgeRows edges, const float* weights, const float* x, float* out, std::size_t d) noexcept;
  /// `edge_of` gives the place of each transposed edge in `weights`.
  void (*gather_scale_sum_backward)(EdgeRows edges, const std::uint32_t* edge_of, const float* weights,
                                    const float* dout, float* dx, std::size_t d) noexcept;
  void (*gather_folded)(EdgeRows edges, const float* row_factors, const float* column_factors, const float* x,
                        float* out, std::size_t d) noexcept;
  void (*gather_folded_bfloat16)(EdgeRows edges, const float* row_factors, const float* column_factors,
                                 const std::uint16_t* x, float* out, std::size_t d) noexcept;
  void (*to_bfloat16)(const float* x, std::size_t n, std::uint16_t* out) noexcept;
  void (*gather_gated)(EdgeRows edges, const float* row_factors, const float* column_factors, const EdgeGates& gates,
                       const float* x, float* out, std::size_t d) noexcept;
  void (*gather_gated_bfloat16)(EdgeRows edges, const float* row_factors, const float* column_factors,
                                const EdgeGates& gates, const std::uint16_t* x, float* out, std::size_t d) noexcept;
  void (*gated_dots)(EdgeRows edges, const float* row_factors, const float* column_factors, const EdgeGates& gates,
                     const float* x, const float* out, const float* against, float* dots, std::size_t d) noexcept;
  void (*edge_dots)(EdgeRows edges, const float* dout, const float* x, float* dweight, std::size_t d) noexcept;
  void (*attend)(const Attention& attention, EdgeRows edges, const float* query, const float* message, float* out,
                 float* lse) noexcept;
  void (*attend_backward_to_queries)(const Attention& attention, EdgeRows edges, const float* query,
                                     const float* message, const float* out, const float* lse, const float* dout,
                                     float* dquery, float* records, float* dattention) noexcept;
  void (*attend_backward_to_messages)(const Attention& attention, EdgeRows edges, const float* message,
                                      const float* records, float* dmessage, float* dattention) noexcept;
  void (*scores)(const float* query, const float* items, std::size_t n, std::size_t d, float* scores) noexcept;
  std::size_t (*offer_top_k)(const float* scores, std::size_t n, std::uint32_t first_id, const std::uint32_t* skip,
                             std::size_t skip_size, Scored* heap, std::size_t size, std::size_t k) noexcept;
  void (*gemm)(std::size_t m, std::size_t n, std::size_t k, GemmOperand a, GemmOperand b, float* c, std::size_t ldc,
               bool accumulate, float* workspace) noexcept;
  std::size_t (*softmax_width)(std::size_t d) noexcept;
  void (*pack_softmax_panel)(const float* candidates, std::size_t d, float* packed) noexcept;
  void (*softmax_forward)(const SoftmaxBlock& block) noexcept;
  void (*softmax_backward)(const float* exps, const float* users, std::size_t count, std::size_t d, float* dcandidates,
                           bool add) noexcept;
};

/// 16-byte vectors: runs on every machine the project is built for.
extern const Table kGenericTable;
#if defined(__x86_64__)
extern const Table kAvx2Table;
extern const Table kAvx512Table;
#endif

/// The table in use: KITH_ISA's, else the best of this machine; decided at the first call.
[[nodiscard]] const Table& ActiveTable() noexcept;

/// The tables that this machine can run, the best first; never empty.
[[nodiscard]] std::span<const Table* const> AvailableTables() noexcept;

struct Choice {
  const Table* table;
  Status status;
};
/// What `requested` (the value of KITH_ISA; empty: the best) picks out of `available`; where it picks nothing, the best
/// table and the reason.
[[nodiscard]] Choice ChooseTable(std::string_view requested, std::span<const Table* const> available);

}  // namespace kith::kernels
