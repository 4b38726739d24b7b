# shellcheck shell=bash
# What bench/gpu_run writes: sourced by it, and reads its variables.
# shellcheck disable=SC2154,SC2016  # these variables, and the backquotes and dollars of Markdown and awk

json_text() {
  local text=${1//\\/\\\\}
  text=${text//\"/\\\"}
  text=${text//$'\n'/\\n}
  text=${text//$'\t'/\\t}
  printf '"%s"' "${text//[$'\001'-$'\037']/}"
}

on_gpu() {  # STAGE: whether it ran on a GPU
  if "$rehearse" || [ "$1" = build ] || [[ ${state[$1]} == not\ * ]]; then echo false; else echo true; fi
}

stage_json() {  # STAGE, without the closing brace
  printf '{"stage":"%s","status":"%s","seconds":%s,"budget_s":%s,"on_gpu":%s,"rehearsal":%s,"command":%s,"note":%s' "$1" "${state[$1]}" \
    "${seconds[$1]}" "$(as_seconds "$(limit_ms "$1")")" "$(on_gpu "$1")" "$rehearse" "$(json_text "${command[$1]}")" "$(json_text "${note[$1]}")"
}

write_summary() {
  local stage comma="" sentence
  printf '{"rehearsal":%s,"date":"%s","arguments":%s,"machine":{' "$rehearse" "$date" "$(json_text "$arguments")"
  for ((i = 0; i < ${#machine[@]}; i += 2)); do
    printf '%s%s:%s' "$comma" "$(json_text "${machine[i]}")" "$(json_text "${machine[i + 1]}")"
    comma=,
  done
  printf '},"stages":['
  comma=""
  for stage in "${stages[@]}"; do
    printf '%s%s}' "$comma" "$(stage_json "$stage")"
    comma=,
  done
  printf '],"left_out":['
  comma=""
  for sentence in "${left_out[@]}"; do
    printf '%s%s' "$comma" "$(json_text "$sentence")"
    comma=,
  done
  printf '],"passed":%s}\n' "$(all_passed && echo true || echo false)"
}

table_cell() { printf '%s' "${1//|/\\|}"; }

write_report() {
  local stage title="heddle on $gpu_name"
  "$rehearse" && title="heddle: a rehearsal. No GPU ran, and no time in this report is a GPU's"
  printf '# %s\n\n%s, `./dev gpu%s`. ' "$title" "$date" "${arguments:+ $arguments}"
  if all_passed; then printf 'Every stage that should run passed.\n'; else printf 'NOT every stage that should run passed.\n'; fi
  printf '\n## Machine\n\n| | |\n|---|---|\n'
  for ((i = 0; i < ${#machine[@]}; i += 2)); do printf '| %s | %s |\n' "${machine[i]}" "$(table_cell "${machine[i + 1]}")"; done
  printf '\n## Stages\n\n| stage | what | status | time | budget, s | on a GPU | remark |\n|---|---|---|---|---|---|---|\n'
  for stage in "${stages[@]}"; do
    printf '| %s | %s | %s | %s | %s | %s | %s |\n' "$stage" "${purpose[$stage]}" "${state[$stage]}" \
      "$([[ ${state[$stage]} == not\ * ]] || echo "${seconds[$stage]} s$no_gpu")" "$(as_seconds "$(limit_ms "$stage")")" \
      "$([ "$(on_gpu "$stage")" = true ] && echo yes || echo no)" "$(table_cell "${note[$stage]}")"
  done
  if [ "${#figures[@]}" -gt 0 ]; then
    printf '\n## Trainings\n\n| model | data | figure | epoch, median | from start to end |\n|---|---|---|---|---|\n'
    printf '%s\n' "${figures[@]}"
  fi
  if [ -s "$work/lab.md" ]; then
    printf '\n## SpMM variants\n\nThe fastest of each graph and width, and the one that the rule picks; all of them are in lab.json and lab.log.\n\n'
    cat "$work/lab.md"
  fi
  printf '\n## Not run on a GPU\n\n'
  for stage in "${stages[@]}"; do
    [ "$(on_gpu "$stage")" = true ] && continue
    case $stage:${state[$stage]} in
      *:not\ *) printf -- '- %s: %s\n' "$stage" "${note[$stage]}" ;;
      build:*) ;;  # it needs none
      *) printf -- '- %s: ran under %s\n' "$stage" "${runner[0]}" ;;
    esac
  done
  [ "${#left_out[@]}" = 0 ] || printf -- '- %s\n' "${left_out[@]}"
  printf '\n## Commands\n\n'
  for stage in "${stages[@]}"; do
    [ -z "${command[$stage]}" ] || printf '    %s\n' "${command[$stage]}"
  done
}

# After every stage, so that a run that is cut off leaves what it has.
write_folder() {
  local stage
  write_summary > "$out/summary.json"
  write_report > "$out/report.md"
  for stage in "${stages[@]}"; do printf '%s,"result":%s}\n' "$(stage_json "$stage")" "${result[$stage]}" > "$out/$stage.json"; done
}

# lab_rows GRAPH: rows of the report's table from a lab's CSV on standard input: of each width the fastest variant, and the picked one.
lab_rows() {
  awk -v graph="$1" -v mark="$no_gpu" '
    function fields(line, cell,   n, c, i, quoted) {  # of a CSV line, some in quotes
      n = 1; cell[1] = ""; quoted = 0
      for (i = 1; i <= length(line); ++i) {
        c = substr(line, i, 1)
        if (c == "\"") quoted = !quoted
        else if (c == "," && !quoted) cell[++n] = ""
        else cell[n] = cell[n] c
      }
      return n
    }
    NR == 1 { n = fields($0, header); for (i = 1; i <= n; ++i) at[header[i]] = i; next }
    {
      fields($0, cell); width = cell[at["width"]]; ms = cell[at["median_ms"]]
      if (ms == "") next
      if (!(width in least)) order[++widths] = width
      if (!(width in least) || ms + 0 < least[width]) { least[width] = ms + 0; fastest[width] = cell[at["variant"]]; rate[width] = cell[at["gflops"]] }
      if (cell[at["chosen"]] == "true") { picked[width] = cell[at["variant"]]; picked_ms[width] = ms }
    }
    END {
      for (i = 1; i <= widths; ++i) {
        w = order[i]
        printf "| %s | %s | %s | %.4f ms%s | %.1f%s | %s | %s |\n", graph, w, fastest[w], least[w], mark, rate[w], mark, picked[w],
          picked[w] == "" || !least[w] ? "" : sprintf("%.2f%s", picked_ms[w] / least[w], mark)
      }
    }'
}
