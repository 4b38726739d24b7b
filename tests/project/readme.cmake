# The README's C++ programs are tests/consumer/shortest.cpp and recommender.cpp, letter for letter, so that they are known to
# compile; and every file that the README and the other texts link to is there.
#   cmake -D SOURCE=folder -P readme.cmake
cmake_minimum_required(VERSION 3.25)

file(READ ${SOURCE}/README.md readme)
foreach(name shortest recommender)
  file(READ ${SOURCE}/tests/consumer/${name}.cpp program)
  string(FIND "${readme}" "```cpp\n${program}```\n" at)
  if(at EQUAL -1)
    message(FATAL_ERROR "README.md does not contain tests/consumer/${name}.cpp verbatim")
  endif()
endforeach()

file(GLOB texts ${SOURCE}/*.md ${SOURCE}/docs/*.md ${SOURCE}/bench/*.md)
foreach(text IN LISTS texts)
  file(READ ${text} content)
  cmake_path(GET text PARENT_PATH folder)
  string(REPLACE "](" "\nlink " content "${content}")  # a lone bracket would glue the list's elements together
  string(REGEX MATCHALL "\nlink [^)#:; \n]+" links "${content}")
  foreach(link IN LISTS links)
    string(REGEX REPLACE "^\nlink " "" link "${link}")
    if(NOT EXISTS ${folder}/${link})
      message(FATAL_ERROR "${text} links to ${link}, which is not there")
    endif()
  endforeach()
endforeach()
