// Linux calls of the C library that Swift's Glibc module does not show, because it is built without _GNU_SOURCE.
#ifndef CLINUX_H
#define CLINUX_H

/// renameat2(2): with RENAME_NOREPLACE it fails with EEXIST instead of replacing, with RENAME_EXCHANGE it swaps two names.
extern int renameat2(int oldDirectory, const char *oldName, int newDirectory, const char *newName, unsigned int flags);

/// syncfs(2): every dirty page and the journal of the file system that holds this descriptor are on disk.
extern int syncfs(int descriptor);

enum { CLINUX_RENAME_NOREPLACE = 1, CLINUX_RENAME_EXCHANGE = 2 };

#endif
