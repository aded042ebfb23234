//go:build !race

package job

const memoryFactor = 1
