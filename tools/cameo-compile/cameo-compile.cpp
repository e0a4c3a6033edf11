// cameo-compile - the verb `compile` as a tool of its own, which scripts and cameo-run call.
#include "cameo/Verb.h"

int main(int argc, char **argv) { return cameo::tool::runAlone(cameo::tool::compileVerb, "cameo-compile", argc, argv); }
