//go:build !linux

package engine

// The tests of these workers need Linux.
const (
	speaksEnv = "MUSTER_ENGINE_TEST_SPEAKS"
	fullEnv   = "MUSTER_ENGINE_TEST_FULL"
)

func speakingWorker() int { return 2 }

func fullWorker() int { return 2 }
