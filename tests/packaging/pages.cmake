# The pages that people read: those at the top, docs and the index of the examples.
# Sets `pages`, relative to ROOT.
file(GLOB_RECURSE pages RELATIVE "${ROOT}" "${ROOT}/docs/*.md")
foreach(page README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md examples/README.md)
  if(EXISTS "${ROOT}/${page}")
    list(APPEND pages "${page}")
  endif()
endforeach()
list(SORT pages)
