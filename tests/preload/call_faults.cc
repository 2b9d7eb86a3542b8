// The environment of a preloaded process: $CALL_FAULTS is its plan,
// "KINDS:AT:ERROR:LASTS:BELOW", all but the last in numbers (call_faults.h);
// $CALL_FAULTS_COUNT names a file of eight bytes that holds the count, also
// when the process was killed; $CALL_FAULTS_TRACE, where it is set, a file that
// gets a line for each call.
#include "call_faults.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>

namespace retentiond::call_faults {
namespace {

struct State {
  Plan plan;
  std::atomic<bool> armed{false};
  std::atomic<long> own_count{0};
  std::atomic<long>* count = &own_count;
  int trace = -1;
};

// Never destroyed: calls are made until the very end of a process.
State& TheState() {
  static State& state = *new State;
  return state;
}

template <typename Function>
Function Next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

// Its path; empty when it has none. By the bare system call: this is called
// by what stands in for the library's.
std::string PathOf(int fd) {
  char path[PATH_MAX];
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const long size =
      ::syscall(SYS_readlinkat, AT_FDCWD, link.c_str(), path, sizeof path);
  return size > 0 ? std::string(path, static_cast<std::size_t>(size)) : "";
}

std::string PathAt(int directory, const char* name) {
  if (name[0] == '/') return name;
  return directory == AT_FDCWD ? name : PathOf(directory) + "/" + name;
}

bool IsBelow(const std::string& path) {
  return path.rfind(TheState().plan.below, 0) == 0;
}

bool Counts(Kind kind) {
  State& state = TheState();
  return state.armed && (state.plan.kinds & kind) != 0;
}

void Trace(State& state, long number, const char* call,
           const std::string& what) {
  if (state.trace < 0) return;
  const std::string line =
      std::to_string(number) + " " + call + " " + what + "\n";
  ::syscall(SYS_write, state.trace, line.data(), line.size());
}

// Counts a call; true: it is to fail, and errno says how.
bool Hits(const char* call, const std::string& what) {
  State& state = TheState();
  const long number = ++*state.count;
  Trace(state, number, call, what);
  const long at = state.plan.at;
  if (at == 0 || number < at || (number > at && !state.plan.for_good)) {
    return false;
  }
  if (state.plan.error == 0) {
    ::syscall(SYS_kill, ::syscall(SYS_getpid), SIGKILL);
    while (true) ::syscall(SYS_pause);
  }
  errno = state.plan.error;
  return true;
}

bool HitsPath(Kind kind, const char* call, int directory, const char* name) {
  if (!Counts(kind)) return false;
  const std::string path = PathAt(directory, name);
  return IsBelow(path) && Hits(call, path);
}

bool HitsFile(Kind kind, const char* call, int fd) {
  if (!Counts(kind)) return false;
  const std::string path = PathOf(fd);
  return IsBelow(path) && Hits(call, path);
}

// A connection that is lost is lost for both sides.
bool HitsSocket(Kind kind, const char* call, int fd) {
  if (!Counts(kind) || !Hits(call, "the server")) return false;
  const int error = errno;
  ::shutdown(fd, SHUT_RDWR);
  errno = error;
  return true;
}

[[gnu::constructor]] void ArmByEnvironment() {
  const char* text = std::getenv("CALL_FAULTS");
  const char* count = std::getenv("CALL_FAULTS_COUNT");
  if (text == nullptr || count == nullptr) return;
  Plan plan;
  int begin_of_below = 0;
  int for_good = 0;
  if (std::sscanf(text, "%u:%ld:%d:%d:%n", &plan.kinds, &plan.at, &plan.error,
                  &for_good, &begin_of_below) != 4) {
    std::fprintf(stderr, "CALL_FAULTS: not a plan: %s\n", text);
    std::abort();
  }
  plan.for_good = for_good != 0;
  plan.below = text + begin_of_below;
  State& state = TheState();
  const auto fd = static_cast<int>(
      ::syscall(SYS_openat, AT_FDCWD, count, O_RDWR | O_CLOEXEC));
  void* page =
      ::mmap(nullptr, sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (page == MAP_FAILED) {
    std::perror(count);
    std::abort();
  }
  state.count = static_cast<std::atomic<long>*>(page);
  if (const char* trace = std::getenv("CALL_FAULTS_TRACE")) {
    state.trace = static_cast<int>(
        ::syscall(SYS_openat, AT_FDCWD, trace,
                  O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600));
  }
  Arm(plan);
}

}  // namespace

void Arm(const Plan& plan) {
  State& state = TheState();
  state.armed = false;
  state.plan = plan;
  *state.count = 0;
  state.armed = plan.kinds != 0;
}

long Count() { return *TheState().count; }

}  // namespace retentiond::call_faults

using namespace retentiond::call_faults;  // NOLINT: what follows is in C

// Each call as the C library has it, in front of which a fault may stand.
#define BEFORE(result, name, parameters, hit, arguments)        \
  extern "C" result name parameters {                           \
    static const auto next = Next<result(*) parameters>(#name); \
    if (hit) return -1;                                         \
    return next arguments;                                      \
  }

BEFORE(ssize_t, pwrite, (int fd, const void* data, size_t size, off_t at),
       HitsFile(kWrite, "pwrite", fd), (fd, data, size, at))
BEFORE(ssize_t, pwrite64, (int fd, const void* data, size_t size, off64_t at),
       HitsFile(kWrite, "pwrite", fd), (fd, data, size, at))
BEFORE(ssize_t, write, (int fd, const void* data, size_t size),
       HitsFile(kWrite, "write", fd), (fd, data, size))
BEFORE(int, ftruncate, (int fd, off_t size) noexcept,
       HitsFile(kWrite, "ftruncate", fd), (fd, size))
BEFORE(int, ftruncate64, (int fd, off64_t size) noexcept,
       HitsFile(kWrite, "ftruncate", fd), (fd, size))

BEFORE(int, fsync, (int fd), HitsFile(kSync, "fsync", fd), (fd))
BEFORE(int, fdatasync, (int fd), HitsFile(kSync, "fdatasync", fd), (fd))

BEFORE(int, unlink, (const char* path) noexcept,
       HitsPath(kName, "unlink", AT_FDCWD, path), (path))
BEFORE(int, unlinkat, (int directory, const char* name, int flags) noexcept,
       HitsPath(kName, "unlinkat", directory, name), (directory, name, flags))
BEFORE(int, rmdir, (const char* path) noexcept,
       HitsPath(kName, "rmdir", AT_FDCWD, path), (path))
BEFORE(int, rename, (const char* from, const char* to) noexcept,
       HitsPath(kName, "rename", AT_FDCWD, from), (from, to))
BEFORE(int, renameat2,
       (int from_directory, const char* from, int to_directory, const char* to,
        unsigned flags) noexcept,
       HitsPath(kName, "renameat2", from_directory, from),
       (from_directory, from, to_directory, to, flags))
BEFORE(int, mkdir, (const char* path, mode_t mode) noexcept,
       HitsPath(kName, "mkdir", AT_FDCWD, path), (path, mode))
BEFORE(int, mkdirat, (int directory, const char* name, mode_t mode) noexcept,
       HitsPath(kName, "mkdirat", directory, name), (directory, name, mode))

BEFORE(ssize_t, pread, (int fd, void* data, size_t size, off_t at),
       HitsFile(kRead, "pread", fd), (fd, data, size, at))
BEFORE(ssize_t, pread64, (int fd, void* data, size_t size, off64_t at),
       HitsFile(kRead, "pread", fd), (fd, data, size, at))
BEFORE(ssize_t, read, (int fd, void* data, size_t size),
       HitsFile(kRead, "read", fd), (fd, data, size))
BEFORE(ssize_t, getdents64, (int fd, void* data, size_t size) noexcept,
       HitsFile(kRead, "getdents64", fd), (fd, data, size))

BEFORE(ssize_t, recv, (int fd, void* data, size_t size, int flags),
       HitsSocket(kReceive, "recv", fd), (fd, data, size, flags))
BEFORE(int, connect, (int fd, const sockaddr* to, socklen_t size),
       HitsSocket(kConnect, "connect", fd), (fd, to, size))

extern "C" ssize_t send(int fd, const void* data, size_t size, int flags) {
  static const auto next =
      Next<ssize_t (*)(int, const void*, size_t, int)>("send");
  if (HitsSocket(kSend, "before send", fd)) return -1;
  const ssize_t sent = next(fd, data, size, flags);
  // A failure is told before only: a call that has done its work succeeds.
  if (TheState().plan.error == 0) HitsSocket(kSend, "after send", fd);
  return sent;
}

// With a mode only where the flags ask for one.
#define BEFORE_OPEN(name, parameters, hit, arguments)        \
  extern "C" int name parameters {                           \
    static const auto next = Next<int(*) parameters>(#name); \
    va_list more;                                            \
    va_start(more, flags);                                   \
    const bool makes = (flags & (O_CREAT | O_TMPFILE)) != 0; \
    const mode_t mode = makes ? va_arg(more, mode_t) : 0;    \
    va_end(more);                                            \
    if (hit) return -1;                                      \
    return next arguments;                                   \
  }

BEFORE_OPEN(open, (const char* path, int flags, ...),
            HitsPath(kOpen, "open", AT_FDCWD, path), (path, flags, mode))
BEFORE_OPEN(open64, (const char* path, int flags, ...),
            HitsPath(kOpen, "open", AT_FDCWD, path), (path, flags, mode))
BEFORE_OPEN(openat, (int directory, const char* path, int flags, ...),
            HitsPath(kOpen, "openat", directory, path),
            (directory, path, flags, mode))
BEFORE_OPEN(openat64, (int directory, const char* path, int flags, ...),
            HitsPath(kOpen, "openat", directory, path),
            (directory, path, flags, mode))

// SQLite's locks; every other command takes a pointer or a number as well.
#define BEFORE_FCNTL(name)                                               \
  extern "C" int name(int fd, int command, ...) {                        \
    static const auto next = Next<int (*)(int, int, ...)>(#name);        \
    va_list more;                                                        \
    va_start(more, command);                                             \
    void* const argument = va_arg(more, void*);                          \
    va_end(more);                                                        \
    if (command == F_SETLK &&                                            \
        static_cast<const struct flock*>(argument)->l_type != F_UNLCK && \
        HitsFile(kLock, "lock", fd)) {                                   \
      return -1;                                                         \
    }                                                                    \
    return next(fd, command, argument);                                  \
  }

BEFORE_FCNTL(fcntl)
BEFORE_FCNTL(fcntl64)

// openat2 has no function in the C library.
extern "C" long syscall(long number, ...) noexcept {
  static const auto next = Next<long (*)(long, ...)>("syscall");
  va_list more;
  va_start(more, number);
  const long a = va_arg(more, long);
  const long b = va_arg(more, long);
  const long c = va_arg(more, long);
  const long d = va_arg(more, long);
  const long e = va_arg(more, long);
  const long f = va_arg(more, long);
  va_end(more);
  if (number == SYS_openat2 && HitsPath(kOpen, "openat2", static_cast<int>(a),
                                        reinterpret_cast<const char*>(b))) {
    return -1;
  }
  return next(number, a, b, c, d, e, f);
}
