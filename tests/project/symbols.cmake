# What the checks of symbols share.

# The public headers as text, without comments.
set(headers "")
file(GLOB_RECURSE files ${SOURCE}/include/heddle/*.h)
foreach(file IN LISTS files)
  file(READ ${file} content)
  string(REGEX REPLACE "//[^\n]*" "" content "${content}")
  string(APPEND headers "${content}")
endforeach()

# The functions of the C interface, in the order of their declarations.
file(READ ${SOURCE}/include/heddle/c.h content)
string(REGEX REPLACE "//[^\n]*" "" content "${content}")
string(REGEX MATCHALL "heddle_[a-z0-9_]+\\(" c_functions "${content}")
list(TRANSFORM c_functions REPLACE "\\($" "")

# symbols_of(lines prefix result): the demangled names in `lines`, behind a `prefix`; what CMake's lists cannot hold is replaced.
function(symbols_of lines prefix result)
  string(REPLACE "[" "<" lines "${lines}")
  string(REPLACE "]" ">" lines "${lines}")
  string(REPLACE ";" " " lines "${lines}")
  string(REGEX MATCHALL "${prefix}[^\n]+" lines "${lines}")
  list(TRANSFORM lines REPLACE "^${prefix}" "")
  set(${result} "${lines}" PARENT_SCOPE)
endfunction()

# name_of(symbol result): its qualified name, without parameters and template arguments.
function(name_of symbol result)
  string(REGEX REPLACE "<[a-z0-9]+>" "" symbol "${symbol}")  # abi tags
  set(before "")
  while(NOT symbol STREQUAL before)
    set(before "${symbol}")
    string(REGEX REPLACE "<[^<>]*>" "" symbol "${symbol}")
  endwhile()
  string(REGEX REPLACE "\\(.*$" "" symbol "${symbol}")
  string(REGEX REPLACE "^[a-z].* (heddle::)" "\\1" symbol "${symbol}")  # of a template's function, what it gives stands before
  set(${result} "${symbol}" PARENT_SCOPE)
endfunction()
