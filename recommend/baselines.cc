#include "kith/recommend/baselines.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace kith {
namespace {

/// Counts, degrees and where the graph stands; the gates of someone who has no items: popular things alone.
std::shared_ptr<Model> EmptyModel(const SocialGraph& graph, std::string architecture) {
  auto model = std::make_shared<Model>();
  model->info.architecture = std::move(architecture);
  model->info.store_id = graph.store_id();
  model->info.log_sequence = graph.log_sequence();
  model->info.num_users = graph.num_users();
  model->info.num_items = graph.num_items();
  model->item_degrees.resize(graph.num_items());
  for (std::uint32_t i = 0; i < graph.num_items(); ++i) {
    model->item_degrees[i] = graph.degree(Relation::kInteractedBy, i);
  }
  model->gates = {
      .learned = 0.0F, .kernel = 0.0F, .friends = 0.0F, .popular = 0.0F, .cold_friends = 0.0F, .cold_popular = 1.0F};
  return model;
}

Result<std::shared_ptr<const Model>> Finished(std::shared_ptr<Model> model) {
  KITH_RETURN_IF_ERROR(model->Finish());
  return std::shared_ptr<const Model>(std::move(model));
}

struct Neighbour {
  float value;
  std::uint32_t item;
};

/// The row of one item: how many users each other item shares with it, as a cosine, cut to the best, by id.
/// `shared` [I] is 0 on entry and on return.
std::vector<Neighbour> NearestItems(const SocialGraph& graph, std::uint32_t item, const ItemKnnOptions& options,
                                    std::vector<std::uint32_t>& shared, std::vector<std::uint32_t>& met) {
  met.clear();
  for (const std::uint32_t user : graph.users(ItemId{item}).targets) {
    for (const std::uint32_t other : graph.items(UserId{user}).targets) {
      if (shared[other]++ == 0) met.push_back(other);
    }
  }
  const double degree = graph.degree(Relation::kInteractedBy, item);
  std::vector<Neighbour> row;
  row.reserve(met.size());
  for (const std::uint32_t other : met) {
    const double count = std::exchange(shared[other], 0U);
    if (other == item) continue;
    const double norm = std::sqrt(degree * graph.degree(Relation::kInteractedBy, other)) + options.shrink;
    row.push_back({static_cast<float>(count / norm), other});
  }
  if (row.size() > options.neighbors) {
    const auto better = [](const Neighbour& a, const Neighbour& b) {
      return a.value != b.value ? a.value > b.value : a.item < b.item;
    };
    std::nth_element(row.begin(), row.begin() + options.neighbors, row.end(), better);
    row.resize(options.neighbors);
  }
  std::sort(row.begin(), row.end(), [](const Neighbour& a, const Neighbour& b) { return a.item < b.item; });
  row.shrink_to_fit();
  return row;
}

}  // namespace

Result<std::shared_ptr<const Model>> PopularityModel(const SocialGraph& graph) {
  auto model = EmptyModel(graph, "popularity");
  model->gates.popular = 1.0F;
  return Finished(std::move(model));
}

Result<std::shared_ptr<const Model>> UserKnnModel(const SocialGraph& graph) {
  auto model = EmptyModel(graph, "user-knn");
  model->gates.neighbours = 1.0F;
  return Finished(std::move(model));
}

Result<std::shared_ptr<const Model>> KernelModel(const SocialGraph& graph, const std::string& name, ItemKernel kernel,
                                                 float degree_exponent) {
  auto model = EmptyModel(graph, name);
  model->gates.kernel = 1.0F;
  model->kernel = std::move(kernel);
  model->kernel_degree_exponent = degree_exponent;
  return Finished(std::move(model));
}

Result<std::shared_ptr<const Model>> FactorModel(const SocialGraph& graph, const std::string& name, const Matrix& users,
                                                 const Matrix& items) {
  const std::size_t d = users.cols();
  if (users.rows() != graph.num_users() || items.rows() != graph.num_items() || items.cols() != d) {
    return InvalidArgument(name + ": factors [" + std::to_string(users.rows()) + " x " + std::to_string(d) + "] and [" +
                           std::to_string(items.rows()) + " x " + std::to_string(items.cols()) +
                           "] do not fit a graph of " + std::to_string(graph.num_users()) + " users and " +
                           std::to_string(graph.num_items()) + " items");
  }
  const auto square = [d](const float* row) {
    double sum = 0;
    for (std::size_t c = 0; c < d; ++c) sum += static_cast<double>(row[c]) * row[c];
    return sum;
  };
  auto model = EmptyModel(graph, name);
  model->gates.learned = 1.0F;
  double longest = 0;
  for (std::size_t i = 0; i < items.rows(); ++i) longest = std::max(longest, square(items.row(i)));
  const auto fill = [&](const Matrix& from, std::size_t row, double length, Matrix& to) {
    for (std::size_t c = 0; c < d; ++c) to(row, c) = static_cast<float>(from(row, c) / length);
  };
  model->items = model->item_messages = Matrix(items.rows(), d + 1);
  model->items.fill(0.0F);
  model->item_messages.fill(0.0F);
  for (std::size_t i = 0; i < items.rows(); ++i) {
    const double own = square(items.row(i));
    if (own == 0) continue;
    fill(items, i, std::sqrt(longest), model->items);
    model->items(i, d) = static_cast<float>(std::sqrt(std::max(0.0, 1.0 - own / longest)));
  }
  model->users = model->user_base = Matrix(users.rows(), d + 1);
  model->users.fill(0.0F);
  model->user_base.fill(0.0F);
  for (std::size_t u = 0; u < users.rows(); ++u) {
    const double own = square(users.row(u));
    if (own == 0) continue;
    fill(users, u, std::sqrt(own), model->users);
    fill(users, u, 1.0, model->user_base);
  }
  return Finished(std::move(model));
}

Result<std::shared_ptr<const Model>> ItemKnnModel(const Runtime& runtime, const SocialGraph& graph,
                                                  const ItemKnnOptions& options) {
  if (options.neighbors == 0) return InvalidArgument("neighbors: expected at least 1, found 0");
  if (!(options.shrink >= 0) || std::isinf(options.shrink)) {
    return InvalidArgument("shrink: expected a finite number >= 0, found " + std::to_string(options.shrink));
  }
  auto model = EmptyModel(graph, "item-knn");
  model->gates.kernel = 1.0F;

  std::vector<std::vector<Neighbour>> rows(graph.num_items());
  ParallelFor(runtime, rows.size(), 512, [&](std::size_t begin, std::size_t end) {
    std::vector<std::uint32_t> shared(graph.num_items(), 0), met;
    for (std::size_t i = begin; i < end; ++i) {
      rows[i] = NearestItems(graph, static_cast<std::uint32_t>(i), options, shared, met);
    }
  });
  ItemKernel& kernel = model->kernel;
  kernel.offsets.push_back(0);
  for (std::vector<Neighbour>& row : rows) {
    for (const Neighbour& neighbour : row) {
      kernel.targets.push_back(neighbour.item);
      kernel.values.push_back(neighbour.value);
    }
    kernel.offsets.push_back(kernel.targets.size());
    row = {};
  }
  return Finished(std::move(model));
}

}  // namespace kith
