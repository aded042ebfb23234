//go:build !unix

package mlruns

import "os"

const readOnly = os.O_RDONLY
