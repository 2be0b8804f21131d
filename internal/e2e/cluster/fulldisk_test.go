//go:build linux

package cluster

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"muster/internal/e2e/kit"
)

// An output that cannot be written ended the cluster at once in --plain, and in no
// other form: it is said once, the cluster serves on, and the exit code is 1 at
// the end. A stderr that is full too changes nothing but what is said.
func TestAFullDiskEndedThePlainCluster(t *testing.T) {
	for _, tc := range []struct {
		form string
		says string // nothing if stderr is full too
	}{
		{"--plain", "2 events missed"}, {"--headless", "events missed"}, {"--json", "events missed"},
		{"--plain", ""}, {"--json", ""},
	} {
		name := tc.form
		if tc.says == "" {
			name += " and stderr"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
			if err != nil {
				t.Skip(err)
			}
			defer full.Close()
			path := filepath.Join(t.TempDir(), "s")
			var said bytes.Buffer
			cmd := exec.Command(muster, tc.form, "--addr", "unix:"+path, "--workers", "1")
			cmd.Stdout, cmd.Stderr = full, &said
			if tc.says == "" {
				cmd.Stderr = full
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }() // ends with the process
			t.Cleanup(func() { _ = cmd.Process.Kill() })
			deadline := time.Now().Add(kit.Patience)
			for !answers(path) {
				select {
				case err := <-ended:
					t.Fatalf("it ended with %v, and said %q", err, said.String())
				case <-time.After(20 * time.Millisecond):
				}
				if time.Now().After(deadline) {
					t.Fatal("it never answered")
				}
			}
			if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
			select {
			case <-ended:
			case <-time.After(kit.Patience):
				t.Fatal("it does not end")
			}
			if code := cmd.ProcessState.ExitCode(); code != 1 {
				t.Errorf("exit code %d, want 1", code)
			}
			lines := strings.Split(strings.TrimSpace(said.String()), "\n")
			if tc.says != "" && (len(lines) != 2 || !strings.Contains(lines[0], "no space left") || !strings.Contains(lines[1], tc.says)) {
				t.Errorf("stderr is %q", lines)
			}
		})
	}
}

// answers tells whether a request to a unix socket is answered.
func answers(path string) bool {
	c, err := net.DialTimeout("unix", path, time.Second)
	if err != nil {
		return false
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(kit.Patience)) // fails only if closed
	if _, err := c.Write([]byte("GET / HTTP/1.0\r\n\r\n")); err != nil {
		return false
	}
	var b [64]byte
	n, _ := c.Read(b[:])
	return bytes.Contains(b[:n], []byte(" 200 "))
}
