# ./dev gpu, with stand-ins for the GPU's tools and for heddle: what it refuses, and what the folder says of stages that pass, fail
# and run out of time.
#   cmake -D SOURCE=folder -D WORK=folder -P gpu_run.cmake
cmake_minimum_required(VERSION 3.25)

file(REMOVE_RECURSE ${WORK})
unset(ENV{HEDDLE_CUDA_RUNNER})
set(ENV{PATH} "${WORK}/bin:$ENV{PATH}")
set(ENV{HEDDLE_DATA} ${WORK}/data)

function(program path content)
  file(WRITE ${WORK}/${path} "#!/bin/sh\n${content}")
  file(CHMOD ${WORK}/${path} PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE)
endfunction()

# gpu(expected status, arguments...): what it says goes to `said`.
function(gpu expected)
  execute_process(COMMAND ${SOURCE}/dev gpu ${ARGN} WORKING_DIRECTORY ${WORK} RESULT_VARIABLE status OUTPUT_VARIABLE output ERROR_VARIABLE errors)
  if(NOT status EQUAL expected)
    message(FATAL_ERROR "./dev gpu ${ARGN} ended with ${status}, not ${expected}:\n${output}${errors}")
  endif()
  set(said "${errors}" PARENT_SCOPE)
endfunction()

function(expect_text what text expression)
  if(NOT text MATCHES "${expression}")
    message(FATAL_ERROR "${what} lacks '${expression}':\n${text}")
  endif()
endfunction()

function(expect_field file expected)
  file(READ ${WORK}/${file} object)
  string(JSON value GET "${object}" ${ARGN})
  if(NOT value STREQUAL expected)
    message(FATAL_ERROR "${file}: ${ARGN} is '${value}', not '${expected}'")
  endif()
endfunction()

program(bin/nvidia-smi "echo 'NVIDIA-SMI has failed'; exit 9\n")
gpu(5 --out nothing)
expect_text("without a GPU it" "${said}" "^dev gpu: no GPU answers here [^\n]*\n$")
if(EXISTS ${WORK}/nothing)
  message(FATAL_ERROR "a folder was written without a GPU")
endif()
gpu(2 --rehearse)
expect_text("without a runner it" "${said}" "^dev gpu: --rehearse needs HEDDLE_CUDA_RUNNER[^\n]*\n$")
gpu(2 --budget 0)
expect_text("a budget of nothing" "${said}" "^dev gpu: --budget is '0'[^\n]*\n$")
gpu(2 --build nowhere)
expect_text("no build" "${said}" "^dev gpu: --build is 'nowhere'[^\n]*\n$")
gpu(2 --fast)
expect_text("an unknown option" "${said}" "^dev gpu: there is no option '--fast'[^\n]*\n$")

program(bin/nvidia-smi [=[case $1 in
  -L) echo 'GPU 0: Stand-in 9000 (UUID: GPU-0)' ;;
  --query-gpu=name) echo 'Stand-in 9000' ;;
  *) echo 1.2 ;;
esac
]=])
program(bin/compute-sanitizer "shift 4; exec \"$@\"\n")
program(build/tests/heddle_tests [=[echo "[doctest] test cases: 7 | 7 passed | 0 failed | 0 skipped"
test "$HEDDLE_TEST_DEVICES" = cuda
]=])
file(WRITE ${WORK}/build/CTestTestfile.cmake "add_test(kernels ${WORK}/build/tests/heddle_tests)\nadd_test(project/no false)\n")
file(WRITE ${WORK}/data/planetoid/ind.cora.graph "")
file(WRITE ${WORK}/data/planetoid/ind.cora.x "")
file(WRITE ${WORK}/data/gowalla/train.txt "")
# Of the lab's two variants the picked one takes twice as long.
program(build/heddle [=[case "$*" in
  --version) echo 'heddle 1' ;;
  info) echo 'CUDA       99' ;;
  *'train gcn'*)
    if [ -n "$BAD" ]; then echo 'heddle: the loss became NaN in epoch 3' >&2; exit 6; fi
    echo '{"test_accuracy":{"mean":0.815,"std":0.0},"epoch_ms":{"median":0.25,"min":0.2},"total_s":1.5}' ;;
  *'train gat'*)
    [ -z "$BAD" ] || exec sleep 60
    echo '{"test_accuracy":{"mean":0.825,"std":0.0},"epoch_ms":{"median":0.5,"min":0.2},"total_s":2.5}' ;;
  *'train lightgcn'*)
    if [ -n "$BAD" ]; then recall=0.05; else recall=0.18; fi
    echo '{"epoch_s":{"median":0.125,"min":0.1},"metrics":{"recall@20":'$recall'},"total_s":9.5}' ;;
  *'bench spmm'*)
    while [ "$#" -gt 1 ]; do
      case $1 in --json) json=$2 ;; --csv) csv=$2 ;; esac
      shift
    done
    echo '{"rows":[{"device":"cuda"}]}' > $json
    printf '%s\n' chosen,gflops,graph,median_ms,refused,variant,width 'true,4.0,"a,b",0.5,,row_cache,16' \
      'false,8.0,"a,b",0.25,,merge_path,16' 'false,,"a,b",,"of ""x"", no",broken,16' > $csv
    if [ -n "$BAD" ]; then echo 'heddle: broken is WRONG' >&2; exit 8; fi ;;
esac
]=])

gpu(0 --build build --out good)
expect_field(good/summary.json ON passed)
expect_field(good/summary.json OFF rehearsal)
expect_field(good/summary.json "Stand-in 9000" machine GPU)
expect_field(good/build.json "not run" status)
foreach(stage tests gcn gat lightgcn lab memcheck racecheck)
  expect_field(good/${stage}.json passed status)
  expect_field(good/${stage}.json ON on_gpu)
endforeach()
expect_field(good/tests.json 7 result passed)
expect_field(good/tests.json 100.0 budget_s)
expect_field(good/gat.json 2.5 result total_s)
expect_field(good/lab.json cora result 3 graph)
file(READ ${WORK}/good/report.md report)
foreach(sentence "^# heddle on Stand-in 9000\n" "\n. lightgcn . Gowalla . recall@20 0.1800 . 125.000 ms . 9.50 s .\n"
                 "\n. cora . 16 . merge_path . 0.2500 ms . 8.0 . row_cache . 2.00 .\n" "\n- the lab on enron, since [^\n]* is not in ")
  expect_text("the report" "${report}" "${sentence}")
endforeach()
if(report MATCHES "no GPU")
  message(FATAL_ERROR "the report denies the GPU:\n${report}")
endif()

set(ENV{BAD} yes)
gpu(1 --build build --out bad --budget 108)
expect_field(bad/summary.json OFF passed)
foreach(stage tests memcheck racecheck)
  expect_field(bad/${stage}.json passed status)
endforeach()
expect_field(bad/gcn.json failed status)
expect_field(bad/gcn.json "exit status 6: heddle: the loss became NaN in epoch 3" note)
expect_field(bad/gat.json "out of time" status)
expect_field(bad/gat.json "stopped after 5.000 s" note)
expect_field(bad/lightgcn.json failed status)
expect_field(bad/lightgcn.json "recall@20 is 0.05, at least 0.17 is due" note)
expect_field(bad/lab.json failed status)
file(READ ${WORK}/bad/report.md report)
expect_text("the report" "${report}" "NOT every stage that should run passed")

# Without the data sets the karate club and a made-up shop take their place, and the report says so.
unset(ENV{BAD})
set(ENV{HEDDLE_DATA} ${WORK}/no_data)
gpu(0 --build build --out small)
file(READ ${WORK}/small/report.md report)
foreach(sentence "\n. gat . the karate club . test accuracy 0.8250 " "\n- lightgcn on Gowalla, since [^\n]*: a made-up shop instead\n")
  expect_text("the report" "${report}" "${sentence}")
endforeach()
