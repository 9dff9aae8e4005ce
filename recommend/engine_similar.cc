#include <algorithm>
#include <cmath>
#include <limits>

#include "engine_impl.h"
#include "kith/kernels/kernels.h"

namespace kith {
namespace {

/// The k rows nearest to `query` by inner product, without `self` and without rows of zeros, which are no vectors.
std::vector<ScoredItem> Nearest(const Matrix& rows, const float* query, std::uint32_t self, std::size_t k) {
  std::vector<ScoredItem> list(std::min(k, rows.rows()));
  if (list.empty()) return list;
  std::vector<float> scores(rows.rows());
  kernels::Scores(query, rows.data(), rows.rows(), rows.cols(), scores.data());
  for (std::size_t r = 0; r < scores.size(); ++r) {
    if (scores[r] == 0 && kernels::Dot(rows.row(r), rows.row(r), rows.cols()) == 0) {
      scores[r] = std::numeric_limits<float>::quiet_NaN();
    }
  }
  const std::uint32_t skip[] = {self};
  list.resize(kernels::OfferTopK(scores.data(), scores.size(), 0, skip, list.data(), 0, list.size()));
  kernels::SortTopK(list.data(), list.size());
  return list;
}

/// The k best entries of one row of the item kernel.
std::vector<ScoredItem> NearestInKernel(const ItemKernel& kernel, std::uint32_t item, std::size_t k) {
  std::vector<ScoredItem> list;
  for (std::uint64_t e = kernel.offsets[item]; e < kernel.offsets[item + 1]; ++e) {
    list.push_back({kernel.values[e], kernel.targets[e]});
  }
  std::sort(list.begin(), list.end(), [](const ScoredItem& a, const ScoredItem& b) {
    return a.score != b.score ? a.score > b.score : a.id < b.id;
  });
  if (list.size() > k) list.resize(k);
  return list;
}

bool IsZero(std::span<const float> row) {
  return std::all_of(row.begin(), row.end(), [](float value) { return value == 0; });
}

}  // namespace

Result<std::vector<Similar>> EngineImpl::SimilarItems(std::string_view item, std::size_t k) const {
  KITH_ASSIGN_OR_RETURN(const std::shared_ptr<const State> state, Ready());
  KITH_ASSIGN_OR_RETURN(const ItemId id, KnownItem(*state, item));
  const Model& model = *state->model;
  if (index(id) >= model.info.num_items) {
    return FailedPrecondition("item \"" + std::string(item) + "\" is newer than model \"" + options_.model +
                              "\"; run: kith train --store " + store_->path());
  }
  std::vector<ScoredItem> list;
  if (model.width() > 0) {
    if (IsZero(model.items.row_span(index(id)))) {
      return FailedPrecondition("item \"" + std::string(item) + "\" had no interactions when model \"" +
                                options_.model + "\" was trained; run: kith train --store " + store_->path());
    }
    list = Nearest(model.items, model.items.row(index(id)), index(id), k);
  } else if (!model.kernel.empty()) {
    list = NearestInKernel(model.kernel, index(id), k);
  } else {
    return FailedPrecondition("model \"" + options_.model + "\" (" + model.info.architecture +
                              ") has neither vectors nor an item kernel to compare items by; train one that has, "
                              "for example: kith train --store " +
                              store_->path() + " --model kith");
  }
  std::vector<Similar> similar;
  keys_.With([&](const KeyTable& keys) {
    for (const ScoredItem& hit : list) {
      similar.push_back(
          {std::string(keys.item_key(ItemId{hit.id})), std::string(keys.item_name(ItemId{hit.id})), hit.score});
    }
  });
  return similar;
}

Result<std::vector<Similar>> EngineImpl::SimilarUsers(std::string_view user, std::size_t k) const {
  KITH_ASSIGN_OR_RETURN(const std::shared_ptr<const State> state, Ready());
  KITH_ASSIGN_OR_RETURN(const UserId id, KnownUser(*state, user));
  const Model& model = *state->model;
  if (model.width() == 0) {
    return FailedPrecondition("model \"" + options_.model + "\" (" + model.info.architecture +
                              ") has no vectors to compare users by; train one that has, for example: "
                              "kith train --store " +
                              store_->path() + " --model kith");
  }
  // A user later than the model is compared by what the live graph says of him or her.
  std::vector<float> query;
  if (index(id) < model.info.num_users) {
    const auto row = model.users.row_span(index(id));
    query.assign(row.begin(), row.end());
  }
  if (query.empty() || IsZero(query)) {
    query = MakeUserView(*state->graph, model, id).z;
    const float norm = std::sqrt(kernels::Dot(query.data(), query.data(), query.size()));
    if (!(norm > 0)) {
      return FailedPrecondition("user \"" + std::string(user) + "\" has neither items nor friends that model \"" +
                                options_.model +
                                "\" knows, so there is nothing to compare by; ingest an interaction, or train again");
    }
    for (float& value : query) value /= norm;
  }
  std::vector<Similar> similar;
  const std::vector<ScoredItem> list = Nearest(model.users, query.data(), index(id), k);
  keys_.With([&](const KeyTable& keys) {
    for (const ScoredItem& hit : list) {
      similar.push_back({std::string(keys.user_key(UserId{hit.id})), {}, hit.score});
    }
  });
  return similar;
}

}  // namespace kith
