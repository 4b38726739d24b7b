#pragma once

#include "kernels/common/simd.h"

// Functions of whole vectors. Each lane's result has the same bits for every instruction set with fused multiply-add.
namespace heddle::kernels::HEDDLE_ISA {

/// 2^x for x <= 127, relative error below 2 * 2^-24; exactly 1 at 0; 0 for all x below -120; NaN for NaN.
/// x = n + f with |f| <= 1/2, exact: adding 1.5 * 2^23 rounds to an integer, which then stands in the low bits. 2^f by a
/// polynomial with p(0) = 1, minimax in the relative error (1.6e-8 with these coefficients, by Lawson's iteration).
/// What is below -120 is taken for -127, whose exponent's bits are those of 0: then the result is 0 without another selection.
HEDDLE_SIMD Vec exp2_of(Vec x) {
  const Vec least = broadcast(-120.0f);
  const Vec round = broadcast(12582912.0f + 127.0f);  // 127: the exponent's bias
  x = select(x < least, broadcast(-127.0f), x);
  const Vec shifted = x + round;
  const Vec f = x - (shifted - round);
  Vec p = broadcast(0x1.41fbd2p-13f);
  p = p * f + broadcast(0x1.5f3e5ap-10f);
  p = p * f + broadcast(0x1.3b2d4cp-7f);
  p = p * f + broadcast(0x1.c6aee8p-5f);
  p = p * f + broadcast(0x1.ebfbdcp-3f);
  p = p * f + broadcast(0x1.62e430p-1f);
  p = p * f + broadcast(1.0f);
  return p * (Vec)((VecI)shifted << 23);
}

HEDDLE_SIMD Vec greater_of(Vec a, Vec b) { return select(a > b, a, b); }

}  // namespace heddle::kernels::HEDDLE_ISA
