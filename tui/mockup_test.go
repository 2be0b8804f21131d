package tui

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestMockUps: the lines of the mock-ups that do not hang on the scene's random
// history or on what comes later are drawn to the cell, in their order. Unlike
// the golden frames these files are never written by a test.
func TestMockUps(t *testing.T) {
	all := pictures()
	files, err := filepath.Glob(filepath.Join("testdata", "mockups", "*.txt"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no mock-ups: %v", err)
	}
	for _, file := range files {
		if strings.Contains(file, "kill") && runtime.GOOS != "linux" {
			continue // the numbers of the signals are others there
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		frame := strings.Split(plain(render(all[strings.TrimSuffix(filepath.Base(file), ".txt")]())), "\n")
		y := 0
		for line := range strings.Lines(string(want)) {
			line = strings.TrimRight(line, "\n")
			for y < len(frame) && strings.TrimRight(frame[y], " ") != line {
				y++
			}
			if y == len(frame) {
				t.Errorf("%s: not drawn, or not in its place:\n%s", file, line)
				break
			}
			y++
		}
	}
}
