#include <cstdlib>
#include <string>

#include "gmock/gmock.h"
#include "kernels/support.h"
#include "kith/kernels/isa.h"
#include "kith/kernels/reference.h"

namespace kith::kernels {
namespace {

using testing::HasSubstr;

TEST(Isa, TakesTheBestOfTheMachineWhereNothingIsAsked) {
  const Choice choice = ChooseTable("", AvailableTables());
  EXPECT_TRUE(choice.status.ok());
  EXPECT_EQ(choice.table, AvailableTables().front());
  EXPECT_STREQ(AvailableTables().back()->name, "generic");
}

TEST(Isa, TakesWhatIsAskedWhereTheMachineHasIt) {
  for (const Table* table : AvailableTables()) {
    const Choice choice = ChooseTable(table->name, AvailableTables());
    EXPECT_TRUE(choice.status.ok());
    EXPECT_EQ(choice.table, table);
  }
}

TEST(Isa, SaysWhichNamesThereAreAndFallsBackToTheBestWhereTheNameIsUnknown) {
  const Choice choice = ChooseTable("sse9", AvailableTables());
  EXPECT_EQ(choice.status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(choice.status.ToString(), HasSubstr("KITH_ISA=sse9: no such instruction set"));
  EXPECT_THAT(choice.status.ToString(), HasSubstr("generic"));
  EXPECT_EQ(choice.table, AvailableTables().front());
}

TEST(Isa, SaysSoWhereTheMachineLacksAKnownInstructionSet) {
  const Table* const only[] = {&kGenericTable};
  const Choice choice = ChooseTable("avx512", only);
  EXPECT_EQ(choice.status.code(), StatusCode::kInvalidArgument);
  EXPECT_THAT(choice.status.ToString(), HasSubstr("this machine lacks that instruction set"));
  EXPECT_EQ(choice.table, &kGenericTable);
}

TEST(Isa, FollowsTheEnvironmentOfTheProcess) {
  const char* requested = std::getenv("KITH_ISA");
  const Choice expected = ChooseTable(requested != nullptr ? requested : "", AvailableTables());
  EXPECT_EQ(ActiveIsa(), expected.table->name);
  EXPECT_EQ(CheckIsa().ok(), expected.status.ok());
}

/// Runs in a child process with the variable set, before anything has asked for a kernel.
void ExpectActiveIsa(const char* requested, const char* active, bool ok) {
  setenv("KITH_ISA", requested, 1);
  std::exit(CheckIsa().ok() == ok && ActiveIsa() == active ? 0 : 1);
}

TEST(IsaDeathTest, ReadsTheEnvironmentAtTheFirstCall) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(ExpectActiveIsa("generic", "generic", true), testing::ExitedWithCode(0), "");
  EXPECT_EXIT(ExpectActiveIsa("abacus", AvailableTables().front()->name, false), testing::ExitedWithCode(0), "");
}

TEST(PublicKernels, AreTheKernelsOfTheActiveTable) {
  const Table& table = *ChooseTable(ActiveIsa(), AvailableTables()).table;
  const Graph graph = OddGraphs().front();
  const std::size_t d = 33;
  const auto x = Normals(graph.sources * d, 1), g = Normals(graph.rows() * d, 2), w = Normals(graph.columns.size(), 3);

  EXPECT_EQ(Dot(x.data(), g.data(), d), table.dot(x.data(), g.data(), d));

  auto y = g, table_y = g;
  Axpy(2.5F, x.data(), y.data(), d);
  table.axpy(2.5F, x.data(), table_y.data(), d);
  EXPECT_EQ(y, table_y);

  EXPECT_EQ(ExpInPlace(y.data(), y.size(), 0.5F, 0.1F), table.exp_in_place(table_y.data(), y.size(), 0.5F, 0.1F));
  EXPECT_EQ(y, table_y);

  GatherScaleSum(graph.offsets, graph.columns, w.data(), x.data(), y.data(), d);
  table.gather_scale_sum(graph.edges(), w.data(), x.data(), table_y.data(), d);
  EXPECT_EQ(y, table_y);

  auto dx = x, table_dx = x;
  GatherScaleSumBackward(graph.transpose_offsets, graph.transpose_destinations, graph.transpose_edges, w.data(),
                         g.data(), dx.data(), d);
  table.gather_scale_sum_backward(graph.transposed(), graph.transpose_edges.data(), w.data(), g.data(), table_dx.data(),
                                  d);
  EXPECT_EQ(dx, table_dx);
  GatherScaleSumBackward(graph.transpose_offsets, graph.transpose_destinations, {}, nullptr, g.data(), dx.data(), d);
  table.gather_scale_sum_backward(graph.transposed(), nullptr, nullptr, g.data(), table_dx.data(), d);
  EXPECT_EQ(dx, table_dx);

  const auto ends = Normals(graph.sources + graph.rows(), 6);
  GatherFolded(graph.offsets, graph.columns, ends.data(), ends.data(), x.data(), y.data(), d);
  table.gather_folded(graph.edges(), ends.data(), ends.data(), x.data(), table_y.data(), d);
  EXPECT_EQ(y, table_y);
  std::vector<std::uint16_t> half(x.size()), table_half(x.size());
  ToBfloat16(x.data(), x.size(), half.data());
  table.to_bfloat16(x.data(), x.size(), table_half.data());
  EXPECT_EQ(half, table_half);
  GatherFoldedBfloat16(graph.offsets, graph.columns, ends.data(), ends.data(), half.data(), y.data(), d);
  table.gather_folded_bfloat16(graph.edges(), ends.data(), ends.data(), half.data(), table_y.data(), d);
  EXPECT_EQ(y, table_y);
  const EdgeGates gates = {ends.data(), ends.data(), 0.1F, 2.0F, -9.0F, 9.0F};
  GatherGatedBfloat16(graph.offsets, graph.columns, ends.data(), ends.data(), gates, half.data(), y.data(), d);
  table.gather_gated_bfloat16(graph.edges(), ends.data(), ends.data(), gates, half.data(), table_y.data(), d);
  EXPECT_EQ(y, table_y);
  GatherGated(graph.offsets, graph.columns, ends.data(), ends.data(), gates, x.data(), y.data(), d);
  table.gather_gated(graph.edges(), ends.data(), ends.data(), gates, x.data(), table_y.data(), d);
  EXPECT_EQ(y, table_y);
  std::vector<float> gated(graph.rows()), table_gated(graph.rows());
  GatedDots(graph.offsets, graph.columns, ends.data(), ends.data(), gates, x.data(), y.data(), g.data(), gated.data(),
            d);
  table.gated_dots(graph.edges(), ends.data(), ends.data(), gates, x.data(), y.data(), g.data(), table_gated.data(), d);
  EXPECT_EQ(gated, table_gated);

  auto dots = w, table_dots = w;
  EdgeDots(graph.offsets, graph.columns, g.data(), x.data(), dots.data(), d);
  table.edge_dots(graph.edges(), g.data(), x.data(), table_dots.data(), d);
  EXPECT_EQ(dots, table_dots);

  const Attention attention = {AttentionKind::kDynamic, 4, 8, 0.2F, x.data(), nullptr};
  std::vector<float> attended(graph.rows() * 32), table_attended = attended, lse(graph.rows() * 4), table_lse = lse;
  Attend(attention, graph.offsets, graph.columns, g.data(), x.data(), attended.data(), lse.data());
  table.attend(attention, graph.edges(), g.data(), x.data(), table_attended.data(), table_lse.data());
  EXPECT_EQ(attended, table_attended);
  EXPECT_EQ(lse, table_lse);

  auto dquery = attended, table_dquery = attended;
  std::vector<float> records(graph.rows() * attention.record()), table_records = records, da(32), table_da = da;
  AttendBackwardToQueries(attention, graph.offsets, graph.columns, g.data(), x.data(), attended.data(), lse.data(),
                          g.data(), dquery.data(), records.data(), da.data());
  table.attend_backward_to_queries(attention, graph.edges(), g.data(), x.data(), attended.data(), lse.data(), g.data(),
                                   table_dquery.data(), table_records.data(), table_da.data());
  EXPECT_EQ(dquery, table_dquery);
  EXPECT_EQ(records, table_records);
  EXPECT_EQ(da, table_da);

  std::vector<float> dmessage(graph.sources * 32), table_dmessage = dmessage;
  AttendBackwardToMessages(attention, graph.transpose_offsets, graph.transpose_destinations, x.data(), records.data(),
                           dmessage.data(), da.data());
  table.attend_backward_to_messages(attention, graph.transposed(), x.data(), records.data(), table_dmessage.data(),
                                    table_da.data());
  EXPECT_EQ(dmessage, table_dmessage);

  std::vector<float> scores(graph.sources), table_scores(graph.sources);
  Scores(g.data(), x.data(), graph.sources, d, scores.data());
  table.scores(g.data(), x.data(), graph.sources, d, table_scores.data());
  EXPECT_EQ(scores, table_scores);

  std::vector<Scored> heap(4), reference_heap(4);
  const std::vector<std::uint32_t> skip = {3, 101, 104, 110};
  const auto size = OfferTopK(scores.data(), scores.size(), 100, skip, heap.data(), 0, 4);
  SortTopK(heap.data(), size);
  ASSERT_EQ(reference::OfferTopK(scores.data(), scores.size(), 100, skip, reference_heap.data(), 0, 4), size);
  reference::SortTopK(reference_heap.data(), size);
  EXPECT_EQ(heap, reference_heap);

  const std::size_t width = SoftmaxWidth(d);
  ASSERT_EQ(width, table.softmax_width(d));
  const auto rows = Normals(kSoftmaxPanel * width, 4), weights = Normals(kSoftmaxPanel, 5);
  std::vector<float> packed(kSoftmaxPanel * d), table_packed = packed;
  PackSoftmaxPanel(rows.data(), d, packed.data());
  table.pack_softmax_panel(rows.data(), d, table_packed.data());
  EXPECT_EQ(packed, table_packed);
  std::vector<float> exps(2 * kSoftmaxPanel), sums(2), dusers(2 * width), table_exps = exps, table_sums = sums,
                                                                          table_dusers = dusers;
  SoftmaxForward({rows.data(), 2, d, packed.data(), rows.data(), weights.data(), 1, 0.1F, 0.0F, exps.data(),
                  2 * kSoftmaxPanel, sums.data(), dusers.data()});
  table.softmax_forward({rows.data(), 2, d, packed.data(), rows.data(), weights.data(), 1, 0.1F, 0.0F,
                         table_exps.data(), 2 * kSoftmaxPanel, table_sums.data(), table_dusers.data()});
  EXPECT_EQ(exps, table_exps);
  EXPECT_EQ(sums, table_sums);
  EXPECT_EQ(dusers, table_dusers);
  auto dcandidates = rows, table_dcandidates = rows;
  SoftmaxBackward(exps.data(), rows.data(), 2, d, dcandidates.data(), true);
  table.softmax_backward(exps.data(), rows.data(), 2, d, table_dcandidates.data(), true);
  EXPECT_EQ(dcandidates, table_dcandidates);

  std::vector<float> workspace(GemmWorkspace()), c(9), table_c(9);
  Gemm(3, 3, d, {x.data(), d, 1}, {g.data(), 1, d}, c.data(), 3, false, workspace.data());
  table.gemm(3, 3, d, {x.data(), d, 1}, {g.data(), 1, d}, table_c.data(), 3, false, workspace.data());
  EXPECT_EQ(c, table_c);
}

TEST(PublicKernels, DoNothingOnAnEmptyGraph) {
  const std::vector<EdgeOffset> no_rows = {0};
  GatherScaleSum({}, {}, nullptr, nullptr, nullptr, 64);
  GatherScaleSum(no_rows, {}, nullptr, nullptr, nullptr, 64);
  GatherScaleSumBackward(no_rows, {}, {}, nullptr, nullptr, nullptr, 64);
  EdgeDots({}, {}, nullptr, nullptr, nullptr, 64);
  const Attention attention = {AttentionKind::kAdditive, 4, 4, 0.2F, nullptr, nullptr};
  Attend(attention, {}, {}, nullptr, nullptr, nullptr, nullptr);
  AttendBackwardToQueries(attention, no_rows, {}, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr,
                          nullptr);
  AttendBackwardToMessages(attention, no_rows, {}, nullptr, nullptr, nullptr, nullptr);
  EXPECT_EQ(OfferTopK(nullptr, 0, 0, {}, nullptr, 0, 0), 0U);
}

}  // namespace
}  // namespace kith::kernels
