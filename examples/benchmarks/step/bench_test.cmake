# Runs expandnet-bench as users do.
#
#     cmake -DBENCH=<program> -DSCRATCH=<folder> -P bench_test.cmake
cmake_minimum_required(VERSION 3.25)

file(REMOVE_RECURSE "${SCRATCH}")
file(MAKE_DIRECTORY "${SCRATCH}")

function(expect_refusal what)
  expect_failure(2 "${what}" ${ARGN})
endfunction()

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

expect_refusal("--iteration is no flag of expandnet-bench; did you mean --iterations?" --iteration 1)
expect_refusal("smallnet5" --net smallnet5)
expect_refusal("--batch-size: must be positive, got 0" --batch-size 0)
expect_refusal("--threads: must be from 1 to 1024, got 99999999999" --threads 99999999999)
expect_refusal("tf32 needs CUDA, got cpu" --device cpu --precision tf32)
expect_refusal("graph needs CUDA, got cpu" --device cpu --mode graph)
expect_refusal(
  "--execution: must be more than weight-space, which is compact in --phase infer, got nothing to measure"
  --net smallnet3-cl-fc --phase infer --execution weight-space)
expect_failure(
  1
  "cannot write \"${SCRATCH}/nowhere/x.json\": No such file or directory; make the folder first"
  --iterations 100000 --json "${SCRATCH}/nowhere/x.json")

# One step of everything, on the CPU.
set(file "${SCRATCH}/results.json")
execute_process(
  COMMAND "${BENCH}" --net smallnet3-cl-fc --device cpu --layout contiguous --iterations 1
          --batch-size 4 --precision fp32 bf16 --overlap --json "${file}"
  RESULT_VARIABLE status
  OUTPUT_VARIABLE output
  ERROR_VARIABLE message)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "expected 0, got ${status} and '${message}'")
endif()
if(NOT output MATCHES "^expandnet [0-9.]+, LibTorch [0-9.]+, .*, 1 thread, seed 0\n")
  message(SEND_ERROR "expected versions, device, threads and seed first, got '${output}'")
endif()
file(GLOB left "${SCRATCH}/*")
if(NOT left STREQUAL file)
  message(SEND_ERROR "expected one file, got ${left}")
endif()

file(READ "${file}" results)
set(rows "")
string(JSON count LENGTH "${results}")
math(EXPR last "${count} - 1")
foreach(i RANGE ${last})
  foreach(field net device layout mode overlap batch precision phase execution ratio_to_compact)
    string(JSON ${field} GET "${results}" ${i} ${field})
  endforeach()
  set(run "${net} ${device} ${layout} ${mode} ${overlap} ${batch}")
  if(NOT run STREQUAL "smallnet3-cl-fc cpu contiguous eager ON 4")
    message(SEND_ERROR "row ${i} is of another run: ${run}")
  endif()
  foreach(field q25_ms step_ms q75_ms)
    string(JSON type TYPE "${results}" ${i} ${field})
    string(JSON value GET "${results}" ${i} ${field})
    if(NOT type STREQUAL "NUMBER" OR NOT value GREATER 0)
      message(SEND_ERROR "row ${i}: ${field} must be positive, got ${value}")
    endif()
  endforeach()
  string(JSON peak GET "${results}" ${i} peak_bytes)
  if(phase MATCHES "^(train|infer)$" AND NOT peak GREATER 0)
    message(SEND_ERROR "row ${i}: peak_bytes must be positive, got ${peak}")
  endif()
  string(JSON expected GET "${results}" ${i} expected_bytes)
  if(phase STREQUAL "train" AND execution STREQUAL "weight-space" AND NOT expected GREATER 0)
    message(SEND_ERROR "row ${i}: expected_bytes must be positive, got ${expected}")
  endif()
  if(execution STREQUAL "compact" AND NOT ratio_to_compact EQUAL 1)
    message(SEND_ERROR "row ${i}: compact to compact must be 1, got ${ratio_to_compact}")
  endif()
  set(peak_${precision}_${phase}_${execution} ${peak})
  list(APPEND rows ${precision}/${phase}/${execution})
endforeach()

set(expected "")
foreach(precision fp32 bf16)
  foreach(row train/compact train/weight-space train/folded train/chained pull-back/weight-space
              update/weight-space fold/weight-space products/weight-space infer/compact infer/folded infer/chained)
    list(APPEND expected ${precision}/${row})
  endforeach()
endforeach()
if(NOT rows STREQUAL expected)
  message(SEND_ERROR "expected ${expected}, got ${rows}")
endif()
# Factors cost memory; what runs over feature maps costs more.
if(NOT peak_fp32_train_weight-space GREATER peak_fp32_train_compact
   OR NOT peak_fp32_infer_chained GREATER peak_fp32_infer_compact)
  message(SEND_ERROR "peak_bytes must grow from compact to weight space and to chained")
endif()

# The memory of weight space is that of the compact net, the factors, their
# gradients and their momentum, and at most a tenth more.
execute_process(
  COMMAND "${BENCH}" --net smallnet7-ck-fc --device cpu --layout channels_last --iterations 1
          --phase train --execution compact weight-space --json "${file}"
  RESULT_VARIABLE status
  ERROR_VARIABLE message)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "expected 0, got ${status} and '${message}'")
endif()
file(READ "${file}" results)
foreach(field execution peak_bytes expected_bytes)
  string(JSON ${field} GET "${results}" 1 ${field})
endforeach()
math(EXPR most "11 * ${expected_bytes} / 10")
if(NOT execution STREQUAL "weight-space" OR peak_bytes GREATER most)
  message(SEND_ERROR "${execution} must not need more than ${most} bytes, got ${peak_bytes}")
endif()

# A network at a batch where expansion costs.
execute_process(
  COMMAND "${BENCH}" --net yolo_lite --device cpu --layout channels_last --iterations 1
          --batch-size 1 --image-size 64 --phase train --json "${file}"
  RESULT_VARIABLE status
  ERROR_VARIABLE message)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "expected 0, got ${status} and '${message}'")
endif()
file(READ "${file}" results)
string(JSON count LENGTH "${results}")
string(JSON counted GET "${results}" 1 counted_ratio)
if(NOT count EQUAL 2 OR counted LESS 2)
  message(SEND_ERROR "expected two rows and a step that counts twice the compact one or more, got ${results}")
endif()

# A network whose pixels have classes.
execute_process(
  COMMAND "${BENCH}" --net unet16 --device cpu --layout channels_last --iterations 1
          --batch-size 1 --image-size 32 --phase train --json "${file}"
  RESULT_VARIABLE status
  ERROR_VARIABLE message)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "expected 0, got ${status} and '${message}'")
endif()
file(READ "${file}" results)
string(JSON count LENGTH "${results}")
if(NOT count EQUAL 2)
  message(SEND_ERROR "expected a row for compact and for weight space, got ${results}")
endif()

# A network for ImageNet as expanded modules, which has the loss of the compact
# one or is refused.
execute_process(
  COMMAND "${BENCH}" --net shufflenet_v2 --device cpu --layout channels_last --iterations 1
          --batch-size 2 --image-size 64 --phase train --execution compact folded chained
  RESULT_VARIABLE status
  OUTPUT_VARIABLE output
  ERROR_VARIABLE message)
if(NOT status EQUAL 0 OR NOT output MATCHES "chained")
  message(SEND_ERROR "expected 0 and chained steps, got ${status}, '${output}' and '${message}'")
endif()
