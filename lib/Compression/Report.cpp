// Report.cpp - a compression as a table, and as a page that needs nothing but a browser.
#include "cameo/Compression/Compress.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <cmath>

using namespace cameo::compression;
using llvm::formatv;

namespace {

std::string decibels(double noise) {
  return std::isnan(noise) ? "not a number" : noise > 0 ? formatv("{0:f1}", -10 * std::log10(noise)).str() : "exact";
}

std::string htmlText(llvm::StringRef text) {
  std::string result;
  llvm::raw_string_ostream os(result);
  llvm::printHTMLEscaped(text, os);
  return result;
}

/// ", 25 % of channels pruned"; nothing where none are.
std::string prunedText(const Plan &plan) {
  return plan.pruned > 0 ? formatv(", {0} % of channels pruned", 100 * plan.pruned).str() : "";
}

/// Plans by cost and loss: those that were measured, the limit, and the one that was chosen.
void drawFrontier(const Compression &result, const CompressOptions &options, llvm::raw_ostream &os) {
  constexpr double kWidth = 640, kHeight = 320, kEdge = 50;
  double most = options.maxDrop, cheapest = INFINITY, dearest = 0;
  for (const Point &point : result.frontier) {
    most = std::max(most, std::min(point.loss.bound, 20 * options.maxDrop));
    cheapest = std::min(cheapest, point.cost), dearest = std::max(dearest, point.cost);
  }
  if (result.frontier.empty() || dearest <= 0)
    return;
  auto x = [&](double cost) { return kEdge + (kWidth - 2 * kEdge) * cost / dearest; };
  auto y = [&](double drop) { return kHeight - kEdge - (kHeight - 2 * kEdge) * std::clamp(drop / most, -0.05, 1.0); };
  bool isSize = options.goal == Goal::Size;
  os << formatv("<svg viewBox='0 0 {0} {1}' width='{0}' height='{1}' role='img'>\n", kWidth, kHeight);
  os << formatv("<path d='M{0} {1}V{2}H{3}' fill='none' stroke='#888'/>\n", kEdge, kEdge / 2, kHeight - kEdge,
                kWidth - kEdge / 2);
  os << formatv(
      "<path d='M{0} {1}H{2}' stroke='#c33' stroke-dasharray='4 3'/><text x='{0}' y='{3}' fill='#c33'>allowed "
      "loss</text>\n",
      kEdge, y(options.maxDrop), kWidth - kEdge / 2, y(options.maxDrop) - 4);
  os << formatv("<text x='{0}' y='{1}' text-anchor='end'>{2}</text><text x='{3}' y='{4}'>bound of the loss</text>\n",
                kWidth - kEdge / 2, kHeight - kEdge / 3, isSize ? "bytes of weights" : "ms of layers", 4, kEdge / 3);
  for (const Point &point : result.frontier) {
    bool isChosen = point.plan == result.plan;
    os << formatv("<circle cx='{0:f1}' cy='{1:f1}' r='{2}' fill='{3}'{7}><title>{4:f3} {5}, loss {6:f5}, bound "
                  "{9:f5}{8}</title></circle>\n",
                  x(point.cost), y(point.loss.bound), isChosen ? 7 : 4, isChosen ? "#167" : "#8bc",
                  isSize ? point.cost / 1e6 : point.cost, isSize ? "MB" : "ms", point.loss.measured,
                  point.plan.pruned > 0 ? " stroke='#c60' stroke-width='2'" : "", prunedText(point.plan),
                  point.loss.bound);
  }
  os << formatv("<text x='{0}' y='{1}'>0</text><text x='{2:f1}' y='{1}' text-anchor='middle'>{3:f3}</text>\n", kEdge,
                kHeight - kEdge / 1.5, x(dearest), isSize ? dearest / 1e6 : dearest);
  os << "</svg>\n";
}

} // namespace

void cameo::compression::print(const Compression &result, const CompressOptions &options, llvm::raw_ostream &os) {
  os << formatv("{0,-44} {1,8} {2,8} {3,8} {4,10}  {5}\n", "what", "f32 ms", "ms", "dB", "bytes", "layer: why");
  for (const LayerOptions &layer : result.layers) {
    const Option &own = layer.options[layer.chosen];
    os << formatv("{0,-44} {1,8:f3} {2,8:f3} {3,8} {4,10}  {5}: {6}\n", describe(own.choice), layer.options[0].ms,
                  own.ms, decibels(own.noise), own.bytes, layer.name, layer.why);
  }
  os << formatv("{0}{1}\n", result.verdict, prunedText(result.plan));
  os << formatv("time   {0:f3} ms of f32's {1:f3} ms ({2:f2})\n", result.ms, result.f32Ms, result.ms / result.f32Ms);
  os << formatv("file   {0} bytes of f32's {1} ({2:f2})\n", result.bytes, result.f32Bytes,
                double(result.bytes) / double(result.f32Bytes));
  os << formatv("score  {0:f6}, f32's {1:f6}; loss {2:f6}, bound {3:f6}, allowed {4:f6}\n", result.score,
                result.f32Score, result.loss.measured, result.loss.bound, options.maxDrop);
}

void cameo::compression::writeHtml(const Compression &result, const CompressOptions &options, llvm::StringRef title,
                                   llvm::raw_ostream &os) {
  os << "<!doctype html><html lang='en'><meta charset='utf-8'><title>" << htmlText(title)
     << "</title><style>body{font:15px sans-serif;margin:2em;max-width:70em}td,th{padding:2px 10px;text-align:right}"
        "td:first-child,td:last-child,th:first-child,th:last-child{text-align:left}text{font:12px "
        "sans-serif}</style>\n";
  os << "<h1>" << htmlText(title) << "</h1><p>" << htmlText(result.verdict) << prunedText(result.plan)
     << ".</p>\n<table>";
  os << formatv(
      "<tr><th><th>f32<th>compressed<tr><td>time<td>{0:f3} ms<td>{1:f3} ms<tr><td>file<td>{2:f2} MB<td>{3:f2} MB"
      "<tr><td>score<td>{4:f6}<td>{5:f6}<tr><td>loss<td><td>{7:f6}<tr><td>its bound<td>allowed "
      "{6:f6}<td>{8:f6}</table>\n",
      result.f32Ms, result.ms, double(result.f32Bytes) / 1e6, double(result.bytes) / 1e6, result.f32Score, result.score,
      options.maxDrop, result.loss.measured, result.loss.bound);
  os << "<h2>Plans that were measured</h2>\n<p>Those with a rim are of the model without some of its channels.</p>\n";
  drawFrontier(result, options, os);
  os << "<h2>Layers</h2>\n<table><tr><th>layer<th>f32 ms<th>ms<th>dB alone<th>bytes<th>what<th>why\n";
  for (const LayerOptions &layer : result.layers) {
    const Option &own = layer.options[layer.chosen];
    os << formatv("<tr><td>{0}<td>{1:f3}<td>{2:f3}<td>{3}<td>{4}<td>{5}<td>{6}\n", htmlText(layer.name),
                  layer.options[0].ms, own.ms, decibels(own.noise), own.bytes, htmlText(describe(own.choice)),
                  htmlText(layer.why));
  }
  os << "</table>\n";
}
