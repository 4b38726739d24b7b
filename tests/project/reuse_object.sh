#!/bin/sh
# A compiler launcher: reuse_object.sh FOLDER LIST COMPILER ARGUMENTS... takes an object that LIST names (same_objects.sh) from the
# build folder FOLDER, and has the compiler make any other.
folder=$1 list=$2
shift 2
object='' depfile='' before=''
for word in "$@"; do
  case $before in
    -o) object=$word ;;
    -MF) depfile=$word ;;
  esac
  before=$word
done
if [ -n "$object" ] && grep -qxF -- "$object" "$list" && cp "$folder/$object" "$object"; then
  [ -z "$depfile" ] || : > "$depfile"
  exit 0
fi
exec "$@"
