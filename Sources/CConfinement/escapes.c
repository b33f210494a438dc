#define _GNU_SOURCE
#include "CConfinement.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

/* Each attempt returns whether it was allowed. */

static bool reads_a_file(pid_t parent) { (void)parent; return open("/etc/passwd", O_RDONLY | O_CLOEXEC) >= 0; }

static bool writes_a_file(pid_t parent) {
    (void)parent;
    return open("/tmp", O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600) >= 0 || open("/dev/null", O_WRONLY | O_CLOEXEC) >= 0;
}

static bool lists_a_folder(pid_t parent) { (void)parent; return open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC) >= 0; }

static bool reads_the_process_table(pid_t parent) {
    (void)parent;
    return open("/proc/self/maps", O_RDONLY | O_CLOEXEC) >= 0;
}

static bool connects_by_tcp(pid_t parent) {
    (void)parent;
    int socket_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (socket_ < 0) return false;
    struct sockaddr_in discard = {.sin_family = AF_INET, .sin_port = htons(9), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    return connect(socket_, (struct sockaddr *)&discard, sizeof discard) == 0 || errno != EACCES;
}

static bool opens_a_udp_socket(pid_t parent) {
    (void)parent;
    return socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0 || socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0) >= 0;
}

static bool opens_a_local_socket(pid_t parent) {
    (void)parent;
    int pair[2];
    return socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) >= 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0;
}

static bool runs_a_program(pid_t parent) {
    (void)parent;
    /* A program that runs replaces us: the caller then sees an end that is not our answer. A missing one must be refused
       too, and not merely be missing. */
    char *const none[] = {NULL};
    execve("/bin/true", none, none);
    return errno != EPERM;
}

static bool starts_a_process(pid_t parent) {
    (void)parent;
    pid_t child = fork();
    if (child == 0) _exit(0);
    return child > 0;
}

static bool traces_the_parent(pid_t parent) { return ptrace(PTRACE_SEIZE, parent, NULL, NULL) == 0; }

static bool signals_the_parent(pid_t parent) {
    return kill(parent, 0) == 0 || syscall(SYS_tgkill, parent, parent, 0) == 0;
}

static bool makes_code(pid_t parent) {
    (void)parent;
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static const struct {
    const char *name;
    bool (*allowed)(pid_t parent);
} attempts[] = {
    {"reading a file", reads_a_file},
    {"writing a file", writes_a_file},
    {"listing a folder", lists_a_folder},
    {"reading the process table", reads_the_process_table},
    {"connecting by TCP", connects_by_tcp},
    {"opening a UDP socket", opens_a_udp_socket},
    {"opening a local socket", opens_a_local_socket},
    {"running a program", runs_a_program},
    {"starting a process", starts_a_process},
    {"tracing the parent", traces_the_parent},
    {"signalling the parent", signals_the_parent},
    {"making memory executable", makes_code},
};

uint32_t confinement_escapes(pid_t parent) {
    uint32_t escapes = 0;
    for (unsigned bit = 0; bit < sizeof attempts / sizeof *attempts; bit++)
        if (attempts[bit].allowed(parent)) escapes |= 1u << bit;
    return escapes;
}

const char *confinement_escape_name(unsigned bit) {
    return bit < sizeof attempts / sizeof *attempts ? attempts[bit].name : NULL;
}
