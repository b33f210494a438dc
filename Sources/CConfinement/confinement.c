#define _GNU_SOURCE
#include "CConfinement.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <seccomp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's interface as of Landlock ABI 6; the distribution's header is older than the kernels that we meet. */
struct ruleset_attributes {
    uint64_t handled_access_fs;
    uint64_t handled_access_net; /* from ABI 4 */
    uint64_t scoped;             /* from ABI 6 */
};
struct path_beneath {
    uint64_t allowed_access;
    int32_t parent_fd;
} __attribute__((packed));
enum {
    RULESET_VERSION = 1,
    RULE_PATH_BENEATH = 1,
    FS_READ_FILE = 1 << 2,
    FS_RIGHTS_ABI_1 = (1 << 13) - 1,
    FS_REFER = 1 << 13,     /* from ABI 2 */
    FS_TRUNCATE = 1 << 14,  /* from ABI 3 */
    FS_IOCTL_DEV = 1 << 15, /* from ABI 5 */
    NET_BIND_AND_CONNECT = 3,
    SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS = 3,
};

/* abort() signals its own process; which process that is, is known only after the fork. The program is built for this number,
   which no process has (the kernel's highest is 2^22), and the child writes its own in its place. */
#define NOBODY_YET 0x7ACEBA5E

static int ruleset = -1;
static struct sock_filter instructions[BPF_MAXINSNS];
static struct sock_fprog program;
static struct sock_filter *own_process;

static const char *const step_names[] = {
    [CONFINEMENT_HELD] = "confined",
    [CONFINEMENT_LANDLOCK_ABI] = "Landlock (landlock_create_ruleset)",
    [CONFINEMENT_LANDLOCK_RULESET] = "Landlock ruleset",
    [CONFINEMENT_LANDLOCK_RULE] = "Landlock rule",
    [CONFINEMENT_SECCOMP_RULES] = "seccomp rules",
    [CONFINEMENT_SECCOMP_EXPORT] = "seccomp program",
    [CONFINEMENT_SESSION] = "own session (setsid)",
    [CONFINEMENT_LIMITS] = "resource limits (setrlimit)",
    [CONFINEMENT_PARENT] = "death with the parent (prctl)",
    [CONFINEMENT_NOT_DUMPABLE] = "not dumpable (prctl)",
    [CONFINEMENT_DESCRIPTORS] = "closing descriptors",
    [CONFINEMENT_NO_NEW_PRIVILEGES] = "no new privileges (prctl)",
    [CONFINEMENT_LANDLOCK_SELF] = "Landlock (landlock_restrict_self)",
    [CONFINEMENT_SECCOMP_SELF] = "seccomp filter",
    [CONFINEMENT_NOT_PREPARED] = "preparation",
};

const char *confinement_step_name(int step) {
    const int count = sizeof step_names / sizeof *step_names;
    return step >= 0 && step < count ? step_names[step] : "unknown step";
}

int confinement_drop_root(void) {
    if (geteuid() != 0 && getuid() != 0) return 0;
    uid_t user = 65534;
    gid_t group = 65534;
    const struct passwd *nobody = getpwnam("nobody");
    if (nobody && nobody->pw_uid != 0 && nobody->pw_gid != 0) user = nobody->pw_uid, group = nobody->pw_gid;
    if (setgroups(0, NULL) || setresgid(group, group, group) || setresuid(user, user, user)) return errno;
    /* A system call that reports success and leaves a way back would be worse than one that fails. */
    if (setuid(0) == 0 || setgid(0) == 0 || getuid() != user || getgid() != group) return EPERM;
    return 0;
}

/* Allow-list: everything else is EPERM. New calls belong here only if a reader cannot do without them. */
static int allow_calls(scmp_filter_ctx filter) {
    static const int plain[] = {
        /* memory; those that could make code executable are below */
        SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(brk),
        /* descriptors that are open */
        SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(pread64), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(lseek),
        SCMP_SYS(fstat), SCMP_SYS(newfstatat), SCMP_SYS(close),
        /* clocks, and what the run-time libraries ask of the system */
        SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(getrandom),
        SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getuid), SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
        SCMP_SYS(getrusage), SCMP_SYS(sysinfo), SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(futex),
        SCMP_SYS(restart_syscall),
        /* abort() and the end */
        SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(sigaltstack),
        SCMP_SYS(exit), SCMP_SYS(exit_group),
    };
    int result = 0;
    for (size_t index = 0; !result && index < sizeof plain / sizeof *plain; index++)
        result = seccomp_rule_add(filter, SCMP_ACT_ALLOW, plain[index], 0);
    if (!result)
        result = seccomp_rule_add(
            filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (!result)
        result = seccomp_rule_add(
            filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2_64(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (!result)
        result = seccomp_rule_add(
            filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 1,
            SCMP_A2_64(SCMP_CMP_MASKED_EQ, O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND, O_RDONLY));
    static const int readable_flags[] = {F_GETFD, F_GETFL, F_SETFD};
    for (size_t index = 0; !result && index < sizeof readable_flags / sizeof *readable_flags; index++)
        result = seccomp_rule_add(
            filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, SCMP_A1_32(SCMP_CMP_EQ, readable_flags[index]));
    /* Reading a limit is harmless; setting one is not in the list. */
    if (!result)
        result = seccomp_rule_add(
            filter, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 2, SCMP_A0_32(SCMP_CMP_EQ, 0), SCMP_A2_64(SCMP_CMP_EQ, 0));
    if (!result)
        result = seccomp_rule_add(
            filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0_32(SCMP_CMP_EQ, NOBODY_YET));
    return -result;
}

static int export_program(scmp_filter_ctx filter) {
    int file = memfd_create("seccomp", MFD_CLOEXEC);
    if (file < 0) return errno;
    int result = -seccomp_export_bpf(filter, file);
    ssize_t length = result ? 0 : pread(file, instructions, sizeof instructions, 0);
    close(file);
    if (result) return result;
    if (length <= 0 || length % sizeof *instructions || length == sizeof instructions) return EINVAL;
    program.len = (unsigned short)(length / sizeof *instructions);
    program.filter = instructions;
    own_process = NULL;
    for (unsigned index = 0; index < program.len; index++) {
        if (BPF_CLASS(instructions[index].code) != BPF_JMP || instructions[index].k != NOBODY_YET) continue;
        if (own_process) return EINVAL; /* not the shape that we know: refuse rather than guess */
        own_process = &instructions[index];
    }
    return own_process ? 0 : EINVAL;
}

int confinement_prepare(const char *const *readable, int *abi, enum confinement_step *step) {
    *abi = 0;
    *step = CONFINEMENT_LANDLOCK_ABI;
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, RULESET_VERSION);
    if (version < 1) return version < 0 ? errno : ENOSYS;
    *abi = (int)version;

    *step = CONFINEMENT_LANDLOCK_RULESET;
    struct ruleset_attributes attributes = {
        .handled_access_fs = FS_RIGHTS_ABI_1 | (version >= 2 ? FS_REFER : 0) | (version >= 3 ? FS_TRUNCATE : 0)
            | (version >= 5 ? FS_IOCTL_DEV : 0),
        .handled_access_net = version >= 4 ? NET_BIND_AND_CONNECT : 0,
        .scoped = version >= 6 ? SCOPE_ABSTRACT_SOCKETS_AND_SIGNALS : 0,
    };
    size_t size = version >= 6 ? sizeof attributes
        : version >= 4         ? offsetof(struct ruleset_attributes, scoped)
                               : offsetof(struct ruleset_attributes, handled_access_net);
    ruleset = (int)syscall(SYS_landlock_create_ruleset, &attributes, size, 0); /* close-on-exec by definition */
    if (ruleset < 0) return errno;

    *step = CONFINEMENT_LANDLOCK_RULE;
    for (; *readable; readable++) {
        int folder = open(*readable, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0 && errno == ENOENT) continue; /* not installed: then nothing of it stays readable */
        if (folder < 0) return errno;
        struct path_beneath rule = {.allowed_access = FS_READ_FILE, .parent_fd = folder};
        long added = syscall(SYS_landlock_add_rule, ruleset, RULE_PATH_BENEATH, &rule, 0);
        int failure = errno;
        close(folder);
        if (added) return failure;
    }

    *step = CONFINEMENT_SECCOMP_RULES;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
    if (!filter) return ENOMEM;
    int result = -seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (!result) result = allow_calls(filter);
    if (!result) {
        *step = CONFINEMENT_SECCOMP_EXPORT;
        result = export_program(filter);
    }
    seccomp_release(filter);
    if (!result) *step = CONFINEMENT_HELD;
    return result;
}

static void no_memory(void) { _exit(CONFINEMENT_EXIT_MEMORY); }

static bool limited(int resource, rlim_t soft, rlim_t hard) {
    const struct rlimit limit = {.rlim_cur = soft, .rlim_max = hard};
    return setrlimit(resource, &limit) == 0;
}

/* Moves the two descriptors to their places and closes all others. Each is first moved out of the way of the other. */
static bool only_two_descriptors(int document, int answer) {
    int high_document = fcntl(document, F_DUPFD_CLOEXEC, CONFINEMENT_ANSWER + 1);
    int high_answer = fcntl(answer, F_DUPFD_CLOEXEC, CONFINEMENT_ANSWER + 1);
    return high_document >= 0 && high_answer >= 0 && dup2(high_document, CONFINEMENT_DOCUMENT) >= 0
        && dup2(high_answer, CONFINEMENT_ANSWER) >= 0
        && syscall(SYS_close_range, 0, CONFINEMENT_DOCUMENT - 1, 0) == 0
        && syscall(SYS_close_range, CONFINEMENT_ANSWER + 1, ~0U, 0) == 0;
}

enum confinement_step confinement_enter(
    pid_t parent, int document, int answer, uint64_t address_space, uint32_t cpu_seconds) {
    if (ruleset < 0 || !own_process) return CONFINEMENT_NOT_PREPARED;
    if (setsid() < 0) return CONFINEMENT_SESSION;
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) || getppid() != parent) return CONFINEMENT_PARENT;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)) return CONFINEMENT_NOT_DUMPABLE;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) return CONFINEMENT_NO_NEW_PRIVILEGES;
    if (syscall(SYS_landlock_restrict_self, ruleset, 0)) return CONFINEMENT_LANDLOCK_SELF;
    if (!only_two_descriptors(document, answer)) return CONFINEMENT_DESCRIPTORS;
    ruleset = -1;
    if (!limited(RLIMIT_AS, address_space, address_space) || !limited(RLIMIT_CPU, cpu_seconds, cpu_seconds + 1)
        || !limited(RLIMIT_FSIZE, 0, 0) || !limited(RLIMIT_CORE, 0, 0) || !limited(RLIMIT_NOFILE, 16, 16)
        || !limited(RLIMIT_NPROC, 0, 0) || !limited(RLIMIT_MEMLOCK, 0, 0) || !limited(RLIMIT_MSGQUEUE, 0, 0))
        return CONFINEMENT_LIMITS;

    /* std::set_new_handler by its linker name: C++ code that finds no memory then ends with a code of its own instead of an
       exception thrown through C and Swift frames. Found at run time, because only the parsers bring the C++ library. */
    void *(*set_new_handler)(void (*)(void)) = dlsym(RTLD_DEFAULT, "_ZSt15set_new_handlerPFvvE");
    if (set_new_handler) set_new_handler(no_memory);

    own_process->k = (uint32_t)getpid();
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program)) return CONFINEMENT_SECCOMP_SELF;
    return CONFINEMENT_HELD;
}
