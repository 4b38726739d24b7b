#!/bin/sh
# same_objects.sh MINE THEIRS [MY_SOURCE THEIR_SOURCE CHANGED]: the objects, a line each, that the build folders MINE and THEIRS
# compile by the same commands, and from the same generated headers. Where MINE is built from other sources, in MY_SOURCE, which
# are those of THEIR_SOURCE but for the files that CHANGED lists: those objects only that hold none of these files.
set -eu
mine=$1 theirs=$2 my_source=${3:-} their_source=${4:-} changed=${5:-}
diff -r "$mine/generated" "$theirs/generated" > "$mine/generated.diff" || exit 0
as_theirs() { sed -e "s|$mine|$theirs|g" ${my_source:+-e "s|$my_source|$their_source|g"}; }
commands() { sed -n 's/^  "command": "\(.*\)",$/\1/p' "$1/compile_commands.json"; }
commands "$mine" | as_theirs | sort -u > "$mine/commands.txt"
commands "$theirs" | sort -u | comm -12 - "$mine/commands.txt" > "$mine/same_commands.txt"
if [ -z "$my_source" ]; then
  sed -n 's/^.* -o \([^ ]*\).*$/\1/p' "$mine/same_commands.txt"
  exit
fi
# The compilers of C++ are given the object first, nvcc the source.
sed -n -e 's/^.* -o \([^ ]*\) -c \([^ ]*\)$/\1 \2/p' -e 's/^.* -c \([^ ]*\) -o \([^ ]*\)$/\2 \1/p' "$mine/same_commands.txt" | while read -r object source; do
  case $source in
    "$theirs"/*) # written by CMake: it includes one source or several
      as_theirs < "$mine${source#"$theirs"}" | cmp -s - "$source" || continue
      held=$(sed -n 's/^#include [<"]\([^>"]*\)[>"].*$/\1/p' "$source") ;;
    *) held=$source ;;
  esac
  printf '%s\n' "$held" | sed "s|^$their_source/||" | grep -qxF -f "$changed" || echo "$object"
done
