# LibTorch as a Python package: that of the active Python, or one of our own.

# Sets <out> to the folder of torch in the Python that a shell would start, or to
# nothing. Imports no package.
function(expandnet_libtorch_of_active_python out)
  set(prefix "")
  set(Python3_FIND_UNVERSIONED_NAMES FIRST)
  find_package(Python3 COMPONENTS Interpreter QUIET)
  if(Python3_Interpreter_FOUND)
    execute_process(
      COMMAND
        "${Python3_EXECUTABLE}" -c
        "import importlib.util, os
spec = importlib.util.find_spec('torch')
print(os.path.dirname(spec.origin) if spec and spec.origin else '')"
      OUTPUT_VARIABLE prefix
      OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
  set(${out} "${prefix}" PARENT_SCOPE)
endfunction()

# Sets <out> to the folder of torch in a Python environment made from
# requirements.txt under the user's cache. One that is complete is used as it is,
# without starting Python's pip or asking the network; one whose installation was
# interrupted is made anew. A lock makes concurrent configures wait.
function(expandnet_libtorch_of_private_environment out)
  set(requirements "${CMAKE_CURRENT_FUNCTION_LIST_DIR}/requirements.txt")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${requirements}")

  set(Python3_FIND_UNVERSIONED_NAMES FIRST)
  find_package(Python3 COMPONENTS Interpreter QUIET)
  if(NOT Python3_Interpreter_FOUND)
    message(FATAL_ERROR "expandnet finds no LibTorch, and no Python to install one with; "
                        "${expandnet_LIBTORCH_REMEDY}, or install Python 3.10 or newer")
  endif()

  set(cache "$ENV{XDG_CACHE_HOME}")
  if(NOT cache)
    set(cache "$ENV{HOME}/.cache")
  endif()
  file(SHA256 "${requirements}" hash)
  set(python "python${Python3_VERSION_MAJOR}.${Python3_VERSION_MINOR}")
  string(SHA256 hash "${hash} ${python} ${CMAKE_HOST_SYSTEM_PROCESSOR}")
  string(SUBSTRING "${hash}" 0 12 hash)
  set(environment "${cache}/expandnet/${python}-${hash}")
  set(complete "${environment}/complete")

  file(MAKE_DIRECTORY "${cache}/expandnet")
  file(LOCK "${environment}.lock" GUARD FUNCTION TIMEOUT 1800)
  if(NOT EXISTS "${complete}")
    message(STATUS "No LibTorch is named and the active Python has none: installing one into "
                   "${environment}, once for all build trees; it takes about a minute and "
                   "4.7 GB")
    _expandnet_make_environment("${environment}" "${requirements}")
    file(TOUCH "${complete}")
  endif()

  file(GLOB prefix "${environment}/lib/python*/site-packages/torch")
  set(${out} "${prefix}" PARENT_SCOPE)
endfunction()

function(_expandnet_make_environment environment requirements)
  set(log "${environment}.log")
  set(python "${environment}/bin/python")
  file(REMOVE_RECURSE "${environment}")

  # Debian keeps ensurepip in a package of its own: then the Python outside, if it
  # has a pip, installs into the environment.
  _expandnet_run("${log}" "${Python3_EXECUTABLE}" -m venv --without-pip "${environment}")
  set(pip "${python}" -I -m pip)
  _expandnet_try(result "${log}" "${python}" -I -m ensurepip)
  if(result)
    set(pip "${Python3_EXECUTABLE}" -I -m pip --python "${python}")
    _expandnet_try(result "${log}" ${pip} --version)
  endif()
  if(result)
    message(FATAL_ERROR "expandnet finds no LibTorch, and ${Python3_EXECUTABLE} has no pip to "
                        "install one with; ${expandnet_LIBTORCH_REMEDY}, or install pip: "
                        "apt-get install python3-venv")
  endif()
  _expandnet_run("${log}" ${pip} --disable-pip-version-check install --no-input
                 --progress-bar off --requirement "${requirements}")
endfunction()

# Runs a command, its output going to <log>; <result> is 0 if it succeeded.
function(_expandnet_try result log)
  execute_process(COMMAND ${ARGN} RESULT_VARIABLE code OUTPUT_FILE "${log}"
                                                       ERROR_FILE "${log}")
  set(${result} "${code}" PARENT_SCOPE)
endfunction()

# The same, and stops with the end of <log> if the command failed.
function(_expandnet_run log)
  _expandnet_try(result "${log}" ${ARGN})
  if(result)
    file(STRINGS "${log}" lines)
    list(REVERSE lines)
    list(SUBLIST lines 0 3 lines)
    list(REVERSE lines)
    list(JOIN lines "\n  " tail)
    list(JOIN ARGN " " command)
    message(FATAL_ERROR "expandnet finds no LibTorch and could not install one; "
                        "${expandnet_LIBTORCH_REMEDY}\n  ${command}\nfailed. "
                        "Its output is in ${log} and ends:\n  ${tail}")
  endif()
endfunction()
