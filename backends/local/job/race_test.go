//go:build race

package job

// The race detector shadows all memory, several times over.
const memoryFactor = 6
