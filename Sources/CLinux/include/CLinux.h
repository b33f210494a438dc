// Linux calls of the C library that Swift's Glibc module does not show, because it is built without _GNU_SOURCE.
#ifndef CLINUX_H
#define CLINUX_H

/// renameat2(2): with RENAME_NOREPLACE it fails with EEXIST instead of replacing, with RENAME_EXCHANGE it swaps two names.
extern int renameat2(int oldDirectory, const char *oldName, int newDirectory, const char *newName, unsigned int flags);

/// syncfs(2): every dirty page and the journal of the file system that holds this descriptor are on disk.
extern int syncfs(int descriptor);

/// sync_file_range(2) with SYNC_FILE_RANGE_WRITE: starts writing dirty pages to the disk and does not wait. No durability.
extern int sync_file_range(int descriptor, long offset, long count, unsigned int flags);
enum { CLINUX_SYNC_FILE_RANGE_WRITE = 2 };

enum { CLINUX_RENAME_NOREPLACE = 1, CLINUX_RENAME_EXCHANGE = 2 };

#endif
