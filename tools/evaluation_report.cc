#include "evaluation_report.h"

#include <cmath>

#include "json_writer.h"
#include "table.h"
#include "whole_file.h"

namespace kith::tools {
namespace {

std::string At(const char* name, std::uint32_t k) { return std::string(name) + "@" + std::to_string(k); }

struct CatalogueName {
  const char* name;
  double CatalogueFigures::*value;
};
constexpr CatalogueName kCatalogue[] = {{"coverage", &CatalogueFigures::coverage},
                                        {"novelty", &CatalogueFigures::novelty},
                                        {"diversity", &CatalogueFigures::diversity},
                                        {"popularity_bias", &CatalogueFigures::popularity_bias},
                                        {"gini", &CatalogueFigures::gini}};

/// visit(name@k, value) for every figure of an evaluation.
template <class Visit>
void ForEachFigure(const Evaluation& evaluation, const Visit& visit) {
  for (std::size_t i = 0; i < evaluation.at.size(); ++i) {
    const std::uint32_t k = evaluation.at[i].k;
    for (const MetricName& metric : kMetrics) visit(At(metric.name, k), evaluation.at[i].*metric.value);
    for (const CatalogueName& figure : kCatalogue) visit(At(figure.name, k), evaluation.catalogue[i].*figure.value);
  }
}

void WriteFigures(const Evaluation& evaluation, JsonWriter& json) {
  ForEachFigure(evaluation, [&](const std::string& name, double value) { json.Member(name, value); });
}

/// "NAMEs": {"recall@20":[low,high],...} and "NAME_errors": {"recall@20":error,...}.
void WriteEstimates(const std::string& name, const Evaluation& evaluation, const std::vector<Estimate>& estimates,
                    JsonWriter& json) {
  const auto each = [&](const auto& visit) {
    for (std::size_t i = 0; i < estimates.size(); ++i) {
      visit(At(kMetrics[i % kMetrics.size()].name, evaluation.at[i / kMetrics.size()].k), estimates[i]);
    }
  };
  json.Key(name + "intervals").BeginObject();
  each([&](const std::string& key, const Estimate& estimate) {
    json.Key(key).BeginArray().Value(estimate.low).Value(estimate.high).EndArray();
  });
  json.EndObject().Key(name + "errors").BeginObject();
  each([&](const std::string& key, const Estimate& estimate) { json.Member(key, estimate.error); });
  json.EndObject();
}

Metrics Mean(const std::vector<Metrics>& users, std::uint32_t k) {
  Metrics sum{.k = k};
  for (const Metrics& metrics : users) Add(metrics, sum);
  DivideBy(static_cast<double>(users.size()), sum);
  return sum;
}

/// Standard error of the mean difference of one metric, paired over users.
double PairedError(const std::vector<Metrics>& a, const std::vector<Metrics>& b, double Metrics::*value) {
  const auto n = static_cast<double>(a.size());
  if (n < 2) return 0;
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i].*value - b[i].*value;
  for (std::size_t i = 0; i < a.size(); ++i) {
    const double off = a[i].*value - b[i].*value - sum / n;
    squares += off * off;
  }
  return std::sqrt(squares / (n - 1) / n);
}

void WriteSlices(const EvaluationReport& report, JsonWriter& json) {
  const Slicer slicer(report.graph, report.test.held_out);
  json.Key("slices").BeginArray();
  for (const Slice& slice : slicer.slices()) {
    json.BeginObject().Member("by", slice.by).Member("slice", slice.name);
    json.Member("users", slice.users.size() + slice.unknown_users);
    for (const Metrics& at : report.model.evaluation.at) {
      const Metrics mean = Mean(slicer.Of(slice, report.model.evaluation, at.k), at.k);
      for (const MetricName& metric : kMetrics) json.Member(At(metric.name, at.k), mean.*metric.value);
    }
    if (report.rival) {
      JsonWriter against, difference, errors;
      for (JsonWriter* part : {&against, &difference, &errors}) part->BeginObject();
      for (const Metrics& at : report.model.evaluation.at) {
        const auto ours = slicer.Of(slice, report.model.evaluation, at.k);
        const auto theirs = slicer.Of(slice, report.rival->evaluation, at.k);
        const Metrics mean = Mean(ours, at.k), other = Mean(theirs, at.k);
        for (const MetricName& metric : kMetrics) {
          against.Member(At(metric.name, at.k), other.*metric.value);
          difference.Member(At(metric.name, at.k), mean.*metric.value - other.*metric.value);
          errors.Member(At(metric.name, at.k), PairedError(ours, theirs, metric.value));
        }
      }
      json.Key("against").Raw(against.EndObject().Take());
      json.Key("difference").Raw(difference.EndObject().Take());
      json.Key("difference_errors").Raw(errors.EndObject().Take());
    }
    json.EndObject();
  }
  json.EndArray();
}

std::string Signed(double difference, int digits = 4) {
  return (std::signbit(difference) ? "" : "+") + Fixed(difference, digits);
}

/// A row a model of one list length: the metrics, and under them how sure they are.
void AddMetricRows(const Measured& measured, std::size_t i, bool with_interval, Table& table) {
  std::vector<std::string> row = {measured.name, std::to_string(measured.evaluation.at[i].k)};
  for (const MetricName& metric : kMetrics) row.push_back(Fixed(measured.evaluation.at[i].*metric.value, 4));
  table.AddRow(std::move(row));
  if (!with_interval) return;
  std::vector<std::string> interval = {"  95 % interval", ""};
  for (std::size_t m = 0; m < kMetrics.size(); ++m) {
    const Estimate& estimate = measured.estimates[i * kMetrics.size() + m];
    interval.push_back(Fixed(estimate.low, 4) + "-" + Fixed(estimate.high, 4));
  }
  table.AddRow(std::move(interval));
}

void AddDifferenceRows(const EvaluationReport& report, std::size_t i, Table& table) {
  std::vector<std::string> row = {"difference", std::to_string(report.model.evaluation.at[i].k)};
  std::vector<std::string> error = {"  standard error", ""}, interval = {"  95 % interval", ""};
  for (std::size_t m = 0; m < kMetrics.size(); ++m) {
    const Estimate& estimate = report.differences[i * kMetrics.size() + m];
    row.push_back(Signed(estimate.mean));
    error.push_back(Fixed(estimate.error, 4));
    interval.push_back(Signed(estimate.low) + " " + Signed(estimate.high));
  }
  table.AddRow(std::move(row));
  table.AddRow(std::move(error));
  if (report.bootstrap.resamples != 0) table.AddRow(std::move(interval));
}

/// What the interval of the difference says, in words.
std::string Verdict(const EvaluationReport& report) {
  std::string text;
  for (std::size_t i = 0; i < report.model.evaluation.at.size(); ++i) {
    const std::uint32_t k = report.model.evaluation.at[i].k;
    for (const std::size_t m : {0U, 1U}) {
      const Estimate& difference = report.differences[i * kMetrics.size() + m];
      text += At(kMetrics[m].name, k) + ": ";
      if (difference.low > 0 || difference.high < 0) {
        text += (difference.low > 0 ? report.model.name : report.rival->name) + " is better";
      } else {
        text += "no difference is shown, the interval holds 0";
      }
      text += "\n";
    }
  }
  return text;
}

std::string CatalogueTable(const EvaluationReport& report) {
  Table table("lrrrrrr", {"lists of", "k", "coverage", "novelty", "diversity", "popularity bias", "gini"});
  const auto add = [&](const Measured& measured) {
    for (std::size_t i = 0; i < measured.evaluation.at.size(); ++i) {
      const CatalogueFigures& figures = measured.evaluation.catalogue[i];
      table.AddRow({measured.name, std::to_string(measured.evaluation.at[i].k), Fixed(figures.coverage, 4),
                    Fixed(figures.novelty, 2), Fixed(figures.diversity, 4), Signed(figures.popularity_bias, 2),
                    Fixed(figures.gini, 4)});
    }
  };
  add(report.model);
  if (report.rival) add(*report.rival);
  return table.ToString();
}

std::string SliceTables(const EvaluationReport& report) {
  const Slicer slicer(report.graph, report.test.held_out);
  std::string text;
  for (const auto& [by, title] :
       {std::pair("items", "users with so many items"), std::pair("friends", "users with so many friends"),
        std::pair("popularity", "held-out items by popularity")}) {
    std::vector<std::string> header = {title, "k", "users", "recall", "ndcg"};
    if (report.rival) header.insert(header.end(), {"difference of ndcg", "standard error"});
    Table table(report.rival ? "lrrrrrr" : "lrrrr", std::move(header));
    bool any = false;
    for (const Slice& slice : slicer.slices()) {
      if (slice.by != by) continue;
      any = true;
      for (const Metrics& at : report.model.evaluation.at) {
        const auto ours = slicer.Of(slice, report.model.evaluation, at.k);
        const Metrics mean = Mean(ours, at.k);
        std::vector<std::string> row = {slice.name == "0" && slice.by == "items" ? "0 (cold)" : slice.name,
                                        std::to_string(at.k), Grouped(ours.size()), Fixed(mean.recall, 4),
                                        Fixed(mean.ndcg, 4)};
        if (report.rival) {
          const auto theirs = slicer.Of(slice, report.rival->evaluation, at.k);
          row.push_back(Signed(mean.ndcg - Mean(theirs, at.k).ndcg));
          row.push_back(Fixed(PairedError(ours, theirs, &Metrics::ndcg), 4));
        }
        table.AddRow(std::move(row));
      }
    }
    if (any) text += "\n" + table.ToString();
  }
  return text;
}

}  // namespace

std::string EvaluationReport::ToJson() const {
  JsonWriter json;
  json.BeginObject().Member("model", model.name).Member("users", model.evaluation.users);
  WriteFigures(model.evaluation, json);
  json.Member("resamples", bootstrap.resamples).Member("level", bootstrap.level).Member("seed", bootstrap.seed);
  WriteEstimates("", model.evaluation, model.estimates, json);
  if (rival) {
    json.Key("against").BeginObject().Member("model", rival->name).Member("users", rival->evaluation.users);
    WriteFigures(rival->evaluation, json);
    WriteEstimates("", rival->evaluation, rival->estimates, json);
    json.EndObject().Key("difference").BeginObject();
    std::vector<double> others;
    ForEachFigure(rival->evaluation, [&](const std::string&, double value) { others.push_back(value); });
    std::size_t f = 0;
    ForEachFigure(model.evaluation,
                  [&](const std::string& name, double value) { json.Member(name, value - others[f++]); });
    json.EndObject();
    WriteEstimates("difference_", model.evaluation, differences, json);
  }
  WriteSlices(*this, json);
  json.EndObject();
  return json.Take() + "\n";
}

std::string EvaluationReport::ToText(bool with_slices) const {
  Table table("lrrrrrrr", {"model", "k", "recall", "ndcg", "precision", "hit rate", "mrr", "map"});
  for (std::size_t i = 0; i < model.evaluation.at.size(); ++i) {
    AddMetricRows(model, i, bootstrap.resamples != 0, table);
    if (!rival) continue;
    AddMetricRows(*rival, i, bootstrap.resamples != 0, table);
    AddDifferenceRows(*this, i, table);
  }
  std::string text = table.ToString();
  if (rival && bootstrap.resamples != 0) text += "\n" + Verdict(*this);
  text += "\n" + CatalogueTable(*this);
  if (with_slices) text += SliceTables(*this);
  return text + "\nover " + Grouped(model.evaluation.users) + " users, all items ranked\n";
}

Status WritePerUser(const EvaluationReport& report, const KeyTable& keys, const std::string& path) {
  std::vector<std::pair<std::string, const Evaluation*>> sides = {{"", &report.model.evaluation}};
  if (report.rival) sides.emplace_back("against.", &report.rival->evaluation);
  std::string line = "user\titems\tfriends\theld_out";
  for (const auto& [prefix, evaluation] : sides) {
    for (const Metrics& at : evaluation->at) {
      for (const MetricName& metric : kMetrics) line += "\t" + prefix + At(metric.name, at.k);
      line += "\t" + prefix + At("novelty", at.k) + "\t" + prefix + At("diversity", at.k);
    }
  }
  WholeFile file;
  KITH_RETURN_IF_ERROR(file.Open(path));
  KITH_RETURN_IF_ERROR(file.Write(line + "\n"));

  const HeldOut& held_out = report.test.held_out;
  const std::size_t ks = report.model.evaluation.at.size();
  for (std::size_t n = 0; n < held_out.users.size(); ++n) {
    const UserId user = held_out.users[n];
    line = std::string(keys.user_key(user)) + "\t" + std::to_string(report.graph.items(user).size()) + "\t" +
           std::to_string(report.graph.friends(user).size()) + "\t" + std::to_string(held_out.relevant(n));
    for (const auto& [prefix, evaluation] : sides) {
      for (std::size_t i = 0; i < ks; ++i) {
        const Metrics metrics = evaluation->Of(held_out, n, evaluation->at[i].k);
        for (const MetricName& metric : kMetrics) line += "\t" + Fixed(metrics.*metric.value, 6);
        const ListFigures& list = evaluation->lists[n * ks + i];
        line += "\t" + Fixed(list.novelty, 6) + "\t" + Fixed(list.diversity, 6);
      }
    }
    KITH_RETURN_IF_ERROR(file.Write(line + "\n"));
  }
  for (std::size_t n = 0; n < report.test.unknown_users.size(); ++n) {
    line = report.test.unknown_users[n] + "\t0\t0\t" + std::to_string(report.test.unknown_user_rows[n]);
    for (std::size_t c = 0; c < sides.size() * ks * (kMetrics.size() + 2); ++c) line += "\t" + Fixed(0, 6);
    KITH_RETURN_IF_ERROR(file.Write(line + "\n"));
  }
  KITH_RETURN_IF_ERROR(file.Close());
  return file.Publish();
}

}  // namespace kith::tools
