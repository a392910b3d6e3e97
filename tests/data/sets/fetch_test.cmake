# Shows what the targets data-* do, on a small archive.
#
#     cmake -DFETCH=<DataFetch.cmake> -DSCRATCH=<folder> -P fetch_test.cmake
cmake_minimum_required(VERSION 3.25)

set(data "${SCRATCH}/data")

# Expects `complaint`, nothing for none, about the archive at `url`.
function(expect url md5 complaint)
  execute_process(
    COMMAND ${CMAKE_COMMAND} "-DURL=${url}" "-DMD5=${md5}" -DFOLDER=inside "-DDATA_DIR=${data}" -P
            "${FETCH}"
    RESULT_VARIABLE failed
    OUTPUT_VARIABLE ignored
    ERROR_VARIABLE output)
  string(REGEX REPLACE "[ \n]+" " " output "${output}")
  string(FIND "${output}" "${complaint}" position)
  if((complaint AND (position EQUAL -1 OR NOT failed)) OR (failed AND NOT complaint))
    message(SEND_ERROR "${url}: expected '${complaint}', got '${output}'")
  endif()
  if(complaint AND EXISTS "${data}/inside")
    message(SEND_ERROR "${url}: a failure left ${data}/inside")
  elseif(NOT complaint AND NOT EXISTS "${data}/inside/file.bin")
    message(SEND_ERROR "${url}: there is no ${data}/inside/file.bin")
  endif()
  file(GLOB rest "${data}/*.part" "${data}/*.unpacked")
  if(rest)
    message(SEND_ERROR "${url}: left behind ${rest}")
  endif()
endfunction()

file(REMOVE_RECURSE "${SCRATCH}")
file(WRITE "${SCRATCH}/inside/file.bin" "pixels")
file(WRITE "${SCRATCH}/outside/file.bin" "pixels")
foreach(folder inside outside)
  execute_process(COMMAND ${CMAKE_COMMAND} -E tar czf ${folder}.tar.gz ${folder}
                  WORKING_DIRECTORY "${SCRATCH}")
  file(MD5 "${SCRATCH}/${folder}.tar.gz" ${folder}_md5)
endforeach()
set(zeros 00000000000000000000000000000000)
set(url "file://${SCRATCH}/inside.tar.gz")

# By hand: what to download, and where to put it.
set(unreachable "https://127.0.0.1:1/inside.tar.gz")
expect("${unreachable}" ${inside_md5} "${unreachable} must be reachable, got ")
expect("${unreachable}" ${inside_md5}
       "; download ${unreachable} by hand and put it at ${data}/inside.tar.gz, then build this target again")
expect("${url}" ${zeros} "${url} must have the MD5 sum ${zeros}, got ${inside_md5}; try again later")
set(outside "file://${SCRATCH}/outside.tar.gz")
expect("${outside}" ${outside_md5}
       "${data}/outside.tar.gz must hold the folder inside, got none; remove it")

file(COPY "${SCRATCH}/inside.tar.gz" DESTINATION "${data}")
expect("${unreachable}" ${zeros}
       "${data}/inside.tar.gz must have the MD5 sum ${zeros}, got ${inside_md5}; remove it")
expect("${unreachable}" ${inside_md5} "")

file(REMOVE_RECURSE "${data}")
expect("${url}" ${inside_md5} "")
expect("${unreachable}" ${zeros} "") # there already
