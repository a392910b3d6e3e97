# Includes go one way: base <- fold <- nn <- passes <- deploy, base <- io <- deploy,
# base <- data <- tasks, base <- distributed, passes <- models; train may include all
# of them, and analysis train as well. A folder within a room is a part of the room.
#
#     cmake -DROOT=<repository> -P includes.cmake
cmake_minimum_required(VERSION 3.25)

set(base_may_include base)
set(fold_may_include base fold)
set(nn_may_include base fold nn)
set(passes_may_include base fold nn passes)
set(io_may_include base io)
set(deploy_may_include base fold nn passes io deploy)
set(models_may_include base fold nn passes models)
set(data_may_include base data)
set(distributed_may_include base distributed)
set(tasks_may_include base data tasks)
set(train_may_include base fold nn passes io deploy models data distributed tasks train)
set(analysis_may_include ${train_may_include} analysis)

set(complaints "")
macro(complain)
  string(APPEND complaints "\n  " ${ARGN})
endmacro()

file(GLOB_RECURSE files RELATIVE "${ROOT}" "${ROOT}/include/*/*/*.h" "${ROOT}/src/*/*.h"
     "${ROOT}/src/*/*.cpp")
foreach(file IN LISTS files)
  string(REGEX REPLACE "^(include/expandnet|src)/([^/]+)/.*" "\\2" folder "${file}")
  if(NOT DEFINED ${folder}_may_include)
    complain("${file}: ${folder} has no place in the order of folders")
    continue()
  endif()
  list(JOIN ${folder}_may_include ", " allowed)

  file(STRINGS "${ROOT}/${file}" lines REGEX "^[ \t]*#[ \t]*include")
  foreach(line IN LISTS lines)
    if(NOT line MATCHES "([<\"])(expandnet/)?(([a-z0-9_]+)/[^>\"]+)[>\"]")
      continue()
    endif()
    set(bracket "${CMAKE_MATCH_1}")
    set(included "${CMAKE_MATCH_3}")
    set(its_folder "${CMAKE_MATCH_4}")
    if(NOT DEFINED ${its_folder}_may_include) # not ours
      continue()
    endif()
    if(NOT its_folder IN_LIST ${folder}_may_include)
      complain("${file}: ${folder} may include ${allowed}, got ${included}")
    elseif(file MATCHES "^include/" AND NOT bracket STREQUAL "<")
      complain("${file}: a public header may not include a private one, got ${included}")
    endif()
  endforeach()
endforeach()

if(complaints)
  message(FATAL_ERROR "includes go one way:${complaints}")
endif()
