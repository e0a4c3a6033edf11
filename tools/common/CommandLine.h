// CommandLine.h - what the tools' command lines have in common, over CLI11.
#pragma once
#include <string>

namespace CLI {
class App;
class ParseError;
} // namespace CLI

namespace cameo::tool {

/// What is wrong with a command line and what may have been meant, as a sentence for E-USAGE: "unexpected argument
/// '--imput'; did you mean --input?". `app` is the one that was asked to parse.
std::string usageMessage(const CLI::App &app, const CLI::ParseError &problem);

} // namespace cameo::tool
