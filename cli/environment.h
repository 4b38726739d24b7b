#pragma once

namespace heddle::cli {

/// Looks at the variables of the environment that the program reads (docs/cli.md lists them), whether this command does or not: a
/// misspelt value that nobody notices would be taken for one that works. HEDDLE_DATA alone is a matter of those that read it.
/// Throws Error{usage} with the variable's name and what it may be.
void check_environment();

}  // namespace heddle::cli
