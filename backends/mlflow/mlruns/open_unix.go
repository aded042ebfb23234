//go:build unix

package mlruns

import (
	"os"

	"golang.org/x/sys/unix"
)

// readOnly opens neither a link nor, for ever, a pipe that nobody writes.
const readOnly = os.O_RDONLY | unix.O_NOFOLLOW | unix.O_NONBLOCK
