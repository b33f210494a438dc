/* The calls that Swift cannot make by itself: macros, GNU extensions that its module does not show, and fork, which it marks
   unavailable. */
#ifndef CDESCRIPTORS_H
#define CDESCRIPTORS_H

#include <spawn.h>
#include <stddef.h>
#include <sys/types.h>

/* The most descriptors that one message carries. */
#define DESCRIPTORS_AT_MOST 4

/* Sends one message with descriptors attached; the caller keeps its own. Never raises SIGPIPE.
   Returns 0, or the errno of the failure. */
int descriptors_send(int socket, const void *bytes, size_t length, const int *descriptors, size_t count);

/* Receives one message and the descriptors attached to it, which are close-on-exec and belong to the caller.
   `descriptors` has room for DESCRIPTORS_AT_MOST; `*count` is set to how many arrived.
   Returns the length (0 at end of stream) or minus the errno; a message that does not fit is -EMSGSIZE and brings no
   descriptor. */
ssize_t descriptors_receive(int socket, void *bytes, size_t capacity, int *descriptors, size_t *count);

/* fork(2), for a process that has one thread only. */
pid_t descriptors_fork(void);

/* pidfd_open(2): a descriptor that becomes readable when the process ends, or -1 with errno set. */
int descriptors_of_process(pid_t process);

/* pipe2(2) with close-on-exec. Returns 0, or -1 with errno set. */
int descriptors_pipe(int ends[2]);

/* posix_spawn_file_actions_addclosefrom_np(3): the new program has no descriptor from `first` on. Returns 0 or an errno. */
int descriptors_close_from(posix_spawn_file_actions_t *actions, int first);

/* POSIX_SPAWN_SETSID: the new program leads a session of its own. */
short descriptors_spawn_in_own_session(void);

#endif
