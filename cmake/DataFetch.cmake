# Fetches an archive, checks its sum, and unpacks its folder:
#
#     cmake -DURL=... -DMD5=... -DFOLDER=... -DDATA_DIR=... -P DataFetch.cmake
#
# leaves DATA_DIR/FOLDER, or nothing there and a message. An archive that is in
# DATA_DIR already, put there by hand, is not fetched again.
cmake_minimum_required(VERSION 3.25)

cmake_path(GET URL FILENAME name)
set(archive "${DATA_DIR}/${name}")
set(remedy "download ${URL} by hand and put it at ${archive}, then build this target again")

if(EXISTS "${DATA_DIR}/${FOLDER}")
  message(STATUS "${DATA_DIR}/${FOLDER} is there already")
  return()
endif()

# Sets `sum`, "" where there is no file.
function(sum_of file)
  set(sum "" PARENT_SCOPE)
  if(EXISTS "${file}")
    file(MD5 "${file}" value)
    set(sum "${value}" PARENT_SCOPE)
  endif()
endfunction()

sum_of("${archive}")
if(sum AND NOT sum STREQUAL MD5)
  message(FATAL_ERROR "${archive} must have the MD5 sum ${MD5}, got ${sum}; "
                      "remove it, or ${remedy}")
elseif(NOT sum)
  set(partial "${archive}.part")
  file(DOWNLOAD "${URL}" "${partial}" STATUS status SHOW_PROGRESS INACTIVITY_TIMEOUT 60)
  list(GET status 0 code)
  list(GET status 1 reason)
  if(code)
    file(REMOVE "${partial}")
    message(FATAL_ERROR "${URL} must be reachable, got ${reason}; ${remedy}")
  endif()
  sum_of("${partial}")
  if(NOT sum STREQUAL MD5)
    file(REMOVE "${partial}")
    message(FATAL_ERROR "${URL} must have the MD5 sum ${MD5}, got ${sum}; "
                        "try again later, or ${remedy}")
  endif()
  file(RENAME "${partial}" "${archive}")
endif()

# Renamed when it is whole: a folder is there whole, or not at all.
set(unpacked "${archive}.unpacked")
file(REMOVE_RECURSE "${unpacked}")
file(ARCHIVE_EXTRACT INPUT "${archive}" DESTINATION "${unpacked}")
if(NOT IS_DIRECTORY "${unpacked}/${FOLDER}")
  file(REMOVE_RECURSE "${unpacked}")
  message(FATAL_ERROR "${archive} must hold the folder ${FOLDER}, got none; remove it, or ${remedy}")
endif()
file(RENAME "${unpacked}/${FOLDER}" "${DATA_DIR}/${FOLDER}")
file(REMOVE_RECURSE "${unpacked}")
message(STATUS "${DATA_DIR}/${FOLDER} is ready")
