/// Opt-in header: shows a square Csr to the Boost Graph Library. It is the only public header that names Boost.Graph.
///
/// CsrView<Direction> models VertexListGraph, IncidenceGraph, AdjacencyGraph, EdgeListGraph and AdjacencyMatrix, and,
/// where the way back is known, BidirectionalGraph:
///
///   boost::directed_tag       rows are out-edges: CsrView<boost::directed_tag>(graph.frozen(Relation::kTrusts))
///   boost::bidirectional_tag  the same, with the transpose beside it for in-edges
///   boost::undirected_tag     symmetric rows without loops (graph/undirected.h): an edge is seen from both ends
///
///   const Csr everything = UndirectedUnion(runtime, graph);
///   boost::connected_components(CsrView<boost::undirected_tag>(everything), component_of_node.data());
///
/// A vertex is the number of its row; there are no parallel edges, so an edge is its two ends.
/// Threads and cost: two borrowed pointers; the Csr must outlive the view. Algorithms run as fast as on Boost's own
/// CSR.
#pragma once

#include <boost/graph/graph_concepts.hpp>
#include <boost/graph/graph_traits.hpp>
#include <boost/graph/properties.hpp>
#include <boost/iterator/counting_iterator.hpp>
#include <boost/iterator/iterator_facade.hpp>
#include <boost/property_map/property_map.hpp>
#include <cassert>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

#include "kith/graph/csr.h"

namespace kith {

template <class Direction>
class CsrView {
  static constexpr bool kUndirected = std::is_same_v<Direction, boost::undirected_tag>;
  static constexpr bool kKnowsWayBack = !std::is_same_v<Direction, boost::directed_tag>;

 public:
  /// For directed and undirected views.  REQUIRES: csr.num_rows() == csr.num_targets().
  explicit CsrView(const Csr& csr) noexcept requires(!std::is_same_v<Direction, boost::bidirectional_tag>)
      : out_(&csr), in_(&csr) {
    assert(csr.num_rows() == csr.num_targets());
  }
  /// REQUIRES: in is the transpose of out, and both are square.
  CsrView(const Csr& out, const Csr& in) noexcept requires(std::is_same_v<Direction, boost::bidirectional_tag>)
      : out_(&out), in_(&in) {
    assert(out.num_rows() == out.num_targets() && in.num_rows() == out.num_rows());
  }
  explicit CsrView(Csr&&) = delete;
  CsrView(Csr&&, const Csr&) = delete;
  CsrView(const Csr&, Csr&&) = delete;
  CsrView(Csr&&, Csr&&) = delete;

  using vertex_descriptor = std::uint32_t;
  struct edge_descriptor {
    std::uint32_t source = 0, target = 0;
    friend bool operator==(const edge_descriptor& a, const edge_descriptor& b) noexcept {
      const bool same = a.source == b.source && a.target == b.target;
      return same || (kUndirected && a.source == b.target && a.target == b.source);
    }
  };

 private:
  /// The edges of one row, from the row's vertex or towards it.
  template <bool kOut>
  class RowIterator : public boost::iterator_facade<RowIterator<kOut>, edge_descriptor,
                                                    boost::random_access_traversal_tag, edge_descriptor> {
   public:
    RowIterator() = default;
    RowIterator(std::uint32_t vertex, const std::uint32_t* other) noexcept : vertex_(vertex), other_(other) {}

   private:
    friend class boost::iterator_core_access;
    edge_descriptor dereference() const noexcept {
      return kOut ? edge_descriptor{vertex_, *other_} : edge_descriptor{*other_, vertex_};
    }
    bool equal(const RowIterator& that) const noexcept { return other_ == that.other_; }
    void increment() noexcept { ++other_; }
    void decrement() noexcept { --other_; }
    void advance(std::ptrdiff_t n) noexcept { other_ += n; }
    std::ptrdiff_t distance_to(const RowIterator& that) const noexcept { return that.other_ - other_; }

    std::uint32_t vertex_ = 0;
    const std::uint32_t* other_ = nullptr;
  };

  /// All edges by source, then target; of an undirected edge only the side of its smaller end.
  class EdgeIterator
      : public boost::iterator_facade<EdgeIterator, edge_descriptor, boost::forward_traversal_tag, edge_descriptor> {
   public:
    EdgeIterator() = default;
    EdgeIterator(const Csr& csr, std::size_t place) noexcept : csr_(&csr), place_(place) { Settle(); }

   private:
    friend class boost::iterator_core_access;
    edge_descriptor dereference() const noexcept { return {row_, csr_->targets()[place_]}; }
    bool equal(const EdgeIterator& that) const noexcept { return place_ == that.place_; }
    void increment() noexcept {
      ++place_;
      Settle();
    }
    void Settle() noexcept {
      for (; place_ < csr_->num_edges(); ++place_) {
        while (place_ >= csr_->offsets()[row_ + 1]) ++row_;
        if (!kUndirected || csr_->targets()[place_] > row_) return;
      }
    }

    const Csr* csr_ = nullptr;
    std::size_t place_ = 0;
    std::uint32_t row_ = 0;
  };

  struct OneWayTag : boost::vertex_list_graph_tag,
                     boost::incidence_graph_tag,
                     boost::adjacency_graph_tag,
                     boost::edge_list_graph_tag,
                     boost::adjacency_matrix_tag {};
  struct BothWaysTag : boost::vertex_list_graph_tag,
                       boost::bidirectional_graph_tag,
                       boost::adjacency_graph_tag,
                       boost::edge_list_graph_tag,
                       boost::adjacency_matrix_tag {};

 public:
  using directed_category = Direction;
  using edge_parallel_category = boost::disallow_parallel_edge_tag;
  using traversal_category = std::conditional_t<kKnowsWayBack, BothWaysTag, OneWayTag>;
  using vertices_size_type = std::uint32_t;
  using edges_size_type = std::size_t;
  using degree_size_type = std::uint32_t;
  using vertex_iterator = boost::counting_iterator<std::uint32_t>;
  using adjacency_iterator = const std::uint32_t*;
  using out_edge_iterator = RowIterator<true>;
  using in_edge_iterator = RowIterator<false>;
  using edge_iterator = EdgeIterator;

  static constexpr vertex_descriptor null_vertex() noexcept { return std::numeric_limits<std::uint32_t>::max(); }

  // What Boost's algorithms call; found by their argument.
  friend std::uint32_t num_vertices(const CsrView& g) noexcept { return g.out_->num_rows(); }
  friend std::pair<vertex_iterator, vertex_iterator> vertices(const CsrView& g) noexcept {
    return {vertex_iterator(0), vertex_iterator(g.out_->num_rows())};
  }
  friend std::size_t num_edges(const CsrView& g) noexcept { return g.out_->num_edges() / (kUndirected ? 2 : 1); }
  friend std::pair<edge_iterator, edge_iterator> edges(const CsrView& g) noexcept {
    return {edge_iterator(*g.out_, 0), edge_iterator(*g.out_, g.out_->num_edges())};
  }
  friend std::uint32_t source(const edge_descriptor& e, const CsrView&) noexcept { return e.source; }
  friend std::uint32_t target(const edge_descriptor& e, const CsrView&) noexcept { return e.target; }
  friend std::uint32_t out_degree(std::uint32_t v, const CsrView& g) noexcept { return g.out_->degree(v); }
  friend std::pair<out_edge_iterator, out_edge_iterator> out_edges(std::uint32_t v, const CsrView& g) noexcept {
    const auto row = g.out_->neighbors(v);
    return {out_edge_iterator(v, row.data()), out_edge_iterator(v, row.data() + row.size())};
  }
  friend std::pair<adjacency_iterator, adjacency_iterator> adjacent_vertices(std::uint32_t v,
                                                                             const CsrView& g) noexcept {
    const auto row = g.out_->neighbors(v);
    return {row.data(), row.data() + row.size()};
  }
  friend std::uint32_t in_degree(std::uint32_t v, const CsrView& g) noexcept requires(kKnowsWayBack) {
    return g.in_->degree(v);
  }
  friend std::pair<in_edge_iterator, in_edge_iterator> in_edges(std::uint32_t v, const CsrView& g) noexcept
      requires(kKnowsWayBack) {
    const auto row = g.in_->neighbors(v);
    return {in_edge_iterator(v, row.data()), in_edge_iterator(v, row.data() + row.size())};
  }
  friend std::uint32_t degree(std::uint32_t v, const CsrView& g) noexcept requires(kKnowsWayBack) {
    return kUndirected ? g.out_->degree(v) : g.out_->degree(v) + g.in_->degree(v);
  }
  friend std::pair<edge_descriptor, bool> edge(std::uint32_t u, std::uint32_t v, const CsrView& g) noexcept {
    return {{u, v}, g.out_->contains(u, v)};
  }
  friend boost::typed_identity_property_map<std::uint32_t> get(boost::vertex_index_t, const CsrView&) noexcept {
    return {};
  }
  friend std::uint32_t get(boost::vertex_index_t, const CsrView&, std::uint32_t v) noexcept { return v; }

 private:
  const Csr *out_, *in_;
};

}  // namespace kith

template <class Direction>
struct boost::property_map<kith::CsrView<Direction>, boost::vertex_index_t> {
  using type = boost::typed_identity_property_map<std::uint32_t>;
  using const_type = type;
};
