// Verb.h - what a verb of `cameo` is. Each lives in a file of its own, which ends with its Verb; Verbs.inc lists them.
#ifndef TOOLS_CAMEO_VERB_H
#define TOOLS_CAMEO_VERB_H

#include <functional>

namespace CLI {
class App;
} // namespace CLI

namespace cameo::tool {

struct Verb {
  const char *name, *summary;
  const char *help; ///< below the list of flags: examples
  /// Adds its flags to `app`; what it returns runs once they are parsed, and gives the exit code.
  std::function<int()> (*setUp)(CLI::App &app);
};

#define CAMEO_VERB(name) extern const Verb name##Verb;
#include "Verbs.inc"
#undef CAMEO_VERB

/// The main function of a tool that is one verb, called `program`.
int runAlone(const Verb &verb, const char *program, int argc, char **argv);
/// The main function of `cameo VERB …`.
int runDriver(int argc, char **argv);

} // namespace cameo::tool
#endif
