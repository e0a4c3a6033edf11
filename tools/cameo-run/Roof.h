// Roof.h - what this machine can do at most, to hold a program's times against (Williams et al., "Roofline", 2009).
#pragma once

namespace cameo::run {

/// Of `threads` threads at once.
struct Roof {
  double flops; ///< per second: fused multiply-adds in f32 between registers, two operations each
  double bytes; ///< per second: read in order from memory, more of it than caches hold
};

/// Measures for about half a second.
Roof measureRoof(unsigned threads);

} // namespace cameo::run
