# awk -v root=FOLDER -f add_lines.awk additions.txt: puts the lines of additions/additions.txt into the files below FOLDER, each with
# the indentation of the line that it follows, and tells "NAME|new|FILE" of each new file and "NAME|line|FILE" of each line.

function refuse(why) { print FILENAME ":" FNR ": " why > "/dev/stderr"; failed = 1; exit 1 }

/^= / { addition = substr($0, 3); next }
addition == "" || /^$/ { next }
/^new / { print addition "|new|" substr($0, 5); next }
{
  first = index($0, " | ")
  rest = substr($0, first + 3)
  second = index(rest, " | ")
  if (!first || !second) refuse("it must be FILE | after the line that holds this | the line")
  file = substr($0, 1, first - 1)
  line = substr(rest, second + 3)
  if (!(file in count)) files[++known] = file
  after[file, ++count[file]] = substr(rest, 1, second - 1)
  added[file, count[file]] = line
  print addition "|line|" file
}

END {
  if (failed) exit 1
  for (f = 1; f <= known; ++f) {
    path = root "/" files[f]
    lines = 0
    while ((getline text < path) > 0) there[++lines] = text
    close(path)
    printf "" > path
    for (a = 1; a <= count[files[f]]; ++a) found[a] = 0
    for (l = 1; l <= lines; ++l) {
      print there[l] > path
      match(there[l], /^ */)
      indent = substr(there[l], 1, RLENGTH)
      for (a = 1; a <= count[files[f]]; ++a) {
        if (!index(there[l], after[files[f], a])) continue
        ++found[a]
        print indent added[files[f], a] > path
      }
    }
    close(path)
    for (a = 1; a <= count[files[f]]; ++a) {
      if (found[a] == 1) continue
      print files[f] ": " found[a] " lines hold '" after[files[f], a] "'" > "/dev/stderr"
      failed = 1
    }
  }
  exit failed
}
