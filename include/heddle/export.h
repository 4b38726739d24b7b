#pragma once

/// What heddle offers to others is declared between HEDDLE_API_BEGIN and HEDDLE_API_END, or marked with HEDDLE_API: a shared
/// library exports that alone, since everything else is compiled with -fvisibility=hidden. Classes of heddle's own whose insides
/// are nobody's business are declared before HEDDLE_API_BEGIN.
#define HEDDLE_API_BEGIN _Pragma("GCC visibility push(default)")
#define HEDDLE_API_END _Pragma("GCC visibility pop")
#define HEDDLE_API [[gnu::visibility("default")]]
