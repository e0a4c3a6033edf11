// CommandLine.cpp - wording of usage errors.
#include "common/CommandLine.h"
#include "cameo/Support/Escaped.h"
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>

namespace cameo::tool {
namespace {

int64_t editDistance(const std::string &a, const std::string &b) {
  std::vector<int64_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j)
    row[j] = int64_t(j);
  for (size_t i = 1; i <= a.size(); ++i) {
    int64_t diagonal = row[0];
    row[0] = int64_t(i);
    for (size_t j = 1; j <= b.size(); ++j) {
      int64_t replaced = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row[b.size()];
}

/// The command as a user types it: "cameo info".
std::string commandOf(const CLI::App &app) {
  return app.get_parent() ? commandOf(*app.get_parent()) + " " + app.get_name() : app.get_name();
}

/// "did you mean --input?" where a flag is spelt nearly like `given`, else where all of them are listed.
std::string nextStep(const CLI::App &app, const std::string &given) {
  std::string name = given.substr(0, given.find('=')), best;
  int64_t least = 4;
  if (name.starts_with("-"))
    for (const CLI::Option *option : app.get_options())
      for (const std::string &known : option->get_lnames())
        if (int64_t distance = editDistance(name, "--" + known); distance < least) {
          least = distance;
          best = "--" + known;
        }
  return best.empty() ? "see " + commandOf(app) + " --help" : "did you mean " + best + "?";
}

} // namespace

std::string usageMessage(const CLI::App &app, const CLI::ParseError &problem) {
  std::vector<std::string> extra = app.remaining(/*recurse=*/true), verbs;
  for (const CLI::App *verb : app.get_subcommands(/*filter=*/nullptr))
    verbs.push_back(verb->get_name());
  if (dynamic_cast<const CLI::RequiredError *>(&problem) && !verbs.empty())
    return (extra.empty() ? "a verb is missing" : "there is no verb '" + escaped(extra.front()) + "'") + "; expected " +
           CLI::detail::join(verbs, ", ");
  if (dynamic_cast<const CLI::ExtrasError *>(&problem) && !extra.empty())
    return "unexpected argument '" + escaped(extra.front()) + "'; " + nextStep(app, extra.front());
  return escapedSentence(problem.what()) + "; see " + commandOf(app) + " --help";
}

} // namespace cameo::tool
