// cameo - the driver: cameo VERB …
#include "Verb.h"

int main(int argc, char **argv) { return cameo::tool::runDriver(argc, argv); }
