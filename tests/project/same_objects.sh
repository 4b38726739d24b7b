#!/bin/sh
# same_objects.sh MINE THEIRS: the objects, a line each, that the build folders MINE and THEIRS compile by the same commands, and
# from the same generated headers.
set -eu
mine=$1 theirs=$2
diff -r "$mine/generated" "$theirs/generated" > "$mine/generated.diff" || exit 0
commands() { sed -n 's/^  "command": "\(.*\)",$/\1/p' "$1/compile_commands.json" | sed "s|$mine|$theirs|g" | sort -u; }
commands "$mine" > "$mine/commands.txt"
commands "$theirs" | comm -12 - "$mine/commands.txt" | sed -n 's/^.* -o \([^ ]*\).*$/\1/p'
