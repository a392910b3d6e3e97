# Runs expandnet-bench-files as users do.
#
#     cmake -DBENCH=<program> -DSCRATCH=<folder> -DPYTHON=<python>
#           -DSCENES=<scenes> -P bench_test.cmake
#
# The Python may lack torchvision: it is left out then.
cmake_minimum_required(VERSION 3.25)

file(REMOVE_RECURSE "${SCRATCH}")
file(MAKE_DIRECTORY "${SCRATCH}")
set(ENV{TMPDIR} "${SCRATCH}")

function(expect_failure expected what)
  execute_process(
    COMMAND "${BENCH}" ${ARGN}
    RESULT_VARIABLE status
    OUTPUT_VARIABLE ignored
    ERROR_VARIABLE message)
  string(FIND "${message}" "${what}" position)
  if(NOT status EQUAL expected OR position EQUAL -1)
    message(
      SEND_ERROR "${ARGN}: expected ${expected} and '${what}', got ${status} and '${message}'")
  endif()
endfunction()

expect_failure(2 "must be loader, boxes, program or weights, got none")
expect_failure(2 "--rounds is no flag of expandnet-bench-files" --rounds 1)
expect_failure(2 "--round is no flag of expandnet-bench-files loader; did you mean --rounds?" loader
               --round 1)
expect_failure(2 "COMMAND must be loader, boxes, program or weights, got \"load\"" load)
expect_failure(2 "--workers: must be from 1 to 1024, got 0" loader --workers 0)
expect_failure(2 "--workers: must be from 1 to 1024, got 100000" loader --workers 100000)
expect_failure(2 "--workers: must be from 1 to 1024, got 4294967297" program --workers 4294967297)
expect_failure(2 "--threads: must be from 1 to 1024, got 1025" program --threads 1025)
expect_failure(2 "must not be below --batch-size, got 4 for 32" loader --images 4)
expect_failure(2 "must not be below --batch-size, got 4 for 32" boxes --images 4)
expect_failure(1 "--images must not be above the number of images, got 4 for 3 in train of \"${SCENES}\"" boxes
               --data "${SCENES}" --images 4 --batch-size 2)
expect_failure(2 "smallnet" program --net smallnet)
expect_failure(1 "nowhere" loader --data nowhere)
expect_failure(
  1
  "cannot write \"${SCRATCH}/nowhere/x.json\": No such file or directory; make the folder first"
  weights --rounds 100000 --json "${SCRATCH}/nowhere/x.json")
expect_failure(1 "cannot run \"${SCRATCH}/python\": No such file or directory" loader --images 2 --batch-size 2
               --python "${SCRATCH}/python")

# Runs it, and sets `found` to "<group>/<what>" of each result.
function(run_bench)
  set(file "${SCRATCH}/results.json")
  execute_process(
    COMMAND "${BENCH}" ${ARGN} --rounds 1 --json "${file}"
    RESULT_VARIABLE status
    OUTPUT_VARIABLE output
    ERROR_VARIABLE message)
  if(NOT status EQUAL 0)
    message(FATAL_ERROR "${ARGN}: expected 0, got ${status} and '${message}'")
  endif()
  if(NOT output MATCHES "^expandnet [0-9.]+, LibTorch [0-9.]+, ")
    message(SEND_ERROR "${ARGN}: expected versions first, got '${output}'")
  endif()
  file(READ "${file}" results)
  set(found "")
  string(JSON count LENGTH "${results}")
  math(EXPR last "${count} - 1")
  foreach(i RANGE ${last})
    foreach(field group what ms)
      string(JSON ${field} GET "${results}" ${i} ${field})
    endforeach()
    if(NOT ms GREATER 0)
      message(SEND_ERROR "${group}/${what}: ms must be positive, got ${ms}")
    endif()
    string(FIND "${output}" "${what}" position)
    if(position EQUAL -1)
      message(SEND_ERROR "expected '${what}' on screen, got '${output}'")
    endif()
    list(APPEND found "${group}/${what}")
  endforeach()
  set(found
      "${found}"
      PARENT_SCOPE)
  set(results
      "${results}"
      PARENT_SCOPE)
endfunction()

function(expect_found)
  if(NOT found STREQUAL "${ARGN}")
    message(SEND_ERROR "expected ${ARGN}, got ${found}")
  endif()
endfunction()

set(small --images 4 --batch-size 2 --image-size 64)
run_bench(loader ${small})
expect_found("loader/expandnet, 1 worker, one core" "loader/expandnet, 1 worker"
             "loader/expandnet, 2 workers")

run_bench(boxes ${small})
expect_found("boxes/expandnet")
run_bench(boxes --data "${SCENES}" --images 3 --batch-size 2 --image-size 64)
expect_found("boxes/expandnet")

execute_process(
  COMMAND "${PYTHON}" -c "import torchvision"
  RESULT_VARIABLE has_torchvision
  OUTPUT_QUIET ERROR_QUIET)
if(has_torchvision EQUAL 0)
  run_bench(loader ${small} --workers 1 --python "${PYTHON}")
  expect_found("loader/expandnet, 1 worker, one core" "loader/expandnet, 1 worker"
               "loader/torchvision, 1 worker, one core" "loader/torchvision, 1 worker")
  string(JSON ratio GET "${results}" 0 ratios "x torchvision")
  if(NOT ratio GREATER 0)
    message(SEND_ERROR "x torchvision must be positive, got ${ratio}")
  endif()
endif()

if(has_torchvision EQUAL 0)
  run_bench(boxes ${small} --python "${PYTHON}")
  expect_found("boxes/expandnet" "boxes/torchvision v2, tensor" "boxes/torchvision v2, pil")
endif()

run_bench(program ${small} --net shufflenet_v2)
expect_found("shufflenet_v2/reading alone" "shufflenet_v2/step on a resident batch"
             "shufflenet_v2/from files to update")

run_bench(weights --megabytes 1)
expect_found(
  "safetensors/read_safetensors, every byte" "safetensors/read(2) into new memory"
  "safetensors/read(2) into the same memory" "contract/read, contract, write MobileNetV1"
  "contract/contract_weights alone")

# All temporary files are gone.
file(GLOB left "${SCRATCH}/expandnet-bench-*")
if(left)
  message(SEND_ERROR "expected no temporary files, got ${left}")
endif()
