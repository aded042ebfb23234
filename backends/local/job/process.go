package job

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"

	"golang.org/x/sys/unix"
)

// slim makes a long-lived process small: it works little, so collecting often
// costs nothing.
func slim(procs int, limit int64) {
	runtime.GOMAXPROCS(procs)
	debug.SetGCPercent(20)
	debug.SetMemoryLimit(limit)
	debug.FreeOSMemory()
}

// shed closes what was inherited by accident: a lock or a pipe of the starter's
// shell would be held for the job's life. What this process opened itself is
// close-on-exec, so what is not has come through one.
func shed() {
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return
	}
	for _, e := range fds {
		fd, err := strconv.Atoi(e.Name())
		if err != nil || fd <= 2 {
			continue
		}
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			unix.Close(fd)
		}
	}
}

// listen opens the endpoint's socket on loopback; port 0 is a random one.
func listen(port int) (fd, bound int, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err == nil {
		_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
		err = unix.Bind(fd, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}})
	}
	if err == nil {
		err = unix.Listen(fd, 512)
	}
	if err == nil {
		var sa unix.Sockaddr
		if sa, err = unix.Getsockname(fd); err == nil {
			return fd, sa.(*unix.SockaddrInet4).Port, nil
		}
	}
	if fd >= 0 {
		unix.Close(fd)
	}
	return -1, 0, fmt.Errorf("listen on 127.0.0.1:%d: %w", port, err)
}

// gone reports that the job's folder has been removed.
func gone(dir string) bool {
	_, err := os.Stat(dir)
	return errors.Is(err, os.ErrNotExist)
}
