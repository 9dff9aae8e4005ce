// Every kernel for one instruction set.  The including file has included lanes.inl and defined, for its vectors,
// LoadPartial, StorePartial, MaskBits, FlipWhere, FourAndZeros, kTileRows and kTileVectors.
// vector.inl and heads.inl stand before the files that call them.
#include "vector.inl"

#include "heads.inl"

#include "attention.inl"
#include "attention_backward.inl"
#include "gather.inl"
#include "gemm.inl"
// Tiles as gemm.inl has them.
#include "softmax.inl"
#include "top_k.inl"

constexpr Table MakeTable(const char* name) {
  return {.name = name,
          .gemm_workspace = kGemmWorkspace,
          .dot = Dot,
          .axpy = Axpy,
          .exp_in_place = ExpInPlace,
          .gather_scale_sum = GatherScaleSum,
          .gather_scale_sum_backward = GatherScaleSumBackward,
          .gather_folded = GatherFolded,
          .gather_folded_bfloat16 = GatherFoldedBfloat16,
          .to_bfloat16 = ToBfloat16,
          .gather_gated = GatherGated,
          .gather_gated_bfloat16 = GatherGatedBfloat16,
          .gated_dots = GatedDots,
          .edge_dots = EdgeDots,
          .attend = Attend,
          .attend_backward_to_queries = AttendBackwardToQueries,
          .attend_backward_to_messages = AttendBackwardToMessages,
          .scores = Scores,
          .offer_top_k = OfferTopK,
          .gemm = Gemm,
          .softmax_width = SoftmaxWidth,
          .pack_softmax_panel = PackSoftmaxPanel,
          .softmax_forward = SoftmaxForward,
          .softmax_backward = SoftmaxBackward};
}
