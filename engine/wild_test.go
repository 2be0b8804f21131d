package engine

import (
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
)

// wildEnv has the worker misbehave: see beWild.
const wildEnv = "MUSTER_ENGINE_TEST_WILD"

// wild is the environment of a worker that misbehaves.
func wild(words string) []string { return []string{wildEnv + "=" + words} }

// beWild does what the words say, in their order, says "up" and stays.
func beWild(words []string) int {
	c := Self()
	for _, word := range words {
		var err error
		switch word {
		case "leaves-its-group": // for that of the primary
			var group int
			if group, err = syscall.Getpgid(os.Getppid()); err == nil {
				err = syscall.Setpgid(0, group)
			}
		case "deaf":
			signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
		case "starts-one", "starts-one-outside":
			cmd := exec.Command("/bin/sleep", "600") // as deaf as this process
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: word == "starts-one-outside"}
			if err = cmd.Start(); err == nil {
				fmt.Println("helper", cmd.Process.Pid)
			}
		case "announces":
			c.departure.announce()
		case "hangs-up": // and lives on
			c.departure.mu.Lock()
			c.departure.exit = func(int) {}
			c.departure.mu.Unlock()
			err = syscall.Shutdown(channelFD, syscall.SHUT_RDWR)
		case "listens":
			_, err = Listen("tcp", os.Getenv(envAddr))
		case "stands-still":
			fmt.Println("up")
			err = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		default:
			err = fmt.Errorf("it is no such word")
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "engine.test: %s: %v\n", word, err)
			return 1
		}
	}
	fmt.Println("up")
	select {}
}
