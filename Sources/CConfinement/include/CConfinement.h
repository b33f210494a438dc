/* What a reader of a hostile document takes away from itself before it reads the first byte: Landlock, seccomp, limits.
   One process, one thread: the preparation is kept in static storage, and is inherited by fork. */
#ifndef CCONFINEMENT_H
#define CCONFINEMENT_H

#include <stdint.h>
#include <sys/types.h>

/* The steps, in the order in which they are taken; the number of a failed one is reported. */
enum confinement_step {
    CONFINEMENT_HELD = 0,
    CONFINEMENT_LANDLOCK_ABI,
    CONFINEMENT_LANDLOCK_RULESET,
    CONFINEMENT_LANDLOCK_RULE,
    CONFINEMENT_SECCOMP_RULES,
    CONFINEMENT_SECCOMP_EXPORT,
    CONFINEMENT_SESSION,
    CONFINEMENT_LIMITS,
    CONFINEMENT_PARENT,
    CONFINEMENT_NOT_DUMPABLE,
    CONFINEMENT_DESCRIPTORS,
    CONFINEMENT_NO_NEW_PRIVILEGES,
    CONFINEMENT_LANDLOCK_SELF,
    CONFINEMENT_SECCOMP_SELF,
    CONFINEMENT_NOT_PREPARED,
};

/* The descriptors of a confined process; it has no others. */
#define CONFINEMENT_DOCUMENT 3
#define CONFINEMENT_ANSWER 4

/* How a confined process ends when `operator new` finds no memory; so the limit is told from a crash. */
#define CONFINEMENT_EXIT_MEMORY 99

/* A short English name of a step, for messages. Never NULL. */
const char *confinement_step_name(int step);

/* Gives up root for good: user and group `nobody`, no supplementary groups. Nothing happens where we are not root.
   Returns 0 or an errno. */
int confinement_drop_root(void);

/* Builds the Landlock ruleset and the seccomp program once, in the parent. Files below the folders `readable`, up to its NULL,
   stay readable; nothing else does. `*abi` is set to the kernel's Landlock version (0 where there is none).
   Returns 0, or the errno of the failure with `*step` set. */
int confinement_prepare(const char *const *readable, int *abi, enum confinement_step *step);

/* Confines the calling process, for good: a session of its own, limits, death with `parent`, no new privileges, only the two
   descriptors (moved to CONFINEMENT_DOCUMENT and CONFINEMENT_ANSWER), Landlock, seccomp.
   Returns CONFINEMENT_HELD, or the step that failed: then nothing must be read. */
enum confinement_step confinement_enter(
    pid_t parent, int document, int answer, uint64_t address_space, uint32_t cpu_seconds);

/* Tries what a confined process must not be able to do. Returns one bit for each attempt that was *not* refused: 0 means that
   the confinement holds. The attempts are harmless where they succeed. */
uint32_t confinement_escapes(pid_t parent);

/* The name of the attempt behind a bit of `confinement_escapes`, or NULL past the last. */
const char *confinement_escape_name(unsigned bit);

#endif
