/* Faults of the system below Python, loaded by LD_PRELOAD.
 *
 * FAULT=CALL:NUMBER:EFFECT lets the NUMBER-th write, fsync or rename below the folder FAULT_BELOW go
 * wrong: EFFECT is an errno, or "before" or "after", when the process is killed before or after it.
 * FAULT_COUNT names a file to which each such call is appended. FAULT_CLOCK=1 lets the clock of the
 * day jump by hours with every look at it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int counts[3];
static const char *names[3] = {"write", "fsync", "rename"};
enum { WRITE, FSYNC, RENAME };

static int below(const char *path)
{
    const char *folder = getenv("FAULT_BELOW");
    char here[4096];
    if (*path != '/' && (path = getcwd(here, sizeof here)) == NULL)
        return 0;
    return folder && *folder && strncmp(path, folder, strlen(folder)) == 0;
}

static int below_fd(int fd)
{
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0)
        return 0;
    path[n] = 0;
    return below(path);
}

/* The effect on this call: 0 none, an errno, -1 to die before it, -2 to die after it. */
static int effect(int call)
{
    const char *log = getenv("FAULT_COUNT"), *fault = getenv("FAULT");
    counts[call]++;
    if (log && *log) {
        char line[32];
        int fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND, 0644);
        int n = snprintf(line, sizeof line, "%s\n", names[call]);
        syscall(SYS_write, fd, line, n);
        syscall(SYS_close, fd);
    }
    size_t length = strlen(names[call]);
    if (!fault || strncmp(fault, names[call], length) || fault[length] != ':')
        return 0;
    char *rest;
    if (strtol(fault + length + 1, &rest, 10) != counts[call] || *rest != ':')
        return 0;
    if (!strcmp(rest, ":before"))
        return -1;
    if (!strcmp(rest, ":after"))
        return -2;
    return atoi(rest + 1);
}

#define FAULTY(call, condition, act)                                                              \
    do {                                                                                           \
        int what = (condition) ? effect(call) : 0;                                                 \
        if (what == -1)                                                                            \
            kill(getpid(), SIGKILL);                                                               \
        if (what > 0) {                                                                            \
            errno = what;                                                                          \
            return -1;                                                                             \
        }                                                                                          \
        long answer = (act);                                                                       \
        if (what == -2)                                                                            \
            kill(getpid(), SIGKILL);                                                               \
        return answer;                                                                             \
    } while (0)

ssize_t write(int fd, const void *bytes, size_t n)
{
    FAULTY(WRITE, below_fd(fd), syscall(SYS_write, fd, bytes, n));
}

ssize_t pwrite(int fd, const void *bytes, size_t n, off_t at)
{
    FAULTY(WRITE, below_fd(fd), syscall(SYS_pwrite64, fd, bytes, n, at));
}

ssize_t pwrite64(int fd, const void *bytes, size_t n, off64_t at)
{
    return pwrite(fd, bytes, n, at);
}

int fsync(int fd)
{
    FAULTY(FSYNC, below_fd(fd), syscall(SYS_fsync, fd));
}

int rename(const char *from, const char *to)
{
    FAULTY(RENAME, below(to), syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    static long looks;
    long answer = syscall(SYS_clock_gettime, clock, now);
    looks++;
    if (clock == CLOCK_REALTIME && getenv("FAULT_CLOCK"))
        now->tv_sec += (looks % 3 - 1) * 3600 * (looks % 7);
    return answer;
}
