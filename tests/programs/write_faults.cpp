// write_faults: preloaded into a program, makes writing files fail.
//
//     WRITE_FAULT=eio WRITE_FAULT_AT=3 LD_PRELOAD=libwrite_faults.so program
//
// The calls that count are those for files named *.tmp, as AtomicFile's are:
//
//     short      every write takes at most 7 bytes of those it is given
//     eintr      every other call is interrupted, but for rename, which never
//                is
//     eio        call number WRITE_FAULT_AT fails, be it write, fsync or rename
//     enospc     the same, as if the disk were full
//     kill       there the process is killed
//     nolink     no file gets a second name, as on a file system without links
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

std::string setting(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

bool is_temporary(const std::string& path) {
  return path.size() > 4 && path.substr(path.size() - 4) == ".tmp";
}

bool is_temporary(int file) {
  char path[PATH_MAX];
  const auto link = "/proc/self/fd/" + std::to_string(file);
  const auto size = readlink(link.c_str(), path, sizeof(path));
  return size > 0 &&
         is_temporary(std::string(path, static_cast<std::size_t>(size)));
}

/// Whether this call is to fail; sets errno.
bool fails(bool can_be_interrupted = true) {
  static std::atomic<int> calls{0};
  const auto call = ++calls;
  const auto fault = setting("WRITE_FAULT");
  if (fault == "eintr" && can_be_interrupted && call % 2 == 1) {
    errno = EINTR;
    return true;
  }
  if (std::to_string(call) != setting("WRITE_FAULT_AT")) return false;
  if (fault == "kill") kill(getpid(), SIGKILL);
  errno = fault == "enospc" ? ENOSPC : EIO;
  return fault == "eio" || fault == "enospc";
}

template <typename Function>
Function* next(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" ssize_t write(int file, const void* bytes, size_t count) {
  static auto* const real = next<ssize_t(int, const void*, size_t)>("write");
  if (!is_temporary(file)) return real(file, bytes, count);
  if (fails()) return -1;
  const bool is_short = setting("WRITE_FAULT") == "short";
  return real(file, bytes, is_short ? std::min<size_t>(count, 7) : count);
}

extern "C" int fsync(int file) {
  static auto* const real = next<int(int)>("fsync");
  return is_temporary(file) && fails() ? -1 : real(file);
}

extern "C" int rename(const char* from, const char* to) {
  static auto* const real = next<int(const char*, const char*)>("rename");
  return is_temporary(std::string(from)) && fails(false) ? -1 : real(from, to);
}

extern "C" int link(const char* from, const char* to) {
  static auto* const real = next<int(const char*, const char*)>("link");
  if (setting("WRITE_FAULT") != "nolink") return real(from, to);
  errno = EPERM;
  return -1;
}
