/* Keeps a copy of every file as it was at its last fsync or fdatasync, by inode, in $SYNCED. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void keep(int fd) {
    const char *place = getenv("SYNCED");
    struct stat about;
    if (!place || fstat(fd, &about) || !S_ISREG(about.st_mode)) return;
    char name[4096], beside[4200], source[64], block[65536];
    snprintf(name, sizeof name, "%s/%llu", place, (unsigned long long)about.st_ino);
    snprintf(beside, sizeof beside, "%s.%d", name, (int)gettid());
    /* Closing a second descriptor of a database would drop sqlite's locks: its own is read. */
    int reads = (fcntl(fd, F_GETFL) & O_ACCMODE) != O_WRONLY, from = fd;
    if (!reads) {
        snprintf(source, sizeof source, "/proc/self/fd/%d", fd);
        if ((from = open(source, O_RDONLY | O_CLOEXEC)) < 0) return;
    }
    int to = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    ssize_t got;
    for (off_t at = 0; to >= 0 && (got = pread(from, block, sizeof block, at)) > 0; at += got)
        if (write(to, block, got) != got) break;
    if (to >= 0) close(to), rename(beside, name);
    if (!reads) close(from);
}

int fsync(int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync"), failed = real(fd);
    if (!failed) keep(fd);
    return failed;
}

int fdatasync(int fd) {
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync"), failed = real(fd);
    if (!failed) keep(fd);
    return failed;
}
